"""Takes e-mails, one at a time: each becomes a ticket, joins one, is set aside, or is kept with the reason why not.

It all happens in one transaction, and an e-mail is known again by its Message-ID: so whoever hands it over, an MTA or
the poller, may do so again after a crash. One that fails MOST_ATTEMPTS times is kept as refused, for people to look at.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import machines
from crm.api.characters import without_control_characters
from crm.attachments.actions import attach
from crm.database.locks import held
from crm.mime import Unreadable
from crm.plus_addresses import without_token
from customers.models import Customer
from service.actions import acknowledge, add_file_note, open_ticket, receive_message
from service.addresses import TICKETS
from service.mail.reading import Mail, ids, read
from service.models import IncomingMail, Queue, Ticket, TicketMessage
from service.models.messages import LONGEST
from service.undelivered import note_undelivered

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)
MOST_ATTEMPTS: Final = 3
HOUR: Final = timedelta(hours=1)
MOST_AN_HOUR: Final = 30  # tickets from one address: more than that is a loop
FEW: Final = 3  # tickets an hour that are acknowledged
TAKE_TURNS: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
State = IncomingMail.State
OURS: Final = Q(kind=TicketMessage.Kind.REPLY)


class Refused(Exception):
    """The e-mail is kept, and becomes no ticket, for the reason given."""


def take(
    raw: bytes, *, recipient: str = "", received_at: datetime | None = None, is_wanted: bool = False
) -> IncomingMail:
    """Take an e-mail and return what became of it; one that was taken before, what became of it then.

    `recipient` is the address of the envelope, where it is known. `is_wanted`: somebody has looked at it, and it counts
    however many come from its sender.
    """
    moment = received_at or timezone.now()
    digest = hashlib.sha256(raw).hexdigest()
    note = IncomingMail(received_at=moment, key=digest, size=len(raw), recipients=recipient[:1000])
    with held("service.mail taking", digest) as is_alone:  # what another is taking has not failed
        attempts = IncomingMail.objects.begin(digest, len(raw), moment) if is_alone and not is_wanted else 0
        return take_or_count(
            note, raw, MOST_ATTEMPTS if is_wanted else attempts, recipient=recipient, is_wanted=is_wanted
        )


def take_or_count(note: IncomingMail, raw: bytes, attempts: int, *, recipient: str, is_wanted: bool) -> IncomingMail:
    """Take an e-mail; one that fails for the last time is kept with the reason, before that the error is raised."""
    digest = note.key
    try:
        if attempts > MOST_ATTEMPTS:
            taken = kept(note, raw, _("Processing it was interrupted three times."))
        else:
            taken = take_once(note, raw, recipient=recipient, is_wanted=is_wanted)
    except (InterfaceError, OperationalError):
        raise
    except OSError:  # the disk, or the store of attachments: that is not the e-mail's fault
        IncomingMail.objects.end(digest)
        raise
    except Exception as error:
        if attempts < MOST_ATTEMPTS:
            raise
        logger.exception("An e-mail could not be taken.")
        taken = kept(note, raw, _("It failed three times: %s") % f"{type(error).__name__}: {error}")
    IncomingMail.objects.end(digest)
    return taken


def take_once(note: IncomingMail, raw: bytes, *, recipient: str, is_wanted: bool) -> IncomingMail:
    """Take an e-mail, or keep it with the reason why not."""
    try:
        if len(raw) > settings.MAIL_BYTES:
            raise Unreadable(_("It is larger than MAIL_BYTES."))
        mail = read(raw)
    except Unreadable as error:
        return kept(note, raw[: settings.MAIL_BYTES], str(error))
    mail.recipients = ", ".join(filter(None, [recipient.lower(), mail.recipients]))
    mail.is_wanted = is_wanted
    return take_read(mail, note, raw)


def take_read(mail: Mail, note: IncomingMail, raw: bytes) -> IncomingMail:
    """Take an e-mail that could be read."""
    digest, note.key = note.key, mail.message_id or note.key
    note.sender, note.recipients, note.subject = mail.sender, mail.recipients[:1000], mail.subject
    try:
        with transaction.atomic():
            take_turns(note.key)
            before = IncomingMail.objects.filter(key=note.key).exclude(state=State.REFUSED).first()
            if before is not None:
                return before
            note.state = State.ACCEPTED
            sort(mail, note, raw, note.received_at)
            IncomingMail.objects.filter(key__in=[note.key, digest]).delete()  # it was refused before
            note.save(force_insert=True)
    except (Refused, ValidationError) as error:
        return kept(note, raw, "; ".join(error.messages) if isinstance(error, ValidationError) else str(error))
    return note


@transaction.atomic
def kept(note: IncomingMail, raw: bytes, reason: str) -> IncomingMail:
    """Keep an e-mail that was refused, with the reason."""
    take_turns(note.key)
    logger.warning("An e-mail was refused: %s", reason)
    before = IncomingMail.objects.filter(key=note.key).first()
    if before is not None and before.state != State.REFUSED:
        return before
    note.state, note.raw, note.reason = State.REFUSED, raw, without_control_characters(reason)[:500]
    note.ticket = note.customer = None
    note.pk = before.pk if before else note.pk
    note.save(force_insert=before is None, force_update=before is not None)
    return note


def take_turns(*words: str) -> None:
    """Wait until no other transaction works on the same e-mail or address."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE_TURNS, ["service.mail\n" + "\n".join(words)])


