from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.clocks import Calendar, read

MINUTE = timedelta(minutes=1)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Africa/Cairo", "Australia/Lord_Howe"]
# Around changes to and from summer time in these places, a leap day, New Year, and days without anything.
STARTS = [
    datetime(2026, 3, 28, 22, 0, tzinfo=UTC),
    datetime(2026, 10, 24, 21, 30, tzinfo=UTC),
    datetime(2026, 3, 7, 20, 0, tzinfo=UTC),
    datetime(2026, 11, 1, 3, 15, tzinfo=UTC),
    datetime(2026, 4, 4, 13, 0, tzinfo=UTC),
    datetime(2026, 4, 23, 20, 0, tzinfo=UTC),
    datetime(2028, 2, 28, 18, 0, tzinfo=UTC),
    datetime(2026, 12, 31, 12, 0, tzinfo=UTC),
]
OFFICE = [[(9 * 60, 17 * 60)]] * 5 + [[], []]


def is_open(calendar: Calendar, moment: datetime) -> bool:
    local = moment.astimezone(calendar.zone)
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in calendar.hours(local.date()))


def counted(calendar: Calendar, start: datetime, minutes: int) -> int:
    return sum(is_open(calendar, start + number * MINUTE) for number in range(minutes))


@st.composite
def weeks(draw: Any) -> list[list[tuple[int, int]]]:
    """Draw hours of a week, to the quarter of an hour."""
    days = []
    for _day in range(7):
        marks = sorted(draw(st.sets(st.integers(0, 96), max_size=4)))
        days.append([(start * 15, end * 15) for start, end in zip(marks[::2], marks[1::2], strict=False)])
    return days


@given(weeks(), st.sampled_from(ZONES), st.sampled_from(STARTS), st.integers(0, 3000), st.integers(0, 3000))
@settings(max_examples=150, deadline=None)
def test_business_time_is_what_counting_minute_by_minute_finds(
    week: Any, zone: str, start: datetime, delay: int, length: int
) -> None:
    days = {start.date() + timedelta(days=1): [(60, 180)]}
    calendar = Calendar(ZoneInfo(zone), week, holidays={start.date()}, days=days)
    start += delay * MINUTE
    assert calendar.between(start, start + length * MINUTE) == counted(calendar, start, length) * MINUTE


