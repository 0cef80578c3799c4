"""Exports in the staff site: a list as it stands, with its filters, as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext, gettext_lazy
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from crm.admin.confirmation import ConfirmedForm
from crm.admin.pages import form_page
from crm.admin.site import staff
from crm.api.export import download, lines, sheet, table
from crm.api.representation import SERIALIZERS, shape_of
from crm.api.routers import resource_of
from crm.auth import audit

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponseBase

FORMS = {
    "sheet": gettext_lazy("CSV for spreadsheets"),
    "csv": gettext_lazy("CSV, to import again"),
    "jsonl": gettext_lazy("JSON lines"),
}


class ExportForm(ConfirmedForm):
    """In which form the file is."""

    form = forms.ChoiceField(label=gettext_lazy("form"), choices=list(FORMS.items()), widget=UnfoldAdminSelectWidget)
    field_order = ("form", "password")


class WithExport:
    """Leads from a list to a file with all its rows."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Let the link to the export keep the filters of the list."""
        answer: Any = super().changelist_view(request, extra_context)  # type: ignore[misc]
        for link in (getattr(answer, "context_data", None) or {}).get("actions_list", ()):
            if link["path"].endswith("/export/"):
                link["path"] += f"?{request.GET.urlencode()}"
        return answer

    @action(description=gettext_lazy("Export"), url_path="export", icon="download", permissions=["view"])
    def export_list(self, request: HttpRequest) -> HttpResponseBase:
        """Ask for the form of the file and the password, then answer the file."""
        own: Any = self
        listed = own.get_changelist_instance(request)
        form = ExportForm(request, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            audit.record("exported", user=staff(request).pk, client="admin", what=own.model.label())
            return self.file(request, listed.queryset, form.cleaned_data["form"])
        title = gettext("Export: %s") % own.model._meta.verbose_name_plural
        text = gettext("All rows that the list shows with its filters, %d of them.") % listed.queryset.count()
        return form_page(own, request, form, title=title, button=gettext("Export"), explanation=text)

    def file(self, request: HttpRequest, rows: QuerySet[Any, Any], form: str) -> HttpResponseBase:
        """Answer rows as a file that is named after their list."""
        name, user = resource_of(rows.model), staff(request)
        shape = shape_of(SERIALIZERS[rows.model], None, frozenset())
        if form == "jsonl":
            return download(lines(rows, shape, user), f"{name}.jsonl", "application/jsonl")
        stream = sheet(rows, shape, user) if form == "sheet" else table(rows, shape, user)
        return download(stream, f"{name}.csv", "text/csv; charset=utf-8")