def sort(mail: Mail, note: IncomingMail, raw: bytes, moment: datetime) -> None:
    """Do what an e-mail asks for; raise Refused for what cannot be done."""
    ticket = ticket_of(mail)
    if Queue.objects.filter(email=without_token(mail.sender)).exists():
        return ignored(note, ticket, "It comes from a support address: a loop.")
    if machines.is_bounce(mail):
        return bounced(mail, note, ticket)
    if machines.is_answer(mail) or machines.is_report(mail):
        return ignored(note, ticket, "A program answered.")
    if ticket is None:
        ticket = opened(mail, note, moment)
        message = TicketMessage.objects.get(ticket=ticket, kind=TicketMessage.Kind.CUSTOMER)
    else:
        message = receive_message(ticket=ticket, body=body_of(mail), **said(mail, moment))
        ticket = message.ticket
    note.ticket, note.customer = ticket, ticket.customer
    keep_files(mail, message, raw)
    return None


def ignored(note: IncomingMail, ticket: Ticket | None, reason: str) -> None:
    """Set an e-mail aside that is not for people."""
    note.state, note.reason, note.ticket = State.IGNORED, reason, ticket
    note.customer = ticket.customer if ticket else None


def bounced(mail: Mail, note: IncomingMail, ticket: Ticket | None) -> None:
    """Note on the reply that it did not arrive, where a mail system says so."""
    ignored(note, ticket, "A reply did not arrive.")
    text = " ".join([mail.text, *(one.content[:20_000].decode("latin-1") for one in mail.files)])
    replies = TicketMessage.objects.filter(kind=TicketMessage.Kind.REPLY).exclude(message_id="")
    for key in replies.filter(message_id__in=[*mail.answers, *ids(text)]).values_list("pk", flat=True):
        one = note_undelivered(reply=key, reason=" ".join(mail.text.split()))
        note.ticket, note.customer = one.ticket, one.ticket.customer


def ticket_of(mail: Mail) -> Ticket | None:
    """Return the ticket that an e-mail belongs to: by a token of ours in its addresses, or by what it answers."""
    key = TICKETS.key_in(mail.recipients)
    known = Ticket.objects.filter(customer__erased_at__isnull=True)
    if key is not None and (found := known.filter(pk=key).first()):
        return found  # type: ignore[no-any-return]
    answered = TicketMessage.objects.filter(message_id__in=mail.answers, ticket__in=known).select_related("ticket")
    message = answered.filter(OURS | theirs(mail)).order_by("-written_at").first() if mail.answers else None
    return message.ticket if message else None


