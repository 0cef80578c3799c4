"""What measures a ticket: how it stands since when, what is promised, and what its clocks say."""

from __future__ import annotations

import datetime
from typing import Any, Final

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from service.clocks import Reading, Run, read
from service.models.policies import CLOCKS, SLAPolicy

SAID: Final = ("target", "due_at", "left", "breached_at", "minutes")
KEPT: Final = tuple(f"{clock}_{name}" for clock in CLOCKS for name in SAID)
MOST_SECONDS: Final = 2**31 - 1  # what the database keeps: 68 years
MINUTE: Final = datetime.timedelta(minutes=1)
DECIDING: Final = ("priority", "policy_id", "status", "first_replied_at", "opened_at")


class Status(models.TextChoices):
    """How a ticket stands."""

    NEW = "new", _("new")
    OPEN = "open", _("in progress")
    PENDING = "pending", _("waiting for the customer")
    ON_HOLD = "on_hold", _("on hold")
    RESOLVED = "resolved", _("resolved")
    CLOSED = "closed", _("closed")


ACTIVE: Final = (Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD)
DONE: Final = (Status.RESOLVED, Status.CLOSED)


class Measured(models.Model):
    """Something with a priority and periods that is to be answered and resolved within targets."""

    priority: Any
    periods: Any
    # How it stood when, where whoever sets the clocks of many has read it for all of them.
    read_stretches: list[tuple[str, datetime.datetime, datetime.datetime | None]] | None = None

    status = models.CharField(
        _("status"),
        max_length=10,
        choices=Status,
        default=Status.NEW,
        editable=False,
        help_text=_("How it stands; replies and `change_status` change it."),
    )
    status_since = models.DateTimeField(
        _("so since"), default=timezone.now, editable=False, help_text=_("Since when it stands so.")
    )
    opened_at = models.DateTimeField(
        _("opened at"),
        default=timezone.now,
        editable=False,
        help_text=_("When the customer asked: clocks run from it."),
    )
    first_replied_at = models.DateTimeField(
        _("first answered at"), null=True, blank=True, editable=False, help_text=_("When the first reply was written.")
    )
    resolved_at = models.DateTimeField(
        _("resolved at"), null=True, blank=True, editable=False, help_text=_("When it was resolved last.")
    )
    policy = models.ForeignKey(
        SLAPolicy,
        verbose_name=_("SLA policy"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="tickets",
        help_text=_("What is promised; the queue's, unless said otherwise."),
    )
    first_response_target = models.PositiveIntegerField(
        _("first response, promised"), null=True, blank=True, editable=False, help_text=_("Minutes of business time.")
    )
    first_response_due_at = models.DateTimeField(
        _("first response due"), null=True, blank=True, editable=False, help_text=_("By when; none while it is paused.")
    )
    first_response_left = models.PositiveIntegerField(
        _("first response, left"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Seconds left while it is paused."),
    )
    first_response_minutes = models.PositiveIntegerField(
        _("first response, took"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Minutes of business time until the first reply; none before it, or without a policy."),
    )
    first_response_breached_at = models.DateTimeField(
        _("first response missed"), null=True, blank=True, editable=False, help_text=_("Since when it is too late.")
    )
    resolution_target = models.PositiveIntegerField(
        _("resolution, promised"), null=True, blank=True, editable=False, help_text=_("Minutes of business time.")
    )
    resolution_due_at = models.DateTimeField(
        _("resolution due"), null=True, blank=True, editable=False, help_text=_("By when; none while it is paused.")
    )
    resolution_left = models.PositiveIntegerField(
        _("resolution, left"), null=True, blank=True, editable=False, help_text=_("Seconds left while it is paused.")
    )
    resolution_minutes = models.PositiveIntegerField(
        _("resolution, took"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Minutes of business time until it was resolved, without pauses; none before it."),
    )
    resolution_breached_at = models.DateTimeField(
        _("resolution missed"), null=True, blank=True, editable=False, help_text=_("Since when it is too late.")
    )

    class Meta:
        abstract = True

    def deciding(self) -> dict[str, Any]:
        """Return what decides how the clocks stand."""
        return {name: getattr(self, name) for name in DECIDING}

    def set_clocks(self, *, now: datetime.datetime | None = None) -> None:
        """Read both clocks from what is known: when the ticket stood how, and what is promised."""
        now = now or timezone.now()
        for clock in CLOCKS:
            reading, target = None, self.policy.target(clock, self.priority) if self.policy else None
            if self.policy and target:
                reading = self.reading(self.policy, clock, target, now)
            setattr(self, f"{clock}_target", target // MINUTE if target else None)
            setattr(self, f"{clock}_minutes", self.took(clock))
            for name, value in written(reading).items():
                setattr(self, f"{clock}_{name}", value)

    def reading(self, policy: SLAPolicy, clock: str, target: datetime.timedelta, now: datetime.datetime) -> Reading:
        """Return what a clock says."""
        stopped = self.stopped_at(clock)
        runs = self.runs(stopped if clock == "first_response" else None)
        return read(runs, target, policy.hours.calendar(), now=now, stopped_at=stopped)

    def stopped_at(self, clock: str) -> datetime.datetime | None:
        """Return when a clock was stopped: by the first reply, or by the resolution that stands."""
        if clock == "first_response":
            return self.first_replied_at
        return self.resolved_at if self.status in DONE else None

    def took(self, clock: str) -> int | None:
        """Return the whole minutes for which a clock ran in all; None while it runs, or without business hours."""
        stopped = self.stopped_at(clock)
        if stopped is None or self.policy is None:
            return None
        calendar = self.policy.hours.calendar()
        spans = [calendar.between(began, ended or stopped) for began, ended in self.runs(stopped)]
        return sum(spans, datetime.timedelta()) // MINUTE

    def runs(self, until: datetime.datetime | None = None) -> list[Run]:
        """Return the stretches in which clocks ran, up to a moment where one is given."""
        paused = {Status.PENDING, *DONE}
        if self.policy is not None and self.policy.pauses_on_hold:
            paused.add(Status.ON_HOLD)
        found = [(began, ended) for status, began, ended in self.stretches() if status not in paused]
        if until is None:
            return found
        return [(began, min(ended or until, until)) for began, ended in found if began < until]

    def stretches(self) -> list[tuple[str, datetime.datetime, datetime.datetime | None]]:
        """Return how the ticket stood from when to when, also as it is about to be written."""
        known: list[Any] = [] if self._state.adding else self.known_stretches()
        if not known:
            return [(self.status, self.opened_at, None)]
        status, began, ended = known[-1]
        if status != self.status and ended is None:
            known[-1:] = [(status, began, max(began, self.status_since)), (self.status, self.status_since, None)]
        return known

    def known_stretches(self) -> list[tuple[str, datetime.datetime, datetime.datetime | None]]:
        """Return how the ticket stood from when to when, as far as it is written."""
        if self.read_stretches is not None:
            return [*self.read_stretches]
        rows = sorted(self.periods.all(), key=lambda one: (one.began_at, one.pk))
        return [(one.status, one.began_at, one.ended_at) for one in rows]


def written(reading: Reading | None) -> dict[str, Any]:
    """Return what the ticket keeps of a reading."""
    if reading is None:
        return {"due_at": None, "left": None, "breached_at": None}
    left = min(max(0, int(reading.left.total_seconds())), MOST_SECONDS) if reading.due_at is None else None
    return {"due_at": reading.due_at, "left": left, "breached_at": reading.breached_at}
