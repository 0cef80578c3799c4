"""A restored copy sends nothing, until an operator says so."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from crm.models import Change, DatabaseIdentity, Task, Webhook, WebhookDelivery
from crm.restored import holding
from crm.restored.identity import marks_now, recognise
from customers.models import Customer
from marketing.models import Campaign
from tests.crm.test_health import beat, job
from tests.crm.test_outages import plain
from tests.feed import settle
from tests.samples import make
from tests.waiting import somebody_waits, wait_until
from tests.webhooks.conftest import client, receiver, subscribe, worker_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.webhooks.receiver import Receiver

__all__ = ["client", "receiver", "subscribe"]
pytestmark = pytest.mark.django_db(transaction=True)
COPIES = [{"system": "1"}, {"database": "1"}, {"table": "1"}, {"port": "1"}, {"host": "crm.example.com"}]
LONG_AGO = timedelta(hours=2)


@pytest.fixture(autouse=True)
def used(no_jobs: None, make_user: Any) -> None:
    """Begin with a database that somebody uses, and without jobs."""
    make_user()


@pytest.mark.parametrize("mark", COPIES, ids=lambda mark: next(iter(mark)))
def test_a_copy_may_not_send(was_other: Callable[..., None], mark: dict[str, str]) -> None:
    assert holding.may_send()
    was_other(**mark)
    assert [holding.is_held(), holding.may_send(), holding.may_send(), holding.is_held()] == [True, False, False, True]
    assert DatabaseIdentity.objects.get().held_reason == ("moved" if "host" in mark else "copied")


@pytest.mark.parametrize(
    ("seconds", "is_copy", "is_noted"),
    [(50, False, False), (70, False, True), (7200, False, True), (7200, True, False)],
)
def test_that_it_is_in_use_is_noted_once_a_minute_unless_it_is_held_back(
    was_other: Callable[..., None], seconds: int, *, is_copy: bool, is_noted: bool
) -> None:
    was_other(system="1" if is_copy else marks_now().partition(":")[0])
    holding.may_send()
    before = timezone.now() - timedelta(seconds=seconds)
    DatabaseIdentity.objects.update(seen_at=before)
    assert holding.may_send() is not is_copy
    seen_at = DatabaseIdentity.objects.get().seen_at
    assert (seen_at > timezone.now() - timedelta(seconds=40)) is is_noted
    assert (seen_at == before) is not is_noted


@pytest.mark.parametrize(("ago", "count"), [(None, 1), (290, 0), (301, 1)])
def test_that_nothing_is_sent_is_said_every_five_minutes(
    was_other: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    ago: int | None,
    count: int,
) -> None:
    was_other(system="1")
    monkeypatch.setattr(holding, "_reminded", {} if ago is None else {"at": time.monotonic() - ago})
    assert [holding.may_send() for _time in range(3)] == [False] * 3
    text = "Nothing is sent and no job is done: this database was restored from a backup, or copied."
    assert [one for one in caplog.messages if "Nothing" in one] == [f"{text} See `manage.py restored`."] * count


def test_commands_that_send_are_refused_only_while_it_is_held_back(was_other: Callable[..., None]) -> None:
    holding.refuse_while_held()
    was_other(system="1")
    with pytest.raises(holding.SendingHeld):
        holding.refuse_while_held()
    holding.resume_sending()
    holding.refuse_while_held()


def test_of_two_operators_one_lets_it_send(was_other: Callable[..., None]) -> None:
    was_other(system="1")
    assert not holding.may_send()
    with psycopg.connect(**plain()) as other, ThreadPoolExecutor(1) as thread:
        other.execute("UPDATE crm_databaseidentity SET held_since = NULL, held_reason = ''")
        late = thread.submit(resume_elsewhere)
        wait_until(somebody_waits, 30)
        other.commit()
        with pytest.raises(holding.NothingHeld):
            late.result(30)
    assert holding.may_send()


def resume_elsewhere() -> None:
    try:
        holding.resume_sending()
    finally:
        connection.close()


def test_a_standby_that_took_over_sends(was_other: Callable[..., None]) -> None:
    was_other(timeline="000000FF", seen_at=timezone.now())
    assert holding.may_send()


def test_what_was_restored_to_a_point_in_time_may_not_send(was_other: Callable[..., None]) -> None:
    was_other(timeline="000000FF", seen_at=timezone.now() - LONG_AGO)
    assert not holding.may_send()
    assert DatabaseIdentity.objects.get().held_reason == "rewound"


def test_a_late_change_shows_that_the_old_server_was_in_use(was_other: Callable[..., None]) -> None:
    make(Customer)
    was_other(timeline="000000FF", seen_at=timezone.now() - LONG_AGO)
    assert holding.may_send()
    Change.objects.update(at=timezone.now() - LONG_AGO)
    was_other(timeline="000000FE", seen_at=timezone.now() - LONG_AGO)
    assert not holding.may_send()


def test_another_name_of_this_machine_is_no_other_address(settings: Any) -> None:
    recognise()
    for url in ("http://127.0.0.2:8001", "http://[::1]:8000", "http://localhost"):
        settings.BASE_URL = url
        assert not holding.is_held()


def test_a_database_that_nobody_uses_yet_is_no_copy(was_other: Callable[..., None], django_user_model: Any) -> None:
    django_user_model.objects.all().delete()
    was_other(system="1")
    assert holding.may_send()


def test_a_worker_on_a_copy_sends_nothing_until_told_to(
    subscribe: Any, receiver: Receiver, was_other: Callable[..., None]
) -> None:
    subscribe()
    was_other(system="1")
    made = make(Customer)
    with worker_process():
        wait_until(lambda: DatabaseIdentity.objects.filter(held_since__isnull=False).exists())
        time.sleep(8)  # longer than a worker waits between looks at its queue
        assert (receiver.got, WebhookDelivery.objects.count()) == ([], 0)
        call_command("restored", "--resume-sending")
        receiver.wait_for(1)
    assert str(made.pk) in receiver.got[0][1].decode()


def test_a_worker_that_runs_while_its_database_is_restored_stops(
    subscribe: Any, receiver: Receiver, was_other: Callable[..., None]
) -> None:
    subscribe()
    make(Customer)
    with worker_process():
        receiver.wait_for(1)
        was_other(timeline="000000FF", seen_at=timezone.now() - LONG_AGO)
        Change.objects.update(at=timezone.now() - LONG_AGO)
        make(Customer)
        Change.objects.update(at=timezone.now() - LONG_AGO)
        wait_until(lambda: DatabaseIdentity.objects.filter(held_since__isnull=False).exists())
        time.sleep(8)
    assert len(receiver.got) == 1


def test_what_waits_can_be_discarded(subscribe: Any, was_other: Callable[..., None], capsys: Any) -> None:
    hook = Webhook.objects.get(pk=subscribe()["id"])
    WebhookDelivery.objects.create(webhook=hook, event="customers.updated", changed_at=timezone.now(), body={})
    task = make(Task, remind_at=timezone.now() - LONG_AGO)
    campaign = make(Campaign, status="sending", started_at=timezone.now())
    was_other(system="1")
    call_command("restored", "--discard-waiting", "--resume-sending")
    assert "discarded: 1 messages for webhooks\ndiscarded: 1 reminders" in capsys.readouterr().out
    assert WebhookDelivery.objects.get().status == "failed"
    assert not Task.objects.to_remind_of(timezone.now()).filter(pk=task.pk).exists()
    assert Campaign.objects.get(pk=campaign.pk).status == "paused"
    assert holding.may_send()


@pytest.mark.parametrize(("changes", "waiting"), [(0, 0), (1, 1), (3, 3)])
def test_a_change_that_is_no_message_yet_waits_too(
    subscribe: Any, was_other: Callable[..., None], capsys: Any, changes: int, waiting: int
) -> None:
    hook = Webhook.objects.get(pk=subscribe(actions=["created"])["id"])
    made = [make(Customer) for _number in range(changes)]
    Customer.objects.filter(pk__in=[one.pk for one in made]).update(name="Not heard of")
    settle()
    was_other(system="1")
    call_command("restored")
    assert f"waiting: {waiting} messages for webhooks\n" in capsys.readouterr().out
    assert Webhook.objects.get().transaction == hook.transaction


def test_an_operator_says_that_this_is_a_copy(reader: Any, capsys: Any) -> None:
    position = reader.get("/api/v1/changes", {"after": "latest"}).json()["position"]
    call_command("restored", "--stop-sending")
    assert "Nothing is sent since" in capsys.readouterr().out
    assert not holding.may_send()
    assert reader.get("/api/v1/changes", {"after": position}).status_code == 410


@pytest.mark.parametrize("options", [["--resume-sending"], ["--stop-sending", "--resume-sending"]])
def test_what_makes_no_sense_is_refused_and_changes_nothing(options: list[str]) -> None:
    recognise()
    before = DatabaseIdentity.objects.values().get()
    with pytest.raises(CommandError):
        call_command("restored", *options)
    assert DatabaseIdentity.objects.values().get() == before


def test_the_mailbox_is_left_alone(was_other: Callable[..., None], settings: Any) -> None:
    settings.IMAP_URL = "imap://127.0.0.1:1/INBOX"
    was_other(system="1")
    with pytest.raises(CommandError, match="was restored"):
        call_command("poll_mail")


@pytest.mark.parametrize(("is_copy", "code", "worker"), [(True, 200, "ok"), (False, 503, "failing")])
def test_what_is_held_back_is_not_stuck(
    was_other: Callable[..., None], client: Any, no_jobs: None, *, is_copy: bool, code: int, worker: str
) -> None:
    beat(0)
    job("todo", -3600)
    if is_copy:
        was_other(system="1")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["worker"], answer.json()["jobs"]["stuck"]) == (code, worker, 1)


def test_probes_and_the_staff_site_show_it(was_other: Callable[..., None], admin_client: Any) -> None:
    assert "sending" not in admin_client.get("/readyz").json()
    was_other(system="1")
    assert admin_client.get("/readyz").json()["sending"] == "held"
    page = admin_client.get("/admin/procrastinate/procrastinatejob/").content.decode()
    assert "nothing is sent and no job is done" in page
