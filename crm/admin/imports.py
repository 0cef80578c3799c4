"""Imports in the staff site: upload a file, see what its columns become, try, run, watch, fetch what was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from crm.admin.base import ModelAdmin
from crm.admin.lists import CappedPaginator
from crm.admin.pages import form_page
from crm.admin.site import staff
from crm.api.export import download
from crm.api.routers import resource_of, resources
from crm.imports import actions, rules
from crm.imports.columns import targets
from crm.imports.files import ENDINGS
from crm.imports.refused import sheet, table
from crm.models import Import

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from crm.models import User

PAGE = "admin:crm_import_change"
COLOURS = {"running": "warning", "waiting": "info", "done": "success", "failed": "danger"}


def writable(user: User) -> list[tuple[str, str]]:
    """Return the lists that somebody may add to, with their names."""
    models = {name: viewset.model._meta for name, viewset in resources().items() if "batch" not in viewset.withheld}
    return [
        (name, capfirst(str(options.verbose_name_plural)))
        for name, options in models.items()
        if user.has_perm(f"{options.app_label}.add_{options.model_name}")
    ]


class UploadForm(forms.Form):
    """A file, and the list that its rows are added to."""

    resource = forms.ChoiceField(label=_("list"), widget=UnfoldAdminSelectWidget)
    file = forms.FileField(
        label=_("file"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ",".join(ENDINGS)}),
        help_text=_("CSV, JSON lines or XLSX; its first line names the columns."),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["resource"].choices = writable(user)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Keep the file, or say why it cannot be read."""
        said = super().clean() or {}
        if said.get("file") and said.get("resource"):
            content = b"".join(said["file"].chunks())
            said["import"] = actions.upload(
                user=self.user, resource=said["resource"], filename=said["file"].name, content=content
            )
        return said