@given(weeks(), st.sampled_from(ZONES), st.sampled_from(STARTS), st.integers(1, 2000))
@settings(max_examples=150, deadline=None)
def test_an_instant_after_so_much_business_time_is_the_first_with_as_much(
    week: Any, zone: str, start: datetime, amount: int
) -> None:
    calendar = Calendar(ZoneInfo(zone), week)
    reached = calendar.after(start, amount * MINUTE)
    if reached is None:
        assert not any(week)
        return
    assert calendar.between(start, reached) == amount * MINUTE
    assert calendar.between(start, reached - timedelta(microseconds=1)) < amount * MINUTE


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
@settings(deadline=None)
def test_parts_of_a_time_add_up_to_the_microsecond(first: int, second: int, third: int) -> None:
    calendar = Calendar(ZoneInfo("Europe/Berlin"), OFFICE)
    marks = [STARTS[0] + timedelta(microseconds=one * 997) for one in sorted((first, second, third))]
    whole = calendar.between(marks[0], marks[2])
    assert calendar.between(marks[0], marks[1]) + calendar.between(marks[1], marks[2]) == whole


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_a_day_round_the_clock_has_as_many_hours_as_the_sun_gives_it(day: date, hours: int) -> None:
    calendar = Calendar(ZoneInfo("Europe/Berlin"), [[(0, 24 * 60)]] * 7)
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/Berlin"))
    end = datetime(day.year, day.month, day.day + 1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert calendar.between(start.astimezone(UTC), end.astimezone(UTC)) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("hours", "march", "october"),
    [((120, 150), 0, 60), ((90, 120), 30, 30), ((150, 180), 0, 60), ((180, 181), 1, 1), ((119, 181), 2, 122)],
)
def test_hours_are_skipped_and_repeated_to_the_very_second(hours: Any, march: int, october: int) -> None:
    calendar = Calendar(ZoneInfo("Europe/Berlin"), [[hours]] * 7)
    for start, minutes in ((datetime(2026, 3, 28, 23, tzinfo=UTC), march), (STARTS[1] + MINUTE * 30, october)):
        assert calendar.between(start, start + timedelta(hours=23)) == minutes * MINUTE


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        (datetime(2026, 12, 31, 16, tzinfo=UTC), datetime(2027, 1, 1, 8, tzinfo=UTC), 1),
        (datetime(2026, 12, 31, 16, tzinfo=UTC), datetime(2027, 1, 1, 10, tzinfo=UTC), 2),
        (datetime(2026, 12, 31, 18, tzinfo=UTC), datetime(2027, 1, 1, 8, tzinfo=UTC), 0),
        (datetime(2025, 12, 31, 9, tzinfo=UTC), datetime(2027, 1, 4, 9, tzinfo=UTC), 8 * (1 + 261 + 1)),
        (datetime(2026, 1, 31, 9, tzinfo=UTC), datetime(2026, 2, 2, 9, tzinfo=UTC), 0),
        (datetime(2026, 6, 1, 10, tzinfo=UTC), datetime(2026, 6, 1, 9, tzinfo=UTC), 0),
    ],
)
def test_business_time_of_years_is_added_up(start: datetime, end: datetime, hours: int) -> None:
    assert Calendar(ZoneInfo("UTC"), OFFICE).between(start, end) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("start", "amount", "reached"),
    [
        (datetime(2026, 12, 31, 16, tzinfo=UTC), timedelta(hours=1), datetime(2026, 12, 31, 17, tzinfo=UTC)),
        (datetime(2026, 12, 31, 16, tzinfo=UTC), timedelta(hours=2), datetime(2027, 1, 1, 10, tzinfo=UTC)),
        (datetime(2026, 6, 5, 9, tzinfo=UTC), timedelta(hours=8), datetime(2026, 6, 5, 17, tzinfo=UTC)),
        (datetime(2026, 6, 6, 12, tzinfo=UTC), timedelta(0), datetime(2026, 6, 6, 12, tzinfo=UTC)),
        (datetime(2026, 6, 6, 12, tzinfo=UTC), timedelta(hours=-1), datetime(2026, 6, 6, 12, tzinfo=UTC)),
    ],
)
def test_time_is_used_up_at_the_end_of_a_day_and_not_at_the_next_ones_start(
    start: datetime, amount: timedelta, reached: datetime
) -> None:
    assert Calendar(ZoneInfo("UTC"), OFFICE).after(start, amount) == reached


def test_a_microsecond_is_used_up_where_the_next_day_begins() -> None:
    calendar, tick = Calendar(ZoneInfo("UTC"), OFFICE), timedelta(microseconds=1)
    friday = datetime(2026, 6, 5, 9, tzinfo=UTC)
    for number in (1, 2, 3):
        assert calendar.after(friday, 8 * 60 * MINUTE + number * tick) == at(8, 9) + number * tick


