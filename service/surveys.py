"""Customers are asked how satisfied they are, some time after a ticket was resolved: of each resolution once.

That somebody is asked, and the job that writes to them, are kept in one transaction; whether they were asked, a unique
constraint of the database decides. Nothing is kept for later: who is due follows from how tickets stand, so a ticket
that was reopened or merged meanwhile is not due. If the worker dies after the server took the message, it is sent again
under the same Message-ID, by which mail programs know it as the same.
"""

from __future__ import annotations

import logging
import smtplib
from email.utils import formataddr
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from crm.changes.context import acting
from customers.languages import language_of
from service.addresses import reply_to
from service.links import survey_link_for
from service.models import SurveyAnswer, SurveyRequest
from service.sending import ATTEMPTS, refusal

if TYPE_CHECKING:
    from datetime import datetime

    from service.models import Ticket

logger = logging.getLogger(__name__)
AT_ONCE: Final = 500
# Where the worker was down for longer, or a queue began to ask only later, the question would come out of the blue.
TOO_LATE: Final = "interval '3 days'"
# Where the question goes with the resolving reply, whoever got such a reply by e-mail was asked.
DUE: Final = f"""
    SELECT t.id, t.reopened + 1 AS resolution, t.resolved_at
    FROM service_ticket t
    JOIN service_queue q ON q.id = t.queue_id
    JOIN customers_customer c ON c.id = t.customer_id
    WHERE t.status IN ('resolved', 'closed') AND t.merged_into_id IS NULL
    AND t.resolved_at <= %(now)s
    AND t.resolved_at > %(now)s - {TOO_LATE}
        - interval '1 hour' * (SELECT coalesce(max(survey_hours), 0) FROM service_queue)
    AND t.resolved_at + q.survey_hours * interval '1 hour' BETWEEN %(now)s - {TOO_LATE} AND %(now)s
    AND (t.email <> '' OR c.email <> '') AND c.erased_at IS NULL
    AND NOT EXISTS (SELECT FROM service_surveyrequest r WHERE r.ticket_id = t.id AND r.resolution = t.reopened + 1)
    AND NOT EXISTS (SELECT FROM service_surveyanswer a WHERE a.ticket_id = t.id AND a.resolution = t.reopened + 1)
    AND NOT (q.survey_hours = 0 AND EXISTS (SELECT FROM service_ticketmessage m WHERE m.ticket_id = t.id
        AND m.kind = 'reply' AND m.delivery IN ('queued', 'sent') AND m.written_at >= t.resolved_at))
"""  # noqa: S608 -- constants of ours
REQUEST: Final = f"""
    INSERT INTO service_surveyrequest (id, ticket_id, resolution, requested_at)
    SELECT gen_random_uuid(), d.id, d.resolution, %(now)s FROM ({DUE}) AS d
    ORDER BY d.resolved_at LIMIT {AT_ONCE}
    ON CONFLICT DO NOTHING RETURNING id
"""  # noqa: S608 -- constants of ours


def ask_customers(*, now: datetime | None = None) -> int:
    """Ask all customers whose time has come; return how many. None where no e-mail leaves."""
    count = 0
    while settings.SENDS_EMAIL and (asked := ask_some(now or timezone.now())):
        count += asked
    return count


@transaction.atomic
def ask_some(now: datetime) -> int:
    """Ask some customers; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(REQUEST, {"now": now})
        keys = [row[0] for row in cursor.fetchall()]
    for key in keys:
        send_survey.defer(request=str(key))
    return len(keys)


@app.task(retry=RetryStrategy(max_attempts=ATTEMPTS, exponential_wait=4))
def send_survey(request: str) -> None:
    """Write to one customer, unless they were written to or need not be asked any more."""
    with acting(command="send_survey"), transaction.atomic():
        related = ("ticket__queue", "ticket__customer")
        rows = SurveyRequest.objects.select_for_update(of=("self",)).select_related(*related)
        one: Any = rows.filter(pk=UUID(request), sent_at__isnull=True, refused_at__isnull=True).first()
        if one is None:
            return
        if not is_wanted(one):
            one.delete()
            return
        try:
            composed(one).send()
        except smtplib.SMTPException as error:
            if not refusal(error):
                raise
            logger.warning("The survey %s was refused", one.pk)
            one.refused_at = timezone.now()
        else:
            one.sent_at = timezone.now()
        one.save()


def is_wanted(request: SurveyRequest) -> bool:
    """Tell whether the resolution still stands, nobody judged it, and its queue asks."""
    ticket: Ticket = request.ticket
    stands = ticket.is_done and ticket.merged_into_id is None and ticket.resolution == request.resolution
    is_reached = bool(ticket.reply_address) and ticket.customer.erased_at is None
    answers = SurveyAnswer.objects.filter(ticket=ticket, resolution=request.resolution)
    return stands and is_reached and ticket.queue.survey_hours is not None and not answers.exists()


def composed(request: SurveyRequest) -> EmailMessage:
    """Return the message that asks, in the customer's language."""
    ticket: Ticket = request.ticket
    with override(language_of(ticket.customer) or settings.LANGUAGE_CODE):
        subject = " ".join((_("How did we do? %s") % ticket).split())
        text = render_to_string("service/survey.txt", {"ticket": ticket, "address": survey_link_for(ticket)})
    return EmailMessage(
        subject,
        text,
        formataddr((str(ticket.queue), ticket.queue.email or settings.DEFAULT_FROM_EMAIL)),
        [ticket.reply_address],
        reply_to=[answers] if (answers := reply_to(ticket)) else None,
        headers={
            "Message-ID": f"<{request.pk.hex}@{urlsplit(settings.BASE_URL).hostname}>",
            "Auto-Submitted": "auto-generated",
        },
    )