class MappingForm(forms.Form):
    """Which column becomes which field, and by what a row finds its record."""

    def __init__(self, one: Import, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.one = one
        known = targets(rules.serializer_of(one.resource))
        choices = [("", gettext("(leave out)")), *((name, capfirst(label)) for name, label in known.items())]
        for place, column in enumerate(one.columns):
            self.fields[f"column{place}"] = forms.ChoiceField(
                choices=choices,
                required=False,
                initial=column["field"] or "",
                label=column["name"],
                widget=UnfoldAdminSelectWidget,
            )
        keys = [
            ("", gettext("the whole row")),
            *((key, capfirst(known.get(key, key))) for key in rules.keys(one.resource)),
        ]
        self.fields["key"] = forms.ChoiceField(
            choices=[("", gettext("the whole row")), *keys],
            required=False,
            initial=one.key,
            label=_("A row finds its record by"),
            widget=UnfoldAdminSelectWidget,
        )
        self.fields["system"] = forms.RegexField(
            r"\A[-a-zA-Z0-9_]+\Z",
            required=False,
            max_length=50,
            initial=one.system,
            label=_("System whose identifiers the external ID has"),
            widget=UnfoldAdminTextInputWidget,
        )
        if rules.has_duplicates(one.resource):
            self.fields["refuses_duplicates"] = forms.BooleanField(
                required=False,
                initial=one.refuses_duplicates,
                label=_("Refuse rows that would add a record where another may be the same"),
                widget=UnfoldBooleanWidget,
            )

    def rows(self) -> list[dict[str, Any]]:
        """Return the columns as the page shows them: name, choice and samples."""
        return [
            {"name": column["name"], "choice": self[f"column{place}"], "samples": column["samples"]}
            for place, column in enumerate(self.one.columns)
        ]

    def start(self, *, is_dry_run: bool) -> None:
        """Start the import as the form says; raise ValidationError where that makes no sense."""
        said = self.cleaned_data
        mapping = {column["name"]: said[f"column{place}"] or None for place, column in enumerate(self.one.columns)}
        wish: actions.Wish = {
            "mapping": mapping,
            "key": said["key"],
            "system": said["system"],
            "refuses_duplicates": said.get("refuses_duplicates", False),
        }
        actions.start(one=self.one, is_dry_run=is_dry_run, **wish)


class WithImport:
    """Leads from a list to the import of a file into it."""

    @action(description=gettext_lazy("Import"), url_path="import", icon="upload_file")
    def import_file(self, request: HttpRequest) -> HttpResponse:
        """Go on to the upload."""
        own: Any = self
        return HttpResponseRedirect(f"{reverse('admin:crm_import_add')}?resource={resource_of(own.model)}")


@admin.register(Import)
class ImportAdmin(ModelAdmin):
    """One's own imports; administrators see all."""

    list_display = ("filename", "list_name", "state", "created", "updated", "unchanged", "refused", "created_at")
    ordering = ("-created_at",)
    paginator = CappedPaginator
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Import]:
        return Import.objects.visible_to(staff(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(writable(staff(request)))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(writable(staff(request)))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(writable(staff(request)))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[Any]:
        """Add the progress and the refused rows."""
        wrap = self.admin_site.admin_view
        own = [
            path("<uuid:pk>/progress/", wrap(self.progress), name="crm_import_progress"),
            path("<uuid:pk>/refused/", wrap(self.refused_rows), name="crm_import_refused"),
        ]
        return own + super().get_urls()

    @display(description=_("list"))
    def list_name(self, one: Import) -> str:
        return list_name(one)

    @display(description=_("status"), label={str(Import.Status(one).label): COLOURS[one] for one in COLOURS})
    def state(self, one: Import) -> Any:
        return one.get_status_display()

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Take a file, and go on to its columns."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        data = (request.POST, request.FILES) if request.method == "POST" else ()
        form = UploadForm(staff(request), *data, initial={"resource": request.GET.get("resource", "")})
        if request.method == "POST" and form.is_valid():
            return HttpResponseRedirect(reverse(PAGE, args=(form.cleaned_data["import"].pk,)))
        return form_page(self, request, form, title=gettext("Import a file"), button=gettext("Upload"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show what the columns become and how far the import is; try, run or cancel it."""
        one = self.found(request, object_id)
        form = MappingForm(one, request.POST if request.method == "POST" else None)
        if request.method == "POST" and self.done(request, one, form):
            return HttpResponseRedirect(reverse(PAGE, args=(one.pk,)))
        context = {
            "title": one.filename,
            "original": one,
            "form": form,
            "one": one,
            "state": state_of(one),
            "list_name": list_name(one),
            "left_out": [column["name"] for column in one.columns if not column["field"]],
            "refusals": one.refusals.order_by("line")[:10],
        }
        known = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, "admin/imports/import.html", known | context)

    def done(self, request: HttpRequest, one: Import, form: MappingForm) -> bool:
        """Do what the button says; tell whether it could be done, and say why not."""
        try:
            if "cancel" in request.POST:
                actions.cancel(one=one)
            elif form.is_valid():
                form.start(is_dry_run="dry_run" in request.POST)
            else:
                return False
        except ValidationError as error:
            self.message_user(request, " ".join(error.messages), messages.ERROR)
            return False
        return True

    def progress(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Answer how far an import is."""
        return JsonResponse(state_of(self.found(request, str(pk))))

    def refused_rows(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Answer the refused rows as a table, to mend and to send again: for spreadsheets, or as they were."""
        one = self.found(request, str(pk))
        rows = table(one) if request.GET.get("form") == "csv" else sheet(one)
        return download(rows, "refused.csv", "text/csv; charset=utf-8")  # type: ignore[return-value]

    def found(self, request: HttpRequest, pk: str) -> Import:
        """Return an import that the user may see and still add to; raise Http404 for any other."""
        one: Import | None = self.get_object(request, pk)
        if one is None or one.resource not in dict(writable(staff(request))):
            raise Http404
        return one


def list_name(one: Import) -> str:
    """Return what people call the list of an import."""
    viewset = resources().get(one.resource)
    return capfirst(str(viewset.model._meta.verbose_name_plural)) if viewset else one.resource


def state_of(one: Import) -> dict[str, Any]:
    """Return how far an import is, as the page shows it."""
    counts: Sequence[str] = ("created", "updated", "unchanged", "refused")
    return {
        "is_going": one.status in actions.BEGUN,
        "status": str(one.get_status_display()),
        "percent": one.percent,
        **{name: getattr(one, name) for name in counts},
    }
