"""E-mails that cannot be taken, whatever the reason: each is tried three times, then kept for people to look at."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError

from service.mail import receiving
from service.mail.receiving import take
from service.models import IncomingMail, Queue, Ticket
from tests.bombs import damaged
from tests.service.letters import letter, raw

pytestmark = pytest.mark.django_db
LIST = "/admin/service/incomingmail/"


@pytest.fixture(autouse=True)
def support(queue: Queue) -> Queue:
    return queue


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let every e-mail fail with an error, until it is taken away."""

    def fail(error: BaseException) -> None:
        def sort(*_arguments: Any) -> None:
            raise error

        monkeypatch.setattr(receiving, "sort", sort)

    return fail


def broken(*_arguments: Any) -> None:
    raise KeyError("nothing")


def handed_over(content: bytes, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the exit code with which an MTA's e-mail is answered."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    try:
        call_command("receive_mail", stdout=io.StringIO(), stderr=io.StringIO())
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.mark.parametrize("error", [KeyError("surprise"), MemoryError(), RecursionError("deep")])
def test_what_failed_three_times_is_kept_with_what_went_wrong(
    failing: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    failing(error)
    content = raw(Subject="Odd")
    assert [handed_over(content, monkeypatch) for _time in range(3)] == [75, 75, 0]
    (kept,) = IncomingMail.objects.all()
    assert (kept.state, bytes(kept.raw or b""), kept.subject) == ("refused", content, "Odd")
    assert kept.reason == f"It failed three times: {type(error).__name__}: {error}"
    assert Ticket.objects.count() == 0


def test_what_failed_twice_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    content = raw()
    with monkeypatch.context() as patch:
        patch.setattr(receiving, "sort", broken)
        assert [handed_over(content, monkeypatch) for _time in range(2)] == [75, 75]
    assert take(content).state == "accepted"
    assert (Ticket.objects.count(), IncomingMail.objects.count()) == (1, 1)


def test_of_which_the_process_dies_each_time_is_not_tried_a_fourth_time(failing: Any) -> None:
    failing(KeyboardInterrupt())
    content = raw()
    for _time in range(3):
        with pytest.raises(KeyboardInterrupt):
            take(content)
    kept = take(content)
    assert (kept.state, bytes(kept.raw or b"")) == ("refused", content)
    assert IncomingMail.objects.count() == 1


@pytest.mark.parametrize("error", [OSError("no room"), OperationalError("no database")])
def test_what_is_not_the_e_mails_fault_never_sets_it_aside(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    content = raw()
    with monkeypatch.context() as patch:
        patch.setattr(receiving, "sort", lambda *_arguments: (_ for _ in ()).throw(error))
        assert [handed_over(content, monkeypatch) for _time in range(3)] == [75, 75, 75]
    assert not IncomingMail.objects.filter(state="refused").exists()


def test_somebody_lets_it_be_tried_again(admin_client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    content = raw(Subject="Odd")
    with monkeypatch.context() as patch:
        patch.setattr(receiving, "sort", broken)
        for _time in range(3):
            handed_over(content, monkeypatch)
        kept = IncomingMail.objects.get()
        assert "It failed three times: KeyError" in admin_client.get(LIST).content.decode()
        admin_client.post(LIST, {"action": "try_again", "_selected_action": [str(kept.pk)]})
        assert (IncomingMail.objects.get().state, Ticket.objects.count()) == ("refused", 0)
    admin_client.post(LIST, {"action": "try_again", "_selected_action": [str(kept.pk)]})
    assert (IncomingMail.objects.get().state, Ticket.objects.get().subject) == ("accepted", "Odd")


@pytest.mark.parametrize("name", ["a.odt", "a.docx", "a.xlsx"])
def test_a_damaged_file_is_no_reason_to_refuse_the_e_mail(name: str) -> None:
    mail = letter("See there.")
    mail.add_attachment(damaged("mimetype"), maintype="application", subtype="octet-stream", filename=name)
    assert take(mail.as_bytes()).state == "accepted"
