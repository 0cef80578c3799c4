"""Replies leave by SMTP, from the worker: each once, and none is forgotten where the worker dies.

A reply is noted as sent after the server took it. If the worker dies in between, it is sent again under the same
Message-ID, by which mail programs know it as the same.
"""

from __future__ import annotations

import smtplib
from email.utils import formataddr
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import override
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from crm.attachments.store import store
from crm.changes.context import acting
from crm.models import Attachment
from customers.languages import language_of
from service.addresses import reply_to
from service.links import link_for, survey_link_for
from service.models import TicketMessage
from service.undelivered import note_undelivered

if TYPE_CHECKING:
    from procrastinate import JobContext

ATTEMPTS: Final = 8
FOR_GOOD: Final = 500
REFERENCES: Final = 20
RELATED: Final = ("ticket__queue", "ticket__customer", "author")


@app.task(retry=RetryStrategy(max_attempts=ATTEMPTS, exponential_wait=4), pass_context=True)
def send_reply(context: JobContext, message: str) -> None:
    """Send one reply, unless it was sent; one that is refused for good, or for a day, is noted as not sent."""
    try:
        try_to_send(message)
    except Exception as error:
        if context.job.attempts >= ATTEMPTS:
            with acting(command="send_reply"), transaction.atomic():
                for one in waiting(message):
                    note_undelivered(reply=one.pk, reason=f"{type(error).__name__}: {error}")
        raise


def waiting(message: str) -> Any:
    """Return a reply under its lock, where it is still to be sent."""
    rows = TicketMessage.objects.select_for_update(of=("self",)).select_related(*RELATED)
    return rows.filter(pk=UUID(message), delivery=TicketMessage.Delivery.QUEUED)


def try_to_send(message: str) -> None:
    """Send one reply, unless it was sent; raise what the server says where it may say otherwise later.

    That we may not use the server, as after a change of its password, is nothing that the customer's address is to
    blame for: it is tried again.
    """
    with acting(command="send_reply"), transaction.atomic():
        one: Any = waiting(message).first()
        if one is None or not settings.SENDS_EMAIL:
            return
        try:
            composed(one).send()
        except FileNotFoundError:
            note_undelivered(reply=one.pk, reason="A file that was to go along is no longer kept.")
            return
        except smtplib.SMTPException as error:
            if not (reason := refusal(error)):
                raise
            note_undelivered(reply=one.pk, reason=reason)
            return
        one.delivery, one.sent_at, one.delivery_error = TicketMessage.Delivery.SENT, timezone.now(), ""
        one.save()


def refusal(error: smtplib.SMTPException) -> str:
    """Return what the server said where it refuses a message for good; empty where it may take it later."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _said in error.recipients.values()]
        return str(next(iter(error.recipients.values()))) if min(codes, default=0) >= FOR_GOOD else ""
    if isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= FOR_GOOD:
        return f"{error.smtp_code} {error.smtp_error!r}"
    return ""


def composed(message: TicketMessage) -> EmailMultiAlternatives:
    """Return a reply as it leaves: in the thread of what came before (RFC 5322, section 3.6.4)."""
    ticket = message.ticket
    before = TicketMessage.objects.filter(ticket=ticket, written_at__lt=message.written_at).exclude(message_id="")
    ids = list(before.order_by("-written_at").values_list("message_id", flat=True)[:REFERENCES])[::-1]
    subject = " ".join((message.subject or f"Re: {ticket.subject} [{ticket.number}]").split())
    headers = {"Message-ID": message.message_id, "Auto-Submitted": "no" if message.author_id else "auto-replied"}
    if ids:
        headers |= {"In-Reply-To": ids[-1], "References": " ".join(ids)}
    address = ticket.queue.email or settings.DEFAULT_FROM_EMAIL
    along, left = files_of(message)
    with override(language_of(ticket.customer) or settings.LANGUAGE_CODE):
        words = [_("Too large for an e-mail, but on the page of your ticket: %s.") % ", ".join(left)] if left else []
        links = [(" ".join([*words, _("See and answer your ticket:")]), link_for(ticket))]
        if ticket.is_done and ticket.queue.survey_hours == 0:
            links.append((_("How did we do? One question:"), survey_link_for(ticket)))
    mail = EmailMultiAlternatives(
        subject,
        "\n\n".join([message.body, *(f"{words}\n{link}" for words, link in links)]),
        formataddr((str(ticket.queue), address)),
        [message.to_address],
        reply_to=[answers] if (answers := reply_to(ticket)) else None,
        headers=headers,
    )
    if message.html:
        more = format_html_join("", '<p>{} <a href="{}">{}</a></p>', ((*one, ticket.number) for one in links))
        mail.attach_alternative(message.html + more, "text/html")
    for one in along:
        with store().open(one.key) as content:
            mail.attach(one.name, content.read(), one.media_type)
    return mail


def files_of(message: TicketMessage) -> tuple[list[Attachment], list[str]]:
    """Return the files that go with an e-mail, and the names of those that would make it larger than MAIL_BYTES."""
    rows = Attachment.objects.filter(about_type=TicketMessage.label(), about_id=message.pk)
    along, left, room = [], [], settings.MAIL_BYTES * 3 // 4  # three bytes are four letters in an e-mail
    for one in rows.order_by("name", "pk"):
        if one.size <= room:
            along.append(one)
            room -= one.size
        else:
            left.append(one.name)
    return along, left
