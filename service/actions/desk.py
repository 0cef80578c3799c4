"""What agents do right now on a ticket: look, type, and leave again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from service.models import Draft, Presence, Ticket, TicketMessage
from service.models.desk import LOOKING
from service.models.messages import LONGEST

if TYPE_CHECKING:
    from datetime import datetime

    from crm.models import User


@transaction.atomic
def note_presence(*, ticket: Ticket, by: User, is_replying: bool, now: datetime | None = None) -> list[Any]:
    """Note that a colleague has a ticket open; return the presences of others there, by name.

    What has expired of the ticket and of the colleague goes, so that the table stays as small as the team.
    """
    moment = now or timezone.now()
    Presence.objects.bulk_create(
        [Presence(ticket=ticket, user=by, is_replying=is_replying, seen_at=moment)],
        update_conflicts=True,
        unique_fields=["ticket", "user"],
        update_fields=["is_replying", "seen_at"],
    )
    # Last, and past what others hold: so nobody here ever waits for somebody who waits for them.
    expired = Presence.objects.filter(Q(ticket=ticket) | Q(user=by), seen_at__lte=moment - LOOKING)
    Presence.objects.filter(pk__in=expired.select_for_update(skip_locked=True).values("pk")).delete()
    return others_there(ticket=ticket, by=by, now=moment)


def others_there(*, ticket: Ticket, by: User, now: datetime | None = None) -> list[Any]:
    """Return the presences of other colleagues on a ticket, by name."""
    there = Presence.objects.lately(now=now).filter(ticket=ticket).exclude(user=by).select_related("user")
    return sorted(there, key=lambda one: str(one.user))


def leave_ticket(*, ticket: Ticket, by: User) -> None:
    """Forget that a colleague has a ticket open."""
    Presence.objects.filter(ticket=ticket, user=by).delete()


@transaction.atomic
def save_draft(*, ticket: Ticket, by: User, body: str) -> None:
    """Keep what a colleague has typed, in place of what was kept before.

    Nothing typed is no draft, nor is what they have said on the ticket already: the browser may send that too late, or
    while they say it, which this waits for.
    """
    Ticket.objects.select_for_update(no_key=True).get(pk=ticket.pk)
    text = body.replace("\r\n", "\n").replace("\x00", "")[:LONGEST]
    said = TicketMessage.objects.filter(ticket=ticket, author=by, body=text.strip())
    if not text.strip() or said.exists():
        discard_draft(ticket=ticket, by=by)
        return
    Draft.objects.bulk_create(
        [Draft(ticket=ticket, author=by, body=text, saved_at=timezone.now())],
        update_conflicts=True,
        unique_fields=["ticket", "author"],
        update_fields=["body", "saved_at"],
    )


def discard_draft(*, ticket: Ticket, by: User) -> None:
    """Forget what a colleague has typed."""
    Draft.objects.filter(ticket=ticket, author=by).delete()
