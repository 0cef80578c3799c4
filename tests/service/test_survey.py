"""Customers judge a resolved ticket by the link; whoever only opens the link judges nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from service import actions
from service.links import survey_link_for
from service.models import SurveyAnswer

pytestmark = pytest.mark.django_db


@pytest.fixture
def resolved(opened: Any, agent: Any) -> Any:
    ticket = opened()
    actions.reply_to_ticket(ticket=ticket, by=agent, body="Unplug it.", status="resolved")
    ticket.refresh_from_db()
    return ticket


def path(ticket: Any) -> str:
    return survey_link_for(ticket).removeprefix("http://127.0.0.1:8000")


def test_a_look_at_the_question_answers_nothing(resolved: Any) -> None:
    text = Client().get(f"{path(resolved)}?score=1").content.decode()
    assert (text.count('type="radio"'), text.count(" checked")) == (5, 0)
    assert not SurveyAnswer.objects.exists()


def test_an_answer_is_noted_on_the_ticket(resolved: Any, agent: Any) -> None:
    link = path(resolved)
    answer = Client().post(link, {"score": "4", "comment": "Quick."})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{link}?saved")
    found = SurveyAnswer.objects.get()
    assert (found.ticket, found.score, found.comment, found.owner) == (resolved, 4, "Quick.", agent)


def test_an_answer_is_changed_and_stays_one(resolved: Any) -> None:
    for score in ("4", "2"):
        Client().post(path(resolved), {"score": score})
    assert SurveyAnswer.objects.get().score == 2


def test_an_answer_stays_after_seven_days(resolved: Any) -> None:
    Client().post(path(resolved), {"score": "4"})
    SurveyAnswer.objects.update(created_at=timezone.now() - timedelta(days=8))
    assert Client().post(path(resolved), {"score": "1"}).status_code == 422
    assert SurveyAnswer.objects.get().score == 4


@pytest.mark.parametrize("score", ["", "0", "6", "x"])
def test_only_one_to_five_is_an_answer(resolved: Any, score: str) -> None:
    assert Client().post(path(resolved), {"score": score}).status_code == 422
    assert not SurveyAnswer.objects.exists()


def test_a_ticket_that_is_not_resolved_is_not_judged(opened: Any) -> None:
    assert Client().post(path(opened()), {"score": "5"}).status_code == 422
    assert not SurveyAnswer.objects.exists()
