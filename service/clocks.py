"""Business time: how much of it lies between two instants, and when so much of it is used up.

It is business time while the wall clock of the place reads a time within the hours of its day. So an hour that a
change to summer time skips is no business time, and one that the change back repeats counts twice, as it does for
whoever works it. Pure functions of their arguments: the same facts give the same figures, whenever they are asked.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence
    from datetime import tzinfo

type Minutes = tuple[int, int]  # from and until, in minutes after midnight
type Run = tuple[datetime, datetime | None]  # when a clock ran; None: it runs still

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
TICK: Final = timedelta(microseconds=1)
SECOND: Final = 1_000_000
DAY: Final = timedelta(days=1)
FAR: Final = 30  # years: what is not used up by then never is
NOTHING: Final = timedelta(0)


def ticks(moment: datetime) -> int:
    """Return an instant in whole microseconds, in which nothing is lost to rounding."""
    return (moment - EPOCH) // TICK


def instant(number: int) -> datetime:
    """Return the instant of so many microseconds."""
    return EPOCH + number * TICK


@dataclass(frozen=True)
class Year:
    """The business time of one year (UTC): spans in ticks, and how much had passed at the start of each."""

    starts: list[int]
    ends: list[int]
    before: list[int]
    total: int

    def used(self, moment: int) -> int:
        """Return how much of the year's business time has passed at an instant."""
        place = bisect_right(self.starts, moment) - 1
        if place < 0:
            return 0
        return self.before[place] + min(moment, self.ends[place]) - self.starts[place]

    def reached(self, amount: int) -> int:
        """Return the first instant at which so much of it has passed; there must be as much, and more than none."""
        place = bisect_right(self.before, amount - 1) - 1
        return self.starts[place] + amount - self.before[place]


class Calendar:
    """The hours in which a place works, worked out year by year as they are asked for.

    `week` has the hours of each day from Monday on, `days` those of single days, none being a day off. A day among
    `holidays` is off unless `days` says otherwise.
    """

    def __init__(
        self,
        zone: tzinfo,
        week: Sequence[Sequence[Minutes]],
        *,
        holidays: Container[date] = (),
        days: Mapping[date, Sequence[Minutes]] | None = None,
    ) -> None:
        """Take the time zone and the hours."""
        self.zone = zone
        self.week = week
        self.holidays = holidays
        self.days = days or {}
        self.years: dict[int, Year] = {}
        self.lock = Lock()  # a list of holidays that another thread is just filling has too few of them

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the business time from one instant to another; none where the other is not later."""
        end = max(start, end)
        first, last = start.astimezone(UTC).year, end.astimezone(UTC).year
        passed = sum(self.year(number).total for number in range(first, last))
        return (passed + self.year(last).used(ticks(end)) - self.year(first).used(ticks(start))) * TICK

    def after(self, start: datetime, amount: timedelta) -> datetime | None:
        """Return the first instant by which so much business time has passed since `start`; None for never."""
        if amount <= NOTHING:
            return start
        number = start.astimezone(UTC).year
        wanted = amount // TICK + self.year(number).used(ticks(start))
        for later in range(number, number + FAR):
            year = self.year(later)
            if wanted <= year.total:
                return instant(year.reached(wanted))
            wanted -= year.total
        return None

    def year(self, number: int) -> Year:
        """Return the business time of a year."""
        with self.lock:
            if number not in self.years:
                self.years[number] = self.worked_out(number)
            return self.years[number]

    def worked_out(self, number: int) -> Year:
        """Work out the business time of a year, span by span."""
        spans = [span for start, end, offset in steady(self.zone, number) for span in self.spans(start, end, offset)]
        lengths = [end - start for start, end in spans]
        before = [0, *itertools.accumulate(lengths)]
        return Year([start for start, _end in spans], [end for _start, end in spans], before[:-1], before[-1])

    def spans(self, start: datetime, end: datetime, offset: timedelta) -> Iterator[tuple[int, int]]:
        """Yield the business time of a stretch in which the wall clock is `offset` ahead of UTC all the time."""
        day = (start + offset).date()
        while (midnight := datetime(day.year, day.month, day.day, tzinfo=UTC) - offset) < end:
            for opens, closes in self.hours(day):
                opened = max(midnight + timedelta(minutes=opens), start)
                closed = min(midnight + timedelta(minutes=closes), end)
                if opened < closed:
                    yield ticks(opened), ticks(closed)
            day += DAY

    def hours(self, day: date) -> Sequence[Minutes]:
        """Return the hours of a day."""
        if day in self.days:
            return self.days[day]
        return () if day in self.holidays else self.week[day.weekday()]


def steady(zone: tzinfo, number: int) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Yield the stretches of a year (UTC) in which the wall clock is not changed, with its distance from UTC."""
    end = datetime(number + 1, 1, 1, tzinfo=UTC)
    start = moment = datetime(number, 1, 1, tzinfo=UTC)
    while moment < end:
        later = min(moment + DAY, end)
        if offset_at(zone, moment) != offset_at(zone, later):
            change = first_after(zone, moment, later)
            yield start, change, offset_at(zone, moment)
            start = change
        moment = later
    yield start, end, offset_at(zone, start)


def offset_at(zone: tzinfo, moment: datetime) -> timedelta:
    """Return how far the wall clock is ahead of UTC."""
    return cast("timedelta", moment.astimezone(zone).utcoffset())  # a moment in a zone has one


def first_after(zone: tzinfo, moment: datetime, later: datetime) -> datetime:
    """Return the second at which the wall clock is changed between two instants."""
    low, high = 0, int((later - moment).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(zone, moment + timedelta(seconds=middle)) == offset_at(zone, moment):
            low = middle
        else:
            high = middle
    return moment + timedelta(seconds=high)


@dataclass(frozen=True)
class Reading:
    """What a clock says: when it is due, None while it is paused; business time that is left; when it was broken."""

    due_at: datetime | None
    left: timedelta
    breached_at: datetime | None = None


def read(
    runs: Sequence[Run],
    target: timedelta,
    calendar: Calendar,
    *,
    now: datetime,
    stopped_at: datetime | None = None,
) -> Reading:
    """Read a clock that ran in these stretches, in order, and promised so much business time at most.

    A clock that is stopped would have been due as much later as there was left. One that used up exactly what there
    was kept its promise.
    """
    left = target
    for began, ended in runs:
        reached = calendar.after(began, left)
        if reached is not None and ended is None:
            return Reading(reached, calendar.between(now, reached), reached if reached < now else None)
        if ended is not None:
            if reached is not None and reached < ended:
                return Reading(reached, NOTHING, reached)
            left -= calendar.between(began, ended)
    return Reading(calendar.after(stopped_at, left) if stopped_at else None, left)
