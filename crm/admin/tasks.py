"""Tasks in the staff site: their list and pages, and those of any other record."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Q
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminSelect2Widget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from crm import days
from crm.admin.lists import ColleagueFilter, DayRangeFilter
from crm.admin.my_day import lines_of
from crm.admin.records import RecordAdmin
from crm.admin.site import staff
from crm.lines import LineField
from crm.models import Task, User
from crm.tasks.actions import NotOpen, add_task, complete_task

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from crm.models import Record

STATUS_COLORS = {"open": "info", "done": "success", "cancelled": "warning"}
PRIORITY_COLORS = {"low": "info", "normal": "primary", "high": "danger"}
SHOWN = 20


@admin.register(Task)
class TaskAdmin(RecordAdmin):
    """What colleagues have to do."""

    list_display = ("title", "status_label", "priority_label", "due_at", "assignee")
    list_select_related = ("assignee",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("priority", ChoicesDropdownFilter),
        ("assignee", ColleagueFilter),
        ("due_at", DayRangeFilter),
    )
    ordering = ("due_order", "id")
    actions = ("mark_done",)
    readonly_fields = (*RecordAdmin.readonly_fields, "status", "completed_at", "completed_by")
    change_form_outer_before_template = "admin/tasks/verbs.html"
    sections = ((None, {"fields": ("title", ("assignee", "priority"), ("due_at", "remind_at"), "description")}),)

    def get_sections(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        first, *others = super().get_sections(request, obj)
        if obj is None:
            return [first, *others]
        state = (_("State"), {"classes": ["tab"], "fields": ["status", "completed_at", "completed_by"]})
        return [first, state, *others]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"assignee": staff(request).pk, **super().get_changeform_initial_data(request)}

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        task = kwargs.get("obj")
        if task is not None:
            may_change = staff(request).has_perm("crm.change_task")
            context |= {"lines": lines_of([task], staff(request)), "back": request.path, "may_change": may_change}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.action(description=_("Mark as done"), permissions=["change"])
    def mark_done(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        """Complete the tasks that are open."""
        done = 0
        for task in queryset:
            try:
                complete_task(task=task, by=staff(request))
            except NotOpen:
                continue
            done += 1
        messages.success(request, _("%d tasks are done.") % done)

    @display(description=_("status"), ordering="status", label=STATUS_COLORS)
    def status_label(self, task: Task) -> tuple[str, str]:
        return task.status, task.get_status_display()

    @display(description=_("priority"), ordering="priority", label=PRIORITY_COLORS)
    def priority_label(self, task: Task) -> tuple[str, str]:
        return task.priority, task.get_priority_display()


class TaskForm(forms.Form):
    """What is to be done about a record, by whom and when."""

    REMINDERS: ClassVar[list[tuple[str, Any]]] = [
        ("", _("No reminder")),
        ("0", _("On the day, at 9:00")),
        ("1", _("The day before, at 9:00")),
    ]
    title = LineField(label=_("What is to be done"), max_length=200, widget=UnfoldAdminTextInputWidget)
    day = forms.DateField(
        label=_("Due"), required=False, widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}), localize=False
    )
    reminder = forms.ChoiceField(label=_("Reminder"), choices=REMINDERS, required=False, widget=UnfoldAdminSelectWidget)
    assignee = forms.ModelChoiceField(
        label=_("Assignee"), queryset=User.objects.filter(is_active=True), widget=UnfoldAdminSelect2Widget
    )
    description = forms.CharField(label=_("Notes"), max_length=10_000, required=False, widget=UnfoldAdminTextareaWidget)

    def clean(self) -> dict[str, Any]:
        """Refuse a reminder of a day that is not given."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("reminder") and not cleaned.get("day"):
            self.add_error("day", _("A reminder needs a day."))
        return cleaned

    def details(self) -> dict[str, Any]:
        """Return the task as `add_task` takes it."""
        said = {name: self.cleaned_data[name] for name in ("title", "assignee", "description")}
        day = self.cleaned_data["day"]
        if day is None:
            return said
        said["due_at"] = days.at(day)
        if ahead := self.cleaned_data["reminder"]:
            said["remind_at"] = days.at(day - datetime.timedelta(days=int(ahead)), days.MORNING)
        return said


def open_tasks(record: Record, user: User) -> list[Any]:
    """Return what is to be done about a record, the next first, as lines of a page."""
    about = Q(about_type=record.label(), about_id=record.pk) | Q(customer=record.pk)
    tasks = Task.objects.visible_to(user).filter(about, status=Task.Status.OPEN).select_related("assignee")
    return list(lines_of(tasks.order_by("due_order", "id")[:SHOWN], user))


class WithTasks:
    """Shows the open tasks about a record on its page, and adds one."""

    @action(
        description=_("Add task"),
        url_path="add-task",
        icon="add_task",
        permissions=["add_task"],
        extra_options={"display_in_dropdown": False},
    )
    def add_task(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask what is to be done about a record, and note it."""
        own: Any = self
        record = own.get_object(request, unquote(object_id))
        if record is None:
            raise Http404
        form = TaskForm(request.POST or None, initial={"assignee": staff(request).pk})
        options = own.model._meta
        back = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=(record.pk,))
        if request.method == "POST" and form.is_valid():
            task = add_task(by=staff(request), about=record, **form.details())
            messages.success(request, _("“%s” was added.") % task.title)
            return HttpResponseRedirect(back)
        context = {
            **own.admin_site.each_context(request),
            "title": _("Add task"),
            "subtitle": str(record),
            "record": record,
            "form": form,
            "back": back,
        }
        return TemplateResponse(request, "admin/tasks/add.html", context)

    def has_add_task_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).has_perm("crm.add_task")

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        record, user = kwargs.get("obj"), staff(request)
        if record is not None:
            may_change = user.has_perm("crm.change_task")
            context |= {"lines": open_tasks(record, user), "back": request.path, "may_change": may_change}
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]
