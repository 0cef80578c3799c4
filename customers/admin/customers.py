"""Customers in the staff site: people and organizations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    FieldTextFilter,
)
from unfold.decorators import action, display

from crm.admin import (
    ExternalReferenceInline,
    RecordAdmin,
    RecordInline,
    StackedRecordInline,
    link_to,
    staff,
)
from crm.admin.base import ReadOnly
from crm.admin.lists import ColleagueFilter, DayRangeFilter
from crm.admin.merging import WithMerge
from crm.admin.overview import WithOverview
from crm.admin.privacy import WithPrivacy
from customers.actions import log_interaction
from customers.admin.calls import CallForm
from customers.admin.consents import WithConsent
from customers.admin.countries import CountryFilter, WithCountry, country_name
from customers.admin.links import email_link, phone_link, website_link
from customers.admin.relations import InverseRelationInline, RelationInline, WithTree
from customers.matching import candidates
from customers.models import Address, Customer, Interaction
from customers.relations import members_of, members_of_tree

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from crm.alike import Candidate
    from crm.models import User
    from crm.querysets import RecordQuerySet

LIFECYCLE_COLORS = {"lead": "info", "prospect": "primary", "customer": "success", "former": "warning"}
RECENT = 10
MORE = ["timeline", "tree", "consent", "attachments", "merge", "personal_data", "erase"]


class AddressInline(WithCountry, StackedRecordInline):
    model = Address
    ordering = ("-is_primary", "id")
    fields = (("type", "is_primary"), "street", ("postal_code", "city"), ("region", "country"))


class PersonInline(RecordInline):
    model = Customer
    fk_name = "organization"
    verbose_name = _("person")
    verbose_name_plural = _("people")
    fields = ("name", "job_title", "email", "phone")
    ordering = ("name", "id")
    per_page = 20

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RecentInteractionInline(ReadOnly, RecordInline):
    model = Interaction
    verbose_name_plural = _("latest interactions")
    fields = readonly_fields = ("occurred_at", "kind", "direction", "subject", "user")

    def get_queryset(self, request: HttpRequest) -> RecordQuerySet:
        queryset = super().get_queryset(request).select_related("user").order_by("-occurred_at", "-id")
        customer = unquote(request.resolver_match.kwargs["object_id"]) if request.resolver_match else None
        latest = queryset.filter(customer=customer).values("pk")[:RECENT]
        return queryset.filter(pk__in=latest)


def asked_kind(request: HttpRequest) -> str:
    """Return the kind of customer to add: what the address says, what the list showed, or a person."""
    narrowed = QueryDict(request.GET.get("_changelist_filters", ""))
    return request.GET.get("kind") or narrowed.get("kind__exact") or Customer.Kind.PERSON


@admin.register(Customer)
class CustomerAdmin(WithConsent, WithCountry, WithOverview, WithTree, WithMerge, WithPrivacy, RecordAdmin):
    """Whom the company deals with, or would like to."""

    list_display = (
        "name",
        "kind_label",
        "organization_link",
        "email_link",
        "phone_link",
        "lifecycle_label",
        "country_name",
        "owner",
    )
    list_select_related = ("owner",)
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("lifecycle", ChoicesDropdownFilter),
        CountryFilter,
        ("owner", ColleagueFilter),
        ("industry", FieldTextFilter),
        ("is_active", BooleanRadioFilter),
        ("created_at", DayRangeFilter),
    )
    search_help_text = _("Name, e-mail or phone")
    ordering = ("name", "id")
    autocomplete_fields = ("organization",)
    readonly_fields = (*RecordAdmin.readonly_fields, "phone_e164", "erased_at")
    linked = ("organization",)
    change_form_outer_before_template = "customers/customer_links.html"
    actions_row = ("log_a_call",)
    actions_detail: Any = (
        "overview",
        "log_a_call",
        "add_task",
        {"title": _("More"), "items": MORE},
    )

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        kind = request.GET.get("kind__exact")
        known = {"person": {"kind_label"}, "organization": {"kind_label", "organization_link"}}.get(kind or "", set())
        return [name for name in super().get_list_display(request) if name not in known]

    def get_sections(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        is_organization = (obj.kind if obj else asked_kind(request)) == Customer.Kind.ORGANIZATION
        names = [] if is_organization else [("given_name", "family_name"), ("organization", "job_title")]
        reach = [("email", "phone"), ("fax", "website"), *(["phone_e164"] if obj else [])]
        business = [("industry", "tax_id"), ("source", "is_active")]
        common = super().get_sections(request, obj)
        return [
            (None, {"fields": [("kind", "lifecycle"), "name", *names]}),
            (_("Contact details"), {"classes": ["tab"], "fields": reach}),
            (_("Business"), {"classes": ["tab"], "fields": [*business, "description"]}),
            (_("Language and place"), {"classes": ["tab"], "fields": ["country", ("language", "time_zone")]}),
            *common,
        ]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"kind": asked_kind(request), **super().get_changeform_initial_data(request)}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "name":
            field.required = False
        return field

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        customer = kwargs.get("obj")
        if customer is not None:
            hidden = self.out_of_sight(request, customer)
            organization = "" if "organization" in hidden else link_to(customer.organization)
            links = [organization, self.email_link(customer), self.phone_link(customer), website_link(customer)]
            context["links"] = [link for link in links if link]
        return super().render_change_form(request, context, *args, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[type]:
        if obj is None:
            return [AddressInline]
        people = [PersonInline] if obj.kind == Customer.Kind.ORGANIZATION else []
        relations = [RelationInline, InverseRelationInline]
        names = [] if obj.erased_at else [ExternalReferenceInline]
        return [*people, RecentInteractionInline, AddressInline, *relations, *names]

    @action(
        description=_("Log a call"),
        url_path="log-a-call",
        icon="call",
        permissions=["log_a_call"],
        extra_options={"display_in_dropdown": False},
    )
    def log_a_call(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask what a call was about, and record it."""
        customer = self.get_object(request, unquote(object_id))
        if customer is None:
            raise Http404
        form = CallForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            log_interaction(customer=customer, by=staff(request), **form.details())
            messages.success(request, _("The call with %(name)s was logged.") % {"name": customer.name})
            return HttpResponseRedirect(reverse("admin:customers_customer_change", args=(customer.pk,)))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Log a call"),
            "subtitle": customer.name,
            "customer": customer,
            "form": form,
        }
        return TemplateResponse(request, "customers/log_a_call.html", context)

    def timeline_scopes(self, customer: Customer) -> list[tuple[str, Any]]:
        is_organization = customer.kind == Customer.Kind.ORGANIZATION
        return [("", _("This organization")), ("tree", _("With its tree"))] if is_organization else []

    def with_members(self, customer: Customer, user: User, scope: str) -> RecordQuerySet:
        return members_of(customer, user) if scope != "tree" else members_of_tree(customer, user)

    def merge_candidates(self, record: Customer, user: User) -> list[Candidate]:
        return candidates(customer=record, user=user)

    def has_log_a_call_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).has_perm("customers.add_interaction")

    @display(description=_("kind"), ordering="kind", label={"person": "info", "organization": "primary"})
    def kind_label(self, customer: Customer) -> tuple[str, str]:
        return customer.kind, customer.get_kind_display()

    @display(description=_("lifecycle"), ordering="lifecycle", label=LIFECYCLE_COLORS)
    def lifecycle_label(self, customer: Customer) -> tuple[str, str]:
        return customer.lifecycle, customer.get_lifecycle_display()

    @display(description=_("organization"))
    def organization_link(self, customer: Customer) -> str:
        return link_to(customer.organization)

    @display(description=_("e-mail"), ordering="email")
    def email_link(self, customer: Customer) -> str:
        return email_link(customer)

    @display(description=_("phone"))
    def phone_link(self, customer: Customer) -> str:
        return phone_link(customer)

    @display(description=_("country"), ordering="country")
    def country_name(self, customer: Customer) -> str:
        return country_name(customer.country)
