"""Privacy in the staff site: handing out what is held on somebody, erasing it, and the certificates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from crm.admin.confirmation import ConfirmedForm
from crm.admin.lists import DayRangeFilter
from crm.admin.pages import form_page
from crm.admin.site import staff
from crm.admin.system import LogAdmin
from crm.api.routers import resources
from crm.auth import audit
from crm.lines import LineField
from crm.models import Erasure
from crm.privacy import package
from crm.privacy.actions import NotThere, erase_person

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class ErasureForm(ConfirmedForm):
    """Why somebody is erased."""

    reason = LineField(
        label=gettext_lazy("reason"),
        max_length=500,
        widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("It stays on the certificate, so it must not name the customer."),
    )
    field_order = ("reason", "password")


class WithPrivacy:
    """Hands out all that is held on a record's person, and erases it."""

    def has_erase_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        own: Any = self
        return bool(own.has_change_permission(request, obj) and own.has_delete_permission(request, obj))

    @action(
        description=gettext_lazy("Personal data"), url_path="personal-data", icon="folder_zip", permissions=["view"]
    )
    def personal_data(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Ask for the password, then answer a ZIP file of all that is held."""
        own: Any = self
        record = self.record_of(request, object_id)
        form = ConfirmedForm(request, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            audit.record("personal_data_exported", user=staff(request).pk, client="admin", what=record.pk)
            scopes = frozenset(f"{one.scope}:read" for one in resources().values())
            return package.download(record, staff(request), scopes)
        text = _("One ZIP file with everything that is held on this customer, as far as you may see it.")
        title = _("Personal data: %s") % record
        return form_page(own, request, form, title=title, button=_("Download"), explanation=text)

    @action(description=gettext_lazy("Erase"), url_path="erase", icon="person_cancel", permissions=["erase"])
    def erase(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Ask for a reason and the password, then erase for good."""
        own: Any = self
        record = self.record_of(request, object_id)
        if not self.has_erase_permission(request, record):
            raise PermissionDenied
        form = ErasureForm(request, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid() and self.erased(request, record, form):
            options = own.opts
            page = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=(record.pk,))
            return HttpResponseRedirect(page)
        text = _(
            "Names, addresses, contact details, texts, files, and all former values are erased for good, here and in"
            " logs and imported files. Dates, kinds and sums stay. This cannot be undone."
        )
        return form_page(own, request, form, title=_("Erase: %s") % record, button=_("Erase"), explanation=text)

    def erased(self, request: HttpRequest, record: Any, form: ErasureForm) -> bool:
        """Erase, and say so; or say in the form what stands in the way."""
        try:
            erase_person(customer=record, by=staff(request), reason=form.cleaned_data["reason"])
        except ValidationError as error:
            form.add_error("reason", error.messages)
            return False
        except NotThere as error:
            raise Http404 from error
        audit.record("erased", user=staff(request).pk, client="admin", what=record.pk)
        messages.success(request, _("Erased. The certificate is in the list of erasures."))
        return True

    def record_of(self, request: HttpRequest, object_id: str) -> Any:
        """Return the record that a page is about; raise Http404 where the colleague sees none."""
        own: Any = self
        record = own.get_object(request, unquote(object_id))
        if record is None:
            raise Http404
        return record


@admin.register(Erasure)
class ErasureAdmin(LogAdmin):
    """Certificates of erasures."""

    list_display = ("at", "customer", "by", "reason")
    list_select_related = ("by",)
    list_filter = (("at", DayRangeFilter),)
    list_filter_submit = True
    search_fields = ("customer",)
    ordering = ("-at",)
    actions_detail = ("download",)

    @action(description=gettext_lazy("Download"), url_path="download", icon="download", permissions=["view"])
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer the certificate as JSON, with its hash."""
        one = self.get_object(request, unquote(object_id))
        if one is None:
            raise Http404
        text = json.dumps({**one.content(), "sha256": one.sha256}, indent=2, ensure_ascii=False)
        headers = {"Content-Disposition": f'attachment; filename="erasure-{one.pk}.json"'}
        return HttpResponse(text, content_type="application/json", headers=headers)