def theirs(mail: Mail) -> Q:
    """Return which messages of customers a sender may answer: those of tickets on which they are known.

    Whoever answers one of ours was sent it; the id of a customer's own e-mail, others may guess.
    """
    wrote = TicketMessage.objects.filter(ticket=OuterRef("ticket"), from_address=mail.sender)
    return Q(ticket__customer__email=mail.sender) | Q(ticket__email=mail.sender) | Q(Exists(wrote))


def opened(mail: Mail, note: IncomingMail, moment: datetime) -> Ticket:
    """Open a ticket in the queue that was written to; raise Refused where there is none, or where there is a loop."""
    queue = queue_of(mail)
    take_turns(mail.sender)
    lately = IncomingMail.objects.filter(sender=mail.sender, received_at__gt=moment - HOUR).count()
    if lately >= MOST_AN_HOUR and not mail.is_wanted:
        raise Refused(_("Too many e-mails of this sender in an hour: perhaps a loop."))
    customer = customer_of(mail, queue)
    details: Any = {"channel": Ticket.Channel.EMAIL, "email": mail.reply_to if mail.reply_to != customer.email else ""}
    subject = mail.subject or _("(no subject)")
    received: Any = said(mail, moment)
    ticket = open_ticket(
        customer=customer, queue=queue, subject=subject, body=body_of(mail), received=received, **details
    )
    if queue.acknowledgement and lately < FEW and not machines.is_automatic(mail):
        acknowledge(ticket=ticket)
    return ticket


def queue_of(mail: Mail) -> Queue:
    """Return the queue that an e-mail was sent to; raise Refused where none has the address."""
    addresses = [without_token(one.strip()) for one in mail.recipients.split(",")]
    found: dict[str, Queue] = {one.email: one for one in Queue.objects.filter(email__in=addresses, is_active=True)}
    for address in addresses:
        if address in found:
            return found[address]
    raise Refused(_("No queue has the address that it was sent to."))


def customer_of(mail: Mail, queue: Queue) -> Customer:
    """Return the customer with the sender's address; a new one where there is none."""
    known = Customer.objects.filter(email=mail.sender, erased_at__isnull=True).order_by("kind", "id")
    customer: Any = known.filter(kind=Customer.Kind.PERSON).first() or known.first()
    if customer is None:
        name = mail.name.strip() or mail.sender.partition("@")[0]
        customer = Customer(name=name, email=mail.sender, source="e-mail", team=queue.team)
        customer.full_clean(exclude=["team"])
        customer.save()
    return customer  # type: ignore[no-any-return]


def body_of(mail: Mail) -> str:
    """Return the text of an e-mail as it is kept."""
    if mail.is_encrypted:
        return _("(The e-mail is encrypted; it is attached as it came.)")
    if len(mail.text) > LONGEST:
        return mail.text[: LONGEST - 100] + "\n\n" + _("(The rest is in the attached file.)")
    return mail.text or _("(no text)")


def said(mail: Mail, moment: datetime) -> dict[str, Any]:
    """Return what else is kept of an e-mail."""
    is_new = mail.message_id and not TicketMessage.objects.filter(message_id=mail.message_id).exists()
    return {
        "written_at": min(moment, timezone.now()),
        "html": mail.html[:LONGEST] if len(mail.html) <= LONGEST else "",
        "subject": mail.subject,
        "from_address": mail.sender,
        "to_address": mail.recipients.partition(",")[0][:320],
        "message_id": mail.message_id if is_new else "",
        "in_reply_to": next(iter(mail.answers), ""),
    }


def keep_files(mail: Mail, message: TicketMessage, raw: bytes) -> None:
    """Attach the files of an e-mail to its message; note for colleagues which are not taken, and why."""
    files = [(one.name, one.content) for one in mail.files]
    if mail.is_encrypted:
        files = [("message.eml", raw)]
    elif len(mail.text) > LONGEST:
        files.append(("message.txt", mail.text.encode()))
    refused = []
    for name, content in files:
        try:
            with transaction.atomic():
                attach(about=message, name=name, content=ContentFile(content), by=None)
        except ValidationError as error:
            refused.append(f"{name[:100]}: {'; '.join(error.messages)}")
    if refused:
        add_file_note(ticket=message.ticket, refused=refused)
