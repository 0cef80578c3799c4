"""When a team works, in hours of its own place."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Self
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import Record
from customers.models.customers import country_code, known_time_zone
from service.clocks import Calendar

if TYPE_CHECKING:
    from collections.abc import Container

    from service.clocks import Minutes

SPAN: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]\d|2[0-4]):([0-5]\d)")
DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MIDNIGHT: Final = 24 * 60
OFFICE: Final = "09:00-17:00"


def read_hours(text: str) -> list[Minutes]:
    """Read hours such as `09:00-12:00, 13:00-17:00`; raise ValidationError where they are not in order."""
    found: list[Minutes] = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        match = SPAN.fullmatch(part)
        if match is None:
            raise ValidationError(_("Use hours such as 09:00-12:00, 13:00-17:00."), code="unreadable_hours")
        start, start_minute, end, end_minute = map(int, match.groups())
        span = (start * 60 + start_minute, end * 60 + end_minute)
        if not (found[-1][1] if found else 0) <= span[0] < span[1] <= MIDNIGHT:
            raise ValidationError(_("Hours follow one another within the day."), code="unreadable_hours")
        found.append(span)
    return found


def read_days(text: str) -> dict[date, list[Minutes]]:
    """Read days of their own, one a line: a date, and its hours; none for a day off. Raise ValidationError."""
    found: dict[date, list[Minutes]] = {}
    for line in filter(None, (one.strip() for one in text.splitlines())):
        day, _space, hours = line.partition(" ")
        try:
            found[date.fromisoformat(day)] = read_hours(hours)
        except ValueError as error:
            refusal = _("Begin each line with a date, such as 2026-12-24.")
            raise ValidationError(refusal, code="unreadable_hours") from error
    return found


def check_hours(text: str) -> None:
    """Raise ValidationError for hours that cannot be read."""
    read_hours(text)


def check_days(text: str) -> None:
    """Raise ValidationError for days that cannot be read."""
    read_days(text)


def known_holidays(country: str, subdivision: str) -> Container[date]:
    """Return the public holidays of a country, or of a part of it; none without a country. Raise ValidationError."""
    if not country:
        return ()
    import holidays

    try:
        return holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError as error:
        raise ValidationError(
            {"subdivision" if subdivision else "country": _("The holidays of this place are not known.")}
        ) from error


def day_field(name: Any, default: str) -> Any:
    """Return the field of a day of the week."""
    return models.CharField(
        name,
        max_length=100,
        blank=True,
        default=default,
        validators=[check_hours],
        help_text=_("Hours such as 09:00-12:00, 13:00-17:00; empty: closed."),
    )


class BusinessHours(Record):
    """The hours of a week in which a team works, and the days on which it does not."""

    name = models.CharField(_("name"), max_length=100, help_text=_("What people call them."))
    time_zone = models.CharField(
        _("time zone"),
        max_length=50,
        default="UTC",
        validators=[known_time_zone],
        help_text=_("IANA time zone in which the hours are meant, such as Asia/Shanghai."),
    )
    monday = day_field(_("Monday"), OFFICE)
    tuesday = day_field(_("Tuesday"), OFFICE)
    wednesday = day_field(_("Wednesday"), OFFICE)
    thursday = day_field(_("Thursday"), OFFICE)
    friday = day_field(_("Friday"), OFFICE)
    saturday = day_field(_("Saturday"), "")
    sunday = day_field(_("Sunday"), "")
    country = models.CharField(
        _("holidays of"),
        max_length=2,
        blank=True,
        validators=[country_code],
        help_text=_("Country whose public holidays are days off (ISO 3166-1); empty: none."),
    )
    subdivision = models.CharField(
        _("part of the country"),
        max_length=10,
        blank=True,
        help_text=_("State or province, where it has holidays of its own (ISO 3166-2 without the country)."),
    )
    days = models.TextField(
        _("own days"),
        max_length=10_000,
        blank=True,
        validators=[check_days],
        help_text=_("One a line: a date, then its hours; without hours a day off. They go before holidays."),
    )

    class Meta(Record.Meta):
        verbose_name = _("business hours")
        verbose_name_plural = _("business hours")
        constraints = [
            models.CheckConstraint(
                condition=~Q(**dict.fromkeys(DAYS, "")),
                name="business_hours_some",
                violation_error_message=_("On one day of the week at least there must be hours."),
            ),
            models.CheckConstraint(condition=Q(country__regex=r"^([A-Z]{2})?$"), name="business_hours_country"),
        ]
        indexes = [*Record.Meta.indexes, models.Index(fields=["name", "id"], name="business_hours_name")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a week without hours, and holidays of a place that is not known."""
        if not any(getattr(self, day) for day in DAYS):
            raise ValidationError(_("On one day of the week at least there must be hours."))
        if self.subdivision and not self.country:
            raise ValidationError({"subdivision": _("Name the country too.")})
        known_holidays(self.country, self.subdivision)

    def calendar(self) -> Calendar:
        """Return the hours as clocks take them."""
        return _calendar(
            self.time_zone,
            tuple(getattr(self, day) for day in DAYS),
            self.country,
            self.subdivision,
            self.days,
        )

    @classmethod
    def round_the_clock(cls) -> Self:
        """Return hours that never end, for whoever keeps none."""
        return cls(name="24/7", **dict.fromkeys(DAYS, "00:00-24:00"))


@lru_cache(maxsize=64)
def _calendar(zone: str, week: tuple[str, ...], country: str, subdivision: str, days: str) -> Calendar:
    """Return a calendar, which remembers the years that it has worked out."""
    return Calendar(
        ZoneInfo(zone),
        [read_hours(day) for day in week],
        holidays=known_holidays(country, subdivision),
        days=read_days(days),
    )
