"""My day: what the colleague who is signed in has to do, and doing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from crm import days
from crm.about import kinds
from crm.admin.site import add_to_top, staff
from crm.lines import LineField
from crm.models import Task
from crm.tasks import actions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.http import HttpRequest, HttpResponse
    from django.utils.functional import _StrPromise

    from crm.models import User

MOST: Final = 100
PAGE: Final = "my-day"


class LineForm(forms.Form):
    """A task in one line: what, and by which day."""

    title = LineField(label=gettext_lazy("What is to be done"), max_length=200)
    day = forms.DateField(
        label=gettext_lazy("Due"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


@dataclass(frozen=True)
class Line:
    """One task as the page shows it."""

    task: Task
    about: str
    link: str

    @property
    def is_whole_day(self) -> bool:
        """Whether it is due on a day, at no time of it."""
        return self.task.due_at is not None and days.time_of(self.task.due_at) == days.END

    @property
    def was_reminded(self) -> bool:
        """Whether its reminder has come."""
        return self.task.remind_at is not None and self.task.remind_at <= timezone.now()


@dataclass(frozen=True)
class Part:
    """Some of the tasks, under a title."""

    name: str
    title: str | _StrPromise
    lines: list[Line]


def parts_for(user: User) -> list[Part]:
    """Return what somebody has to do, and what they have done today."""
    mine = Task.objects.visible_to(user).of(user)
    now, today, week = timezone.now(), days.begin(1), days.begin(8)
    ordered = mine.order_by("due_order", "id")
    done = Task.objects.visible_to(user).filter(completed_by=user.pk, completed_at__gte=days.begin())
    found = [
        ("overdue", _("Overdue"), ordered.due_before(now)),
        ("today", _("Today"), ordered.due_before(today).filter(due_at__gte=now)),
        ("week", _("Next seven days"), ordered.due_before(week).filter(due_at__gte=today)),
        ("undated", _("Without a date"), mine.filter(due_at__isnull=True).order_by("id")),
        ("done", _("Done today"), done.order_by("-completed_at")),
    ]
    return [Part(name, title, lines_of(rows[:MOST], user)) for name, title, rows in found]


def lines_of(tasks: Iterable[Task], user: User) -> list[Line]:
    """Return tasks with what they are about, as far as `user` may see it; one query for each kind of record."""
    rows = list(tasks)
    names: dict[UUID, tuple[str, str]] = {}
    for label in {task.about_type for task in rows if task.about_type}:
        model: Any = kinds().get(label)
        if model is not None:
            keys = [task.about_id for task in rows if task.about_type == label]
            options = model._meta
            for one in model.objects.visible_to(user).filter(pk__in=keys):
                address = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=(one.pk,))
                names[one.pk] = (str(one), address)
    return [Line(task, *(names.get(task.about_id, ("", "")) if task.about_id else ("", ""))) for task in rows]


def my_day(request: HttpRequest) -> HttpResponse:
    """Show the day, or add a task in one line."""
    user = staff(request)
    if user.view_level(Task) is None:
        raise PermissionDenied
    form = LineForm(request.POST or None)
    if request.method == "POST":
        if not user.has_perm("crm.add_task"):
            raise PermissionDenied
        if form.is_valid():
            day = form.cleaned_data["day"]
            due = days.at(day) if day else None
            task = actions.add_task(title=form.cleaned_data["title"], by=user, due_at=due)
            messages.success(request, _("“%s” was added.") % task.title)
            return HttpResponseRedirect(reverse(PAGE))
    context = {
        **admin.site.each_context(request),
        "title": _("My day"),
        "form": form,
        "parts": parts_for(user),
        "may_add": user.has_perm("crm.add_task"),
        "may_change": user.has_perm("crm.change_task"),
        "back": reverse(PAGE),
    }
    return TemplateResponse(request, "admin/tasks/my_day.html", context)


def completed(task: Task, user: User) -> str:
    """Complete a task, and return what to say of it."""
    actions.complete_task(task=task, by=user)
    return _("“%s” is done.")


def reopened(task: Task, user: User) -> str:
    """Reopen a task, and return what to say of it."""
    actions.reopen_task(task=task)
    return _("“%s” is open again.")


def cancelled(task: Task, user: User) -> str:
    """Cancel a task, and return what to say of it."""
    actions.cancel_task(task=task)
    return _("“%s” is cancelled.")


def put_off_to_tomorrow(task: Task, user: User) -> str:
    """Put a task off until tomorrow, and return what to say of it."""
    actions.snooze_task(task=task, until=days.tomorrow(task.due_at))
    return _("“%s” was put off until tomorrow.")


def put_off_to_next_week(task: Task, user: User) -> str:
    """Put a task off until the next Monday, and return what to say of it."""
    actions.snooze_task(task=task, until=days.next_week(task.due_at))
    return _("“%s” was put off until next week.")


VERBS: Final[dict[str, Callable[[Task, User], str]]] = {
    "complete": completed,
    "reopen": reopened,
    "cancel": cancelled,
    "tomorrow": put_off_to_tomorrow,
    "next_week": put_off_to_next_week,
}


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Do to a task what a button says, and go back to where it was pressed."""
    user = staff(request)
    if not user.has_perm("crm.change_task"):
        raise PermissionDenied
    task, verb = asked_for(request, user), VERBS.get(request.POST.get("verb", ""))
    if task is None or verb is None:
        raise Http404
    try:
        messages.success(request, verb(task, user) % task.title)
    except (actions.NotOpen, actions.StillOpen):
        messages.warning(request, _("Somebody was faster: the task is in that state already."))
    back = request.POST.get("back", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return HttpResponseRedirect(back if is_ours else reverse(PAGE))


def asked_for(request: HttpRequest, user: User) -> Task | None:
    """Return the task that a form names, as far as `user` may see it."""
    try:
        key = UUID(request.POST.get("task", ""))
    except ValueError:
        return None
    found: Task | None = Task.objects.visible_to(user).filter(pk=key).first()
    return found


@add_to_top
def entry(request: HttpRequest) -> dict[str, Any]:
    """Return the line of the sidebar, with the number of tasks that are due by the end of today."""
    user = staff(request)
    may_see = user.view_level(Task) is not None
    due = Task.objects.of(user).due_before(days.begin(1)).count() if may_see else 0
    return {
        "title": _("My day"),
        "icon": "today",
        "link": reverse(PAGE),
        "active": request.path == reverse(PAGE),
        "badge": due or "",
        "permission": lambda _request: may_see,
    }