def test_holidays_are_off_and_own_days_go_before_them() -> None:
    known = holidays.country_holidays("DE", subdiv="BY")
    calendar = Calendar(ZoneInfo("Europe/Berlin"), OFFICE, holidays=known, days={date(2026, 12, 25): [(600, 660)]})
    day = datetime(2026, 12, 24, 16, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    assert calendar.after(day, timedelta(hours=2)) == datetime(2026, 12, 25, 10, 0, tzinfo=UTC)
    assert calendar.after(day, timedelta(hours=3)) == datetime(2026, 12, 28, 9, 0, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 6, day, hour, minute, tzinfo=UTC)


def test_a_clock_stands_still_between_runs() -> None:
    calendar = Calendar(ZoneInfo("UTC"), OFFICE)
    runs = [(at(1, 9), at(1, 11)), (at(2, 15), None)]
    reading = read(runs, timedelta(hours=4), calendar, now=at(2, 16))
    assert (reading.due_at, reading.left, reading.breached_at) == (at(2, 17), timedelta(hours=1), None)


def test_a_clock_that_is_paused_is_due_at_no_time() -> None:
    calendar = Calendar(ZoneInfo("UTC"), OFFICE)
    reading = read([(at(1, 9), at(1, 11))], timedelta(hours=4), calendar, now=at(9, 16))
    assert (reading.due_at, reading.left, reading.breached_at) == (None, timedelta(hours=2), None)


def test_a_target_that_is_used_up_exactly_is_met() -> None:
    calendar = Calendar(ZoneInfo("UTC"), OFFICE)
    runs = [(at(1, 9), at(1, 11))]
    exact = read(runs, timedelta(hours=2), calendar, now=at(1, 12), stopped_at=at(1, 11))
    over = read(runs, timedelta(hours=2) - timedelta(microseconds=1), calendar, now=at(1, 12), stopped_at=at(1, 11))
    assert (exact.due_at, exact.breached_at) == (at(1, 11), None)
    assert over.breached_at == at(1, 11) - timedelta(microseconds=1)


@pytest.mark.parametrize(("ticks", "left", "late"), [(-1, 1, None), (0, 0, None), (1, 0, at(1, 11))])
def test_a_running_clock_is_broken_after_its_end_and_not_at_it(ticks: int, left: int, late: Any) -> None:
    tick = timedelta(microseconds=1)
    reading = read(
        [(at(1, 9), None)], timedelta(hours=2), Calendar(ZoneInfo("UTC"), OFFICE), now=at(1, 11) + ticks * tick
    )
    assert (reading.due_at, reading.left) == (at(1, 11), left * tick)
    assert reading.breached_at == late


@pytest.mark.parametrize("runs", [[(at(1, 9), None)], [(at(1, 9), at(2, 9))], [(at(1, 9), at(2, 9)), (at(3, 9), None)]])
def test_where_nobody_ever_works_nothing_is_due(runs: Any) -> None:
    calendar = Calendar(ZoneInfo("UTC"), [[]] * 7)
    reading = read(runs, timedelta(hours=2), calendar, now=at(9, 9), stopped_at=at(8, 9))
    assert (reading.due_at, reading.left, reading.breached_at) == (None, timedelta(hours=2), None)


def test_waiting_for_the_customer_before_the_end_breaks_no_promise() -> None:
    calendar = Calendar(ZoneInfo("UTC"), OFFICE)
    reading = read([(at(1, 9), at(1, 11))], timedelta(hours=4), calendar, now=at(9, 9), stopped_at=at(8, 9))
    assert (reading.due_at, reading.breached_at) == (at(8, 11), None)


@given(st.lists(st.integers(1, 600), min_size=1, max_size=9), st.integers(1, 1500))
@settings(deadline=None)
def test_a_reading_is_what_counting_the_minutes_that_ran_finds(lengths: list[int], target: int) -> None:
    calendar, start = Calendar(ZoneInfo("Europe/Berlin"), OFFICE), at(1, 5)
    runs, used, moment, late = [], 0, start, None
    for number, length in enumerate(lengths):
        for minute in range(length) if number % 2 == 0 else ():
            late = late or (moment + minute * MINUTE if used == target else None)
            used += is_open(calendar, moment + minute * MINUTE)
        runs += [(moment, moment + length * MINUTE)] if number % 2 == 0 else []
        moment += length * MINUTE
    reading = read(runs, target * MINUTE, calendar, now=moment)
    assert reading.breached_at == late
    assert reading.left == (timedelta(0) if late else (target - used) * MINUTE)
