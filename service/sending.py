"""Replies leave by SMTP, from the worker: each once, and none is forgotten where the worker dies.

A reply is noted as sent after the server took it. If the worker dies in between, it is sent again under the same
Message-ID, by which mail programs know it as the same.
"""

from __future__ import annotations

import logging
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

from crm.changes.context import acting
from customers.languages import language_of
from service.addresses import reply_to
from service.links import link_for, survey_link_for
from service.models import TicketMessage

if TYPE_CHECKING:
    from procrastinate import JobContext

logger = logging.getLogger(__name__)
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
                    give_up(one, f"{type(error).__name__}: {error}")
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
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _said in error.recipients.values()]
            if min(codes, default=0) < FOR_GOOD:
                raise
            give_up(one, str(next(iter(error.recipients.values()))))
            return
        except smtplib.SMTPDataError as error:
            if error.smtp_code < FOR_GOOD:
                raise
            give_up(one, f"{error.smtp_code} {error.smtp_error!r}")
            return
        one.delivery, one.sent_at, one.delivery_error = TicketMessage.Delivery.SENT, timezone.now(), ""
        one.save()


def give_up(message: TicketMessage, reason: str) -> None:
    """Note that a reply will not leave, and why."""
    logger.warning("The reply %s was refused: %s", message.pk, reason)
    message.delivery, message.delivery_error = TicketMessage.Delivery.FAILED, reason[:500]
    message.save()


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
    with override(language_of(ticket.customer) or settings.LANGUAGE_CODE):
        links = [(_("See and answer your ticket:"), link_for(ticket))]
        if ticket.is_done:
            links.append((_("How did we do? One question:"), survey_link_for(ticket)))
    mail = EmailMultiAlternatives(
        subject,
        "\n\n".join([message.body, *(f"{words}\n{link}" for words, link in links)]),
        formataddr((str(ticket.queue), address)),
        [message.to_address],
        reply_to=[reply_to(ticket)] if ticket.queue.email else None,
        headers=headers,
    )
    if message.html:
        more = format_html_join("", '<p>{} <a href="{}">{}</a></p>', ((*one, ticket.number) for one in links))
        mail.attach_alternative(message.html + more, "text/html")
    return mail
