"""Reminders: each once, to the assignee, whatever the worker did meanwhile."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app

from crm.models import Change, Task, User
from crm.tasks import actions, reminders
from tests.worker import do_all, no_jobs

__all__ = ["no_jobs"]
pytestmark = pytest.mark.django_db(transaction=True)
PAST = timezone.now() - datetime.timedelta(days=2)


@pytest.fixture(autouse=True)
def clean_queue(no_jobs: None) -> None:
    """Begin without jobs."""


@pytest.fixture
def user() -> User:
    return User.objects.create_user("ada", "ada@example.com")


def remind(user: User | None, **fields: Any) -> Task:
    """Make a task whose reminder came while the worker was down."""
    return Task.objects.create(title="Call\nback", assignee=user, **{"remind_at": PAST, **fields})


def jobs() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE '%%send_reminder'")
        return int(cursor.fetchone()[0])


def test_a_reminder_is_sent_once_also_after_the_worker_was_down(user: User) -> None:
    task = remind(user, due_at=PAST)
    reminders.give_reminders(timestamp=0)
    reminders.give_reminders(timestamp=60)
    do_all()
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == (["ada@example.com"], "Reminder: Call back")
    assert f"/admin/crm/task/{task.pk}/change/" in str(letter.body)
    assert not Change.objects.filter(record=task.pk, action="updated").exists()


def test_a_reminder_speaks_the_language_of_its_reader(user: User) -> None:
    User.objects.update(language="zh-hans")
    remind(user)
    reminders.give_reminders(timestamp=0)
    do_all()
    assert mail.outbox[0].subject == "提醒：Call back"


def test_what_is_done_or_not_due_or_nobodys_is_not_reminded_of(user: User) -> None:
    done = remind(user)
    actions.complete_task(task=done, by=user)
    remind(user, remind_at=timezone.now() + datetime.timedelta(hours=1))
    remind(user, remind_at=None)
    remind(None)
    reminders.give_reminders(timestamp=0)
    do_all()
    assert mail.outbox == []


def test_a_task_done_before_the_e_mail_went_is_not_reminded_of(user: User) -> None:
    task = remind(user)
    reminders.give_reminders(timestamp=0)
    assert jobs() == 1
    actions.complete_task(task=task, by=user)
    do_all()
    assert mail.outbox == []


def test_a_reminder_that_was_moved_comes_at_its_new_time_and_only_then(user: User) -> None:
    task = remind(user)
    reminders.give_reminders(timestamp=0)
    Task.objects.filter(pk=task.pk).update(remind_at=timezone.now() + datetime.timedelta(hours=1))
    do_all()
    assert mail.outbox == []
    Task.objects.filter(pk=task.pk).update(remind_at=timezone.now() - datetime.timedelta(minutes=1))
    reminders.give_reminders(timestamp=60)
    do_all()
    assert len(mail.outbox) == 1


def test_a_reminder_and_its_e_mail_are_noted_together_or_not_at_all(user: User, monkeypatch: Any) -> None:
    def stop(*_args: Any, **_fields: Any) -> None:
        raise RuntimeError

    task = remind(user)
    monkeypatch.setattr(reminders.send_reminder, "defer", stop)
    with pytest.raises(RuntimeError):
        reminders.give_reminders(timestamp=0)
    task.refresh_from_db()
    assert (task.reminded_at, jobs()) == (None, 0)


def test_nobody_is_written_to_who_left_or_has_no_address(user: User) -> None:
    remind(User.objects.create_user("bob"))
    remind(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    reminders.give_reminders(timestamp=0)
    do_all()
    assert mail.outbox == []


def test_the_worker_knows_the_reminders() -> None:
    periodic = {one.task.name for one in app.periodic_registry.periodic_tasks.values()}
    assert "crm.tasks.reminders.give_reminders" in periodic
