"""Verbs on tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import override

from crm.models import Task

if TYPE_CHECKING:
    from datetime import datetime

    from crm.models import Record, User


class NotOpen(Exception):
    """The task is done or cancelled."""


class StillOpen(Exception):
    """The task is open."""


class InThePast(Exception):
    """A task is put off to a time to come."""


@transaction.atomic
def add_task(*, title: str, by: User, about: Record | None = None, **details: Any) -> Task:
    """Note something to do as the task of `by`, or of an `assignee` among the details; about a record or none.

    Raises ValidationError where a value is not allowed.
    """
    details = {"assignee": by, "owner": by, "team": by.team} | details
    concerned = {"about_type": about.label(), "about_id": about.pk} if about is not None else {}
    task = Task(title=title, **details, **concerned)
    task.full_clean(exclude=["assignee", "owner", "team"])
    task.save()
    return task


def give_task(*, to: User | None, title: tuple[Any, str], reason: str, about: Record) -> Task | None:
    """Tell a colleague, by a task of theirs that is due now, that something does not go on; None where there is nobody.

    The title is a text with a place for a name, and the name; `reason` says what is wrong.
    """
    if to is None:
        return None
    now = timezone.now()
    with override(to.language or settings.LANGUAGE_CODE):
        said = {"title": (title[0] % title[1])[:200], "description": reason, "priority": Task.Priority.HIGH}
    return add_task(by=to, about=about, due_at=now, remind_at=now, **said)


@transaction.atomic
def complete_task(*, task: Task, by: User) -> Task:
    """Note that `by` has done a task; raise NotOpen where it is done or cancelled."""
    task = _locked(task)
    _require_open(task)
    task.status, task.completed_at, task.completed_by = Task.Status.DONE, timezone.now(), by
    task.save()
    return task


@transaction.atomic
def cancel_task(*, task: Task) -> Task:
    """Note that a task need not be done; raise NotOpen where it is done or cancelled."""
    task = _locked(task)
    _require_open(task)
    task.status = Task.Status.CANCELLED
    task.save()
    return task


@transaction.atomic
def reopen_task(*, task: Task) -> Task:
    """Put a task back among what is to be done; raise StillOpen where it is."""
    task = _locked(task)
    if task.status == Task.Status.OPEN:
        raise StillOpen(task.pk)
    task.status, task.completed_at, task.completed_by = Task.Status.OPEN, None, None
    task.save()
    return task


@transaction.atomic
def assign_task(*, task: Task, to: User | None) -> Task:
    """Give a task to a colleague, or to nobody; raise NotOpen where it is done or cancelled."""
    task = _locked(task)
    _require_open(task)
    task.assignee = to
    task.save()
    return task


@transaction.atomic
def snooze_task(*, task: Task, until: datetime) -> Task:
    """Put a task off, and its reminder as far as it was from the due time; raise InThePast, or NotOpen."""
    task = _locked(task)
    _require_open(task)
    if until <= timezone.now():
        raise InThePast(until)
    if task.remind_at is not None:
        ahead = task.due_at - task.remind_at if task.due_at is not None else until - until
        task.remind_at = until - ahead
    task.due_at = until
    task.save()
    return task


def _locked(task: Task) -> Task:
    """Return the task as it is now, under its lock."""
    found: Task = Task.objects.select_for_update().get(pk=task.pk)
    return found


def _require_open(task: Task) -> None:
    """Raise NotOpen for a task that is done or cancelled."""
    if task.status != Task.Status.OPEN:
        raise NotOpen(task.pk)
