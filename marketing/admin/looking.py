"""A campaign's page to look at before sending: the message for one customer, a test of it, and what to mind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from crm.admin import staff
from customers.models import Customer
from marketing import looking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern

    from marketing.models import Campaign


class PreviewForm(forms.Form):
    """For whom the message is filled in, and where a test goes."""

    customer = forms.CharField(
        label=_("Customer"), help_text=_("E-mail address or name."), widget=UnfoldAdminTextInputWidget
    )
    to = forms.EmailField(
        label=_("Send a test to"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("If empty, shown only."),
    )


class WithLooking:
    """Adds the page, and links to the campaign's own pages."""

    def get_urls(self) -> list[URLPattern]:
        own: Any = self
        view = own.admin_site.admin_view(self.preview)
        page = path("<path:object_id>/preview", view, name="marketing_campaign_preview")
        return [page, *super().get_urls()]  # type: ignore[misc]  # of the admin

    def links(self, request: HttpRequest, record: Campaign) -> Sequence[str]:
        """Return links to the campaign's own pages."""
        shown = [("results", _("Results")), *([("preview", _("Preview"))] if record.is_mailed else [])]
        addresses = [(reverse(f"admin:marketing_campaign_{name}", args=(record.pk,)), title) for name, title in shown]
        return [format_html('<a href="{}" class="text-link">{}</a>', *pair) for pair in addresses]

    def the_campaign(self, request: HttpRequest, object_id: str) -> Campaign:
        """Return a campaign that the user sees."""
        own: Any = self
        record: Campaign | None = own.get_object(request, unquote(object_id))
        if record is None or not own.has_view_permission(request, record):
            raise Http404
        return record

    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the message for one customer, and what to look at; send a test where an address is given."""
        own: Any = self
        campaign = self.the_campaign(request, object_id)
        form = PreviewForm(request.POST or None)
        shown = None
        if request.method == "POST" and form.is_valid():
            if form.cleaned_data["to"] and not own.has_change_permission(request, campaign):
                raise PermissionDenied
            shown = self.shown(request, campaign, form)
        context = {
            **own.admin_site.each_context(request),
            "title": _("Preview"),
            "campaign": campaign,
            "form": form,
            "shown": shown,
            "findings": looking.findings(campaign=campaign),
            "opts": own.opts,
        }
        return TemplateResponse(request, "marketing/preview.html", context)

    def shown(self, request: HttpRequest, campaign: Campaign, form: PreviewForm) -> dict[str, str] | None:
        """Return the message for the customer whom a form names; None where there is none."""
        customers = Customer.objects.visible_to(staff(request))
        said = form.cleaned_data["customer"].strip()
        customer = customers.filter(email=said.lower()).first() or customers.filter(name=said).first()
        if customer is None:
            form.add_error("customer", gettext("There is no such customer."))
            return None
        try:
            if form.cleaned_data["to"]:
                looking.send_test(campaign=campaign, customer=customer, to=form.cleaned_data["to"])
                messages.success(request, _("The test was sent."))
            return looking.preview(campaign=campaign, customer=customer)
        except looking.CannotShow as error:
            form.add_error(None, str(error))
            return None
