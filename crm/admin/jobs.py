"""Background jobs in the staff site: what waits, what failed; to run again or to cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from procrastinate.contrib.django.models import ProcrastinateJob
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from crm import jobs
from crm.admin.site import staff
from crm.admin.system import LogAdmin
from crm.restored.holding import is_held

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.http import HttpRequest

HELD = _("This database was restored or copied: nothing is sent and no job is done. Run `manage.py restored`.")
WORDS = {
    "todo": _("waiting"),
    "doing": _("running"),
    "succeeded": _("succeeded"),
    "failed": _("failed"),
    "cancelled": _("cancelled"),
    "aborted": _("cancelled"),
}
COLOURS = {"todo": "info", "doing": "warning", "succeeded": "success", "failed": "danger"}

admin.site.unregister(ProcrastinateJob)


@admin.register(ProcrastinateJob)
class JobAdmin(LogAdmin):
    """Jobs of the worker; how many wait and have failed stands above them."""

    list_display = ("id", "task_name", "queue_name", "state", "attempts", "scheduled_at")
    list_filter = (("status", ChoicesDropdownFilter),)
    search_fields = ("task_name", "queue_name")
    ordering = ("-pk",)
    hidden_fields = ("args",)
    actions = ("run_again", "cancel")

    def has_work_permission(self, request: HttpRequest) -> bool:
        """Tell whether somebody may run and cancel jobs: who may change accounts."""
        return staff(request).has_perm("crm.change_user")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show the list, and how the queue stands."""
        if is_held():
            self.message_user(request, HELD, messages.WARNING)
        title = _("Background jobs: %(waiting)d waiting, %(later)d later, %(running)d running, %(failed)d failed")
        return super().changelist_view(request, {"title": title % jobs.counts(), **(extra_context or {})})

    @display(description=_("status"), ordering="status", label={str(WORDS[one]): COLOURS[one] for one in COLOURS})
    def state(self, job: ProcrastinateJob) -> Any:
        return WORDS[job.status]

    @admin.action(description=_("Run again"), permissions=["work"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[ProcrastinateJob]) -> None:
        self.each(request, queryset, jobs.run_again)

    @admin.action(description=_("Cancel"), permissions=["work"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[ProcrastinateJob]) -> None:
        self.each(request, queryset, jobs.cancel)

    def each(
        self, request: HttpRequest, queryset: QuerySet[ProcrastinateJob], verb: Callable[[ProcrastinateJob], bool]
    ) -> None:
        """Do it to each job, and say to how many it could be done."""
        done = [verb(job) for job in queryset]
        if count := sum(done):
            self.message_user(request, ngettext("%d job: done.", "%d jobs: done.", count) % count, messages.SUCCESS)
        if count := len(done) - sum(done):
            text = ngettext("%d job is not in a state for that.", "%d jobs are not in a state for that.", count)
            self.message_user(request, text % count, messages.WARNING)
