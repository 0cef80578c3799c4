"""Days as people at work mean them, in the time zone of the site."""

from __future__ import annotations

import datetime
from typing import Final

from django.utils import timezone

END: Final = datetime.time(23, 59)  # of a task that is due on a day, and at no time of it
MORNING: Final = datetime.time(9)
WEEK: Final = 7


def at(day: datetime.date, time: datetime.time | None = None) -> datetime.datetime:
    """Return a time of a day; its end where none is given."""
    return timezone.make_aware(datetime.datetime.combine(day, time or END))


def midnight(day: datetime.date) -> datetime.datetime:
    """Return the moment at which a day begins."""
    return at(day, datetime.time())


def months_ago(day: datetime.date, months: int) -> datetime.date:
    """Return the first day of the month so many months before a day's, or the last day that there is."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return datetime.date(years, month + 1, 1) if years <= datetime.MAXYEAR else datetime.date.max


def day_after(day: datetime.date) -> datetime.date:
    """Return the next day; after the last day that there is, that day."""
    return day if day == datetime.date.max else day + datetime.timedelta(days=1)


def begin(days: int = 0) -> datetime.datetime:
    """Return the moment at which today begins, or the day so many days from now."""
    return midnight(timezone.localdate() + datetime.timedelta(days=days))


def tomorrow(due: datetime.datetime | None) -> datetime.datetime:
    """Return tomorrow, at the time of day at which something is due."""
    return at(timezone.localdate() + datetime.timedelta(days=1), time_of(due))


def next_week(due: datetime.datetime | None) -> datetime.datetime:
    """Return the next Monday, at the time of day at which something is due."""
    today = timezone.localdate()
    return at(today + datetime.timedelta(days=WEEK - today.weekday()), time_of(due))


def time_of(moment: datetime.datetime | None) -> datetime.time | None:
    """Return the time of day of a moment."""
    return timezone.localtime(moment).time() if moment is not None else None
