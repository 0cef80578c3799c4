"""What administrators look after: names in other systems, sign-ins, tokens, jobs and ERP runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from crm.admin.base import ModelAdmin
from crm.admin.links import link_to
from crm.admin.lists import CappedPaginator, DayRangeFilter
from crm.admin.site import staff
from crm.models import (
    ExternalReference,
    IdempotencyKey,
    ImportFile,
    ImportRefusal,
    SyncCheckpoint,
    SyncRefusal,
    SyncRun,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import Model
    from django.http import HttpRequest


class LogAdmin(ModelAdmin):
    """Rows that the system writes: whoever may see accounts reads them, nobody changes them.

    `is_removable` lets administrators delete rows, which lifts a lock-out or takes a token away.
    """

    is_removable: ClassVar[bool] = False
    paginator = CappedPaginator
    show_full_result_count = False
    hidden_fields: ClassVar[Sequence[str]] = ()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).has_perm("crm.view_user")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.is_removable and staff(request).has_perm("crm.delete_user")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return [field.name for field in self.model._meta.fields if field.name not in self.hidden_fields]


@admin.register(ExternalReference)
class ExternalReferenceAdmin(ModelAdmin):
    """Names by which other systems know records."""

    list_display = ("external_id", "system", "content_type", "record_link")
    list_select_related = ("content_type",)
    search_fields = ("external_id",)
    paginator = CappedPaginator
    show_full_result_count = False
    ordering = ("-pk",)
    fields = ("system", "external_id", "content_type", "record_link")
    readonly_fields = ("content_type", "record_link")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @display(description=_("record"))
    def record_link(self, reference: ExternalReference) -> str:
        return link_to(reference.record)


@admin.register(LogEntry)
class LogEntryAdmin(LogAdmin):
    """What colleagues did in the staff site."""

    list_display = ("action_time", "user", "content_type", "object_repr", "description")
    list_select_related = ("user", "content_type")
    list_filter = (("action_time", DayRangeFilter),)
    list_filter_submit = True
    ordering = ("-action_time", "-pk")

    @display(description=_("change"))
    def description(self, entry: LogEntry) -> str:
        return str(entry)


@admin.register(SyncRun)
class SyncRunAdmin(LogAdmin):
    """Pulls from an ERP."""

    list_display = ("started_at", "source", "resource", "status", "read", "created", "updated", "unchanged", "refused")
    list_filter = (("status", ChoicesDropdownFilter),)
    ordering = ("-started_at", "-pk")


@admin.register(SyncCheckpoint)
class SyncCheckpointAdmin(LogAdmin):
    """How far each source has been read."""

    list_display = ("source", "resource", "updated_at")


@admin.register(SyncRefusal)
class SyncRefusalAdmin(LogAdmin):
    """Rows that an ERP gave and that could not be taken."""

    list_display = ("identity", "source", "resource", "position", "refused_at")
    search_fields = ("identity",)
    ordering = ("-refused_at", "-pk")


def package_log(
    model: type[Model], columns: Sequence[str], *, is_removable: bool = False, hidden: Sequence[str] = ()
) -> None:
    """Show the rows of a package's model, in place of the package's own screen."""
    if admin.site.is_registered(model):
        admin.site.unregister(model)
    related = [field.name for field in model._meta.fields if field.is_relation and field.name in columns]
    attributes = {
        "list_display": tuple(columns),
        "list_select_related": tuple(related) or False,
        "ordering": ("-pk",),
        "is_removable": is_removable,
        "hidden_fields": tuple(hidden),
        "unsearchable": frozenset(hidden),
        "__module__": __name__,
    }
    admin.site.register(model, type(f"{model.__name__}LogAdmin", (LogAdmin,), attributes))


package_log(ImportFile, ("owner",), hidden=("content",))
package_log(ImportRefusal, ("owner", "line", "reasons"))
package_log(IdempotencyKey, ("created_at", "user", "application", "key", "status"), hidden=("body",))

SIGN_IN = ("attempt_time", "username", "ip_address", "user_agent")
package_log(AccessAttempt, (*SIGN_IN, "failures_since_start"), is_removable=True, hidden=("post_data", "get_data"))
package_log(AccessFailureLog, SIGN_IN)
package_log(AccessLog, (*SIGN_IN, "logout_time"), hidden=("session_hash",))
