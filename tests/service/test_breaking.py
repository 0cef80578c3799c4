"""A mail server that breaks off under a reply, a survey, an alert or a reminder: each leaves later, and none twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone

from crm.models import Task
from crm.smtp import EmailBackend, Unsent
from crm.tasks.reminders import send_reminder
from service import actions
from service.models import SurveyRequest, TicketMessage
from service.surveys import send_survey
from tests.breaking import BEFORE, HOW, Breaking, breaking
from tests.samples import make
from tests.worker import do_all

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(settings: Any, no_jobs: None) -> Iterator[Breaking]:
    settings.SENDS_EMAIL = True
    with breaking(settings) as found:
        yield found


def again(server: Breaking) -> None:
    """Let the server be well, and do now what waits."""
    server.step = ""
    EmailBackend.resting.clear()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")
    do_all()


@pytest.mark.parametrize("step", BEFORE[:-1])
def test_a_reply_that_did_not_leave_leaves_later_once(server: Breaking, opened: Any, agent: Any, step: str) -> None:
    server.step, server.how = step, "closes"
    reply = actions.reply_to_ticket(ticket=opened(), by=agent, body="Unplug it.")
    do_all()
    reply.refresh_from_db()
    assert (reply.delivery, server.got) == ("queued", [])
    again(server)
    again(server)
    assert (TicketMessage.objects.get(pk=reply.pk).delivery, len(server.got)) == ("sent", 1)


@pytest.mark.parametrize("how", [*HOW, "500 what?"])
def test_a_reply_that_was_taken_is_not_sent_again_for_what_follows(
    server: Breaking, opened: Any, agent: Any, how: str
) -> None:
    server.step, server.how = "QUIT", how
    reply = actions.reply_to_ticket(ticket=opened(), by=agent, body="Unplug it.")
    do_all()
    again(server)
    assert (TicketMessage.objects.get(pk=reply.pk).delivery, len(server.got)) == ("sent", 1)


@pytest.mark.parametrize("how", ["closes", "hangs", "leaves"])
def test_a_survey_that_did_not_leave_is_not_noted_as_sent(server: Breaking, opened: Any, agent: Any, how: str) -> None:
    ticket = opened()
    ticket.queue.survey_hours = 1
    ticket.queue.save()
    actions.change_status(ticket=ticket, to="resolved")
    one = SurveyRequest.objects.create(ticket=ticket, resolution=1)
    server.step, server.how = "MAIL", how
    with pytest.raises(Unsent):
        send_survey(request=str(one.pk))
    one.refresh_from_db()
    assert (one.sent_at, one.refused_at, server.got) == (None, None, [])
    server.step = ""
    EmailBackend.resting.clear()
    send_survey(request=str(one.pk))
    send_survey(request=str(one.pk))
    assert len(server.got) == 1


def test_a_reminder_that_did_not_leave_may_be_tried_again(server: Breaking, agent: Any) -> None:
    agent.email = "agent@example.com"
    agent.save()
    moment = timezone.now() - timedelta(minutes=1)
    task = make(Task, assignee=agent, remind_at=moment)
    server.step, server.how = "RCPT", "closes"
    with pytest.raises(Unsent):
        send_reminder(task=str(task.pk), moment=task.remind_at.isoformat())
    server.step = ""
    send_reminder(task=str(task.pk), moment=task.remind_at.isoformat())
    assert len(server.got) == 1
