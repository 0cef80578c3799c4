"""Sessions that end because nobody was there, and those that do not."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as configured
from django.contrib.sessions.models import Session

from tests.staff import colleague, signed_in

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
SCRIPT = {"X-Background": "1"}
PAGES = ("/admin/", "/account/applications", "/o/device")


@pytest.fixture
def client(settings: Any) -> Client:
    """Return a client that has just been seen, where sessions may be idle for a quarter of an hour."""
    settings.SESSION_IDLE_MINUTES = 15
    made = signed_in(colleague("Auditor"))
    assert made.get("/admin/").status_code == 200
    return made


def away(client: Client, seconds: int) -> None:
    """Let time pass since somebody was last seen."""
    session = client.session
    session["seen_at"] -= seconds
    session.save()


@pytest.mark.parametrize("page", PAGES)
def test_who_was_away_too_long_is_signed_out(client: Client, page: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "crm.audit")
    away(client, 15 * 60 + 1)
    answer = client.get(page)
    assert (answer.status_code, "next=" in answer.headers["Location"]) == (302, True)
    assert not Session.objects.exists()
    trail = [record.__dict__["event"] for record in caplog.records if record.name == "crm.audit"]
    assert trail == ["session_idle", "signed_out"]
    assert client.get(page).status_code == 302


def test_a_form_sent_too_late_changes_nothing(client: Client) -> None:
    away(client, 15 * 60 + 1)
    assert client.post("/account/password", {"old_password": "x"}).status_code == 302
    assert not Session.objects.exists()


@pytest.mark.parametrize("page", PAGES)
def test_who_comes_back_in_time_stays(client: Client, page: str) -> None:
    for _again in range(3):
        away(client, 15 * 60 - 60)
        assert client.get(page).status_code == 200


def test_a_script_that_asks_by_itself_keeps_no_session_alive(client: Client) -> None:
    for minutes in (7, 7):
        away(client, minutes * 60)
        assert client.get("/admin/", headers=SCRIPT).status_code == 200
    away(client, 61)
    assert client.get("/admin/", headers=SCRIPT).status_code == 302
    assert not Session.objects.exists()


def test_a_session_is_not_written_with_each_request(client: Client) -> None:
    before = client.session["seen_at"]
    away(client, 20)
    client.get("/admin/")
    assert client.session["seen_at"] == before - 20
    away(client, 20)
    client.get("/admin/")
    assert client.session["seen_at"] >= before


def test_who_works_on_and_on_signs_in_again_after_two_weeks_as_ever(client: Client) -> None:
    ends = Session.objects.get().expire_date
    away(client, 600)
    client.get("/admin/")
    assert abs((Session.objects.get().expire_date - ends).total_seconds()) < 1


def test_sessions_are_let_be_unless_it_is_said(settings: Any) -> None:
    assert settings.SESSION_IDLE_MINUTES == 0
    client = signed_in(colleague("Auditor"))
    client.get("/admin/")
    assert "seen_at" not in client.session


def test_the_api_neither_ends_nor_keeps_a_session(client: Client) -> None:
    away(client, 15 * 60 + 1)
    assert client.get("/api/v1/me").status_code == 401
    assert Session.objects.count() == 1


def test_every_script_that_asks_again_and_again_says_so() -> None:
    scripts = [path for path in Path(configured.BASE_DIR).glob("*/static/*/*.js") if "fetch(" in path.read_text()]
    asking = {
        path.name for path in scripts if "setInterval(" in path.read_text() or "setTimeout(look" in path.read_text()
    }
    assert asking == {"board.js", "imports.js", "live.js", "ticket_presence.js"}
    assert [path.name for path in scripts if path.name in asking and "X-Background" not in path.read_text()] == []
