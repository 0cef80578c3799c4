"""The link by which a customer reaches their ticket without an account: signed, so that nobody can make one up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, SignatureExpired
from django.urls import reverse

from crm import signing
from crm.models import Attachment
from customers.preferences import holder_of
from service.models import Ticket, TicketMessage

if TYPE_CHECKING:
    from django.db.models import QuerySet

SALT: Final = "service.links"
FILES: Final = "service.links.files"
FIRST: Final = 1  # version of the links of a customer that were given out before they named it


class LinkUnknown(Exception):
    """The link was never given out, or leads to nobody any more."""


class LinkExpired(Exception):
    """The link was given out too long ago."""


def link_for(ticket: Ticket) -> str:
    """Return the address of the page of a ticket; it holds ids of the ticket and its customer, and nothing else."""
    token = signing.dumps([ticket.pk.hex, ticket.customer_id.hex, ticket.customer.preferences_version], salt=SALT)
    return f"{settings.BASE_URL}{reverse('ticket-page', args=(token,))}"


def survey_link_for(ticket: Ticket) -> str:
    """Return the address of the page on which the customer judges a ticket; it works as long as that of the ticket."""
    return f"{link_for(ticket)}survey"


def ticket_of(token: str) -> Ticket:
    """Return the ticket whose link this is, or the one it was merged into; raise LinkUnknown or LinkExpired.

    A link is one customer's: it ends when they are erased or their links are revoked, or when the ticket becomes
    somebody else's.
    """
    days = settings.TICKET_LINK_DAYS
    try:
        key, customer, *more = signing.loads(token, salt=SALT, max_age=timedelta(days=days) if days else None)
    except SignatureExpired as error:
        raise LinkExpired from error
    except BadSignature as error:
        raise LinkUnknown from error
    ticket = known(UUID(key))
    while ticket.merged_into_id is not None:
        ticket = known(ticket.merged_into_id)
    holder = holder_of(UUID(customer), more[0] if more else FIRST)
    if holder is None or ticket.customer_id != holder.pk:
        raise LinkUnknown
    return ticket


def known(key: UUID) -> Ticket:
    """Return a ticket of a customer who was not erased; raise LinkUnknown where there is none."""
    found: Any = Ticket.objects.filter(pk=key, customer__erased_at__isnull=True).select_related("customer", "queue")
    ticket: Ticket | None = found.first()
    if ticket is None:
        raise LinkUnknown
    return ticket


def public_messages(ticket: Ticket) -> QuerySet[TicketMessage]:
    """Return what the customer may read of a ticket: never a note."""
    found: QuerySet[TicketMessage] = TicketMessage.objects.filter(ticket=ticket).exclude(kind=TicketMessage.Kind.NOTE)
    return found


def files_of(ticket: Ticket) -> QuerySet[Attachment]:
    """Return the files of the messages that the customer may read."""
    keys = public_messages(ticket).values("pk")
    found: QuerySet[Attachment] = Attachment.objects.filter(about_type=TicketMessage.label(), about_id__in=keys)
    return found


def file_token(attachment: Attachment) -> str:
    """Return what opens a file on the page of its ticket, for ATTACHMENT_LINK_SECONDS."""
    return signing.dumps(attachment.pk.hex, salt=FILES)


def file_of(ticket: Ticket, token: str) -> Attachment:
    """Return the file that a token opens; raise LinkUnknown where it opens none on this ticket, or no longer."""
    try:
        age = timedelta(seconds=settings.ATTACHMENT_LINK_SECONDS)
        return files_of(ticket).get(pk=UUID(signing.loads(token, salt=FILES, max_age=age)))
    except (BadSignature, Attachment.DoesNotExist) as error:
        raise LinkUnknown from error
