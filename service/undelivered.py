"""Replies that do not reach their customer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.tasks.actions import give_task
from service.models import TicketMessage

if TYPE_CHECKING:
    from uuid import UUID

logger = logging.getLogger(__name__)
Delivery = TicketMessage.Delivery


@transaction.atomic
def note_undelivered(*, reply: UUID, reason: str) -> TicketMessage:
    """Note that a reply did not arrive, and why; the first time, whoever has the ticket, or wrote it, gets a task."""
    rows = TicketMessage.objects.select_for_update(of=("self",)).select_related("ticket__assignee", "author")
    found: TicketMessage = rows.get(pk=reply)
    is_new = found.delivery != Delivery.FAILED
    found.delivery, found.delivery_error = Delivery.FAILED, reason[:500]
    found.save()
    if is_new:
        logger.warning("The reply %s did not arrive: %s", found.pk, reason)
        ticket = found.ticket
        title = (_("A reply on %s did not arrive"), ticket.number)
        give_task(to=ticket.assignee or found.author, title=title, reason=reason, about=ticket)
    return found
