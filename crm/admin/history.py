"""The history of a record in the staff site, and the way back: of a change, or of a deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from crm.admin.site import staff
from crm.admin.words import tell
from crm.changes.actions import NotChanged, SetByVerbs, StillThere, restore_deleted, restore_fields
from crm.models import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.admin import AdminSite
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from crm.models import Record

SHOWN = 50


class WithHistory:
    """Shows what the change feed knows of records; whoever may change them may take changes back."""

    model: type[Record]
    admin_site: AdminSite

    actions_list: Sequence[str] = ("import_file", "export_list", "deleted_records")

    def changes(self, request: HttpRequest) -> QuerySet[Change]:
        """Return the changes of this kind of record that the user may see, latest first."""
        visible = Change.objects.visible_to(staff(request), [self.model])
        return visible.select_related("user").order_by("-sequence")

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show the changes of one record, or take one of them back."""
        try:
            key = UUID(unquote(object_id))
        except ValueError as error:
            raise Http404 from error
        changes = self.changes(request).filter(record=key)
        record = self.model._default_manager.visible_to(staff(request)).filter(pk=key).first()
        if record is None and not changes.exists():
            raise Http404
        if request.method == "POST":
            return self.take_back(request, get_object_or_404(changes, sequence=number(request)))
        title = _("History of %s") % record if record else _("History of a deleted record")
        return self.show(request, changes, title=title, original=record)

    @action(description=gettext_lazy("Deleted"), url_path="deleted", icon="delete_history")
    def deleted_records(self, request: HttpRequest) -> HttpResponse:
        """Show the records that were deleted, or bring one back."""
        changes = self.changes(request).filter(action=Change.Action.DELETED)
        if request.method == "POST":
            return self.take_back(request, get_object_or_404(changes, sequence=number(request)))
        gone = changes.exclude(record__in=self.model._default_manager.values("pk"))
        title = _("Deleted %s") % self.model._meta.verbose_name_plural
        return self.show(request, gone, title=title, is_deleted=True)

    def show(self, request: HttpRequest, changes: QuerySet[Change], **context: Any) -> HttpResponse:
        """Answer a page of changes, from the one on that `?before=` names."""
        before = request.GET.get("before", "")
        if before.isdecimal() and len(before) < len(str(2**63)):
            changes = changes.filter(sequence__lt=int(before))
        rows = tell(changes[: SHOWN + 1], staff(request))
        known = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "module_name": capfirst(str(self.model._meta.verbose_name_plural)),
            "rows": rows[:SHOWN],
            "older": rows[SHOWN - 1].change.sequence if len(rows) > SHOWN else None,
            "may_restore": self.may_restore(request),
        }
        return TemplateResponse(request, "admin/changes/history.html", known | context)

    def may_restore(self, request: HttpRequest) -> bool:
        """Tell whether the user may take changes back."""
        own: Any = self
        return bool(own.has_change_permission(request) and own.has_add_permission(request))

    def take_back(self, request: HttpRequest, change: Change) -> HttpResponse:
        """Restore what was before a change, and say how it went."""
        if not self.may_restore(request):
            raise PermissionDenied
        try:
            with transaction.atomic():
                record = self.restored(request, change)
        except (StillThere, NotChanged):
            messages.warning(request, _("There is nothing to restore."))
        except SetByVerbs:
            messages.error(request, _("What a verb changed is changed back by a verb."))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        except IntegrityError:
            messages.error(request, _("It cannot be restored: something that belongs to it is no longer there."))
        else:
            messages.success(request, _("%s was restored.") % record)
            options = self.model._meta
            name = f"admin:{options.app_label}_{options.model_name}_change"
            return HttpResponseRedirect(reverse(name, args=(record.pk,)))
        return HttpResponseRedirect(request.get_full_path())

    def restored(self, request: HttpRequest, change: Change) -> Record:
        """Take a change back."""
        if change.action == Change.Action.DELETED:
            return restore_deleted(change=change)
        visible = self.model._default_manager.visible_to(staff(request))
        record = visible.select_for_update(of=("self",)).filter(pk=change.record).first()
        if record is None:
            raise NotChanged(set())
        return restore_fields(record=record, change=change)


def number(request: HttpRequest) -> int:
    """Return the change that a form names; 0, which is none, where it is no number."""
    text = request.POST.get("change", "")
    return int(text) if text.isdecimal() and len(text) < len(str(2**63)) else 0
