"""Reminders: each is given once, to the assignee, when its time has come; also where the worker was down just then.

The tasks themselves say what is to be given, so it does not matter through which door they were written. That a
reminder is given, and the e-mail, are noted in one transaction.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from crm.languages import write_to
from crm.models import Task

AT_ONCE: Final = 500
ATTEMPTS: Final = 8


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="give_reminders")
def give_reminders(timestamp: int) -> None:
    """Give all reminders whose time has come."""
    while give_some():
        pass


@transaction.atomic
def give_some() -> bool:
    """Give some reminders; return whether there may be more."""
    due = Task.objects.to_remind_of(timezone.now()).order_by("remind_at")
    tasks = list(due.select_for_update(skip_locked=True)[:AT_ONCE])
    for task in tasks:
        task.reminded_at = task.remind_at
    Task.objects.bulk_update(tasks, ["reminded_at"])
    for task in tasks:
        if task.assignee_id is not None and task.remind_at is not None:
            send_reminder.defer(task=str(task.pk), moment=task.remind_at.isoformat())
    return len(tasks) == AT_ONCE


@app.task(retry=RetryStrategy(max_attempts=ATTEMPTS, exponential_wait=4))
def send_reminder(task: str, moment: str) -> None:
    """Send one reminder by e-mail, unless the task is done by now, or the reminder was moved."""
    one: Any = Task.objects.select_related("assignee").filter(pk=UUID(task), status=Task.Status.OPEN).first()
    if one is None or one.remind_at is None or one.remind_at.isoformat() != moment:
        return
    if not settings.SENDS_EMAIL or one.assignee is None or not one.assignee.is_active or not one.assignee.email:
        return
    address = settings.BASE_URL + reverse("admin:crm_task_change", args=(one.pk,))
    known = {"task": one, "address": address}
    write_to([one.assignee], lambda: _("Reminder: %s") % one.title, "admin/tasks/reminder.txt", known)
