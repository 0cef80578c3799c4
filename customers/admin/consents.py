"""Consent in the staff site: on a customer's page how it stands, its history, and what they say now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from crm.admin import RecordAdmin, link_to, staff
from crm.admin.base import ModelAdmin
from crm.admin.lists import DayRangeFilter
from customers.actions import grant_consent, revoke_preferences_links, withdraw_consent
from customers.consents import standing
from customers.models import Consent, Purpose
from customers.preferences import expiry, link_for

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from customers.models import Customer

LATEST = 50
SAID = [("granted", _("agrees")), ("withdrawn", _("does not agree"))]
BY_STAFF = [(one.value, one.label) for one in Consent.Source if one not in {"preferences", "unsubscribe", "import"}]


class ConsentForm(forms.Form):
    """What a customer said, and how."""

    purpose = forms.ModelChoiceField(
        Purpose.objects.none(), label=_("Purpose"), widget=UnfoldAdminSelectWidget, empty_label=None
    )
    said = forms.ChoiceField(label=_("The customer"), choices=SAID, widget=UnfoldAdminSelectWidget)
    source = forms.ChoiceField(label=_("How"), choices=BY_STAFF, widget=UnfoldAdminSelectWidget)
    evidence = forms.CharField(
        label=_("Evidence"),
        max_length=10_000,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("The wording agreed to, or where the proof is."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the purposes that customers are asked for."""
        super().__init__(*args, **kwargs)
        self.fields["purpose"].queryset = Purpose.objects.filter(is_active=True).order_by("name")  # type: ignore[attr-defined]  # of a ModelChoiceField

    def record(self, customer: Customer, by: Any) -> None:
        """Record what the customer said."""
        said = self.cleaned_data
        verb = grant_consent if said["said"] == "granted" else withdraw_consent
        verb(customer=customer, purpose=said["purpose"], source=said["source"], by=by, evidence=said["evidence"])


class WithConsent:
    """Leads from a customer to their consent."""

    @action(description=_("Consent"), url_path="consent", icon="verified_user")
    def consent(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show how the consent stands, and record what the customer says now; make and revoke links."""
        own: Any = self
        customer: Customer | None = own.get_object(request, unquote(object_id))
        if customer is None or not staff(request).view_level(Consent):
            raise Http404
        may_add = staff(request).has_perm("customers.add_consent")
        if request.method == "POST" and not may_add:
            raise PermissionDenied
        form = ConsentForm(request.POST if "record" in request.POST else None)
        if request.method == "POST" and done(request, customer, form):
            return HttpResponseRedirect(request.path)
        may_link = own.has_change_permission(request, customer)
        context = {
            **own.admin_site.each_context(request),
            "title": _("Consent of %s") % customer,
            "customer": customer,
            "standing": standing(customer),
            "history": Consent.objects.of([customer])
            .select_related("purpose", "recorded_by")
            .order_by("-occurred_at", "-id")[:LATEST],
            "form": form if may_add else None,
            "link": link_for(customer) if may_link else "",
            "expiry": expiry(),
        }
        return TemplateResponse(request, "customers/consent.html", context)


def done(request: HttpRequest, customer: Customer, form: ConsentForm) -> bool:
    """Do what the button says; tell whether it was done."""
    if "revoke" in request.POST:
        revoke_preferences_links(customer=customer)
        messages.success(request, _("Earlier links to the customer's pages no longer work."))
        return True
    if not form.is_valid():
        return False
    form.record(customer, staff(request))
    messages.success(request, _("What the customer said was recorded."))
    return True


@admin.register(Consent)
class ConsentAdmin(RecordAdmin):
    """The history of what customers agreed to and took back; it is read here, and added to on a customer's page."""

    list_display = ("customer_link", "purpose", "state", "occurred_at", "source", "recorded_by")
    list_select_related = ("customer", "purpose", "recorded_by")
    list_filter = (
        ("purpose", RelatedDropdownFilter),
        ("is_granted", BooleanRadioFilter),
        ("source", ChoicesDropdownFilter),
        ("occurred_at", DayRangeFilter),
    )
    ordering = ("-occurred_at", "-id")
    sections = (
        (None, {"fields": ("customer", "purpose", "is_granted", "occurred_at", "source", "evidence")}),
        (_("Origin"), {"classes": ["tab"], "fields": ("recorded_by", "ip_address", "user_agent")}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("customer"), ordering="customer__name")
    def customer_link(self, consent: Consent) -> str:
        return link_to(consent.customer)

    @display(description=_("state"), label={"granted": "success", "withdrawn": "danger"})
    def state(self, consent: Consent) -> tuple[str, Any]:
        return ("granted", _("granted")) if consent.is_granted else ("withdrawn", _("withdrawn"))


@admin.register(Purpose)
class PurposeAdmin(ModelAdmin):
    """What needs a customer's consent: administrators add to it."""

    list_display = ("name", "label", "label_zh", "channel", "is_active")
    ordering = ("name",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).view_level(Consent) is not None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return staff(request).has_perm("crm.add_customfield")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).has_perm("crm.change_customfield")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).has_perm("crm.delete_customfield")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("name",) if obj else ()
