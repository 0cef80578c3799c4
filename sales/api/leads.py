"""Leads over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action

from crm.api import filters
from crm.api.errors import Problem
from crm.api.fields import VisibleRelatedField
from crm.api.serializers import COMMON, RecordSerializer
from crm.api.strictness import StrictSerializer
from crm.api.verbs import HandOverSerializer
from crm.api.viewsets import SHAPE, RecordViewSet
from crm.currencies import known_currency
from customers.models import Customer
from sales import actions
from sales.api.opportunities import OpportunitySerializer
from sales.api.verbs import Verbs, refusals
from sales.models import Lead, Opportunity, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rest_framework.response import Response

    from crm.api.requests import ApiRequest

MOMENTS = ("gt", "gte", "lt", "lte")


class LeadSerializer(RecordSerializer):
    class Meta:
        model = Lead
        fields = (
            *COMMON,
            "customer",
            "subject",
            "message",
            "status",
            "source",
            "rating",
            "score",
            "score_reasons",
            "disqualified_reason",
            "disqualified_note",
            "converted_at",
            "opportunity",
            "form",
            "campaign",
            "utm",
            "reminded_at",
        )
        read_only_fields = (
            "status",
            "score",
            "score_reasons",
            "disqualified_reason",
            "disqualified_note",
            "converted_at",
            "opportunity",
            "form",
            "utm",
            "reminded_at",
        )


def text(name: str, longest: int) -> serializers.CharField:
    """Return a field for what a person says of themselves, as a customer has it."""
    field: Any = Customer._meta.get_field(name)
    return serializers.CharField(required=False, max_length=longest, help_text=field.help_text)


class ContactSerializer(StrictSerializer):
    """Who showed interest, in their own words."""

    name = text("name", 200)
    given_name = text("given_name", 100)
    family_name = text("family_name", 100)
    email = serializers.EmailField(required=False, max_length=254, help_text=_("E-mail address."))
    phone = text("phone", 50)
    company = serializers.CharField(required=False, max_length=200, help_text=_("Organization that they belong to."))
    country = text("country", 2)
    language = text("language", 20)


class CaptureSerializer(StrictSerializer):
    """That somebody showed interest: a customer that is there, or contact data."""

    customer = VisibleRelatedField(
        queryset=Customer.objects.all(), required=False, help_text=_("Who, where the customer is known.")
    )
    contact = ContactSerializer(required=False, help_text=_("Who, where it is to be found out."))
    subject = serializers.CharField(
        required=False, max_length=200, help_text=_("What they are interested in, in a line.")
    )
    message = serializers.CharField(required=False, max_length=10_000, help_text=_("What they wrote or said."))
    source = serializers.CharField(  # type: ignore[assignment]  # a field takes the place of the property
        required=False, max_length=100, help_text=_("Where the lead came from.")
    )
    rating = serializers.ChoiceField(Lead.Rating.choices, required=False, help_text=_("How promising it seems."))


class DisqualifySerializer(StrictSerializer):
    """Why a lead is given up."""

    reason = serializers.ChoiceField(Lead.Disqualification.choices, help_text=_("Why it is given up."))
    note = serializers.CharField(
        required=False, allow_blank=True, max_length=1000, help_text=_("What else to know of it.")
    )


class ConvertSerializer(StrictSerializer):
    """What is known of the deal that a lead becomes; all of it may be left out."""

    name = serializers.CharField(required=False, max_length=200, help_text=_("Name of the opportunity."))
    stage = serializers.PrimaryKeyRelatedField(
        queryset=Stage.objects.all(), required=False, help_text=_("Where it begins, unless in the first stage.")
    )
    amount = serializers.DecimalField(14, 2, min_value=0, required=False, help_text=_("What it is worth, without tax."))
    currency = serializers.CharField(
        required=False, max_length=3, validators=[known_currency], help_text=_("Currency of the amount (ISO 4217).")
    )
    expected_close_on = serializers.DateField(
        required=False, help_text=_("When it should be decided; in 30 days, unless said otherwise.")
    )


class LeadViewSet(Verbs, RecordViewSet):
    """Expressions of interest: what is to be worked until it becomes an opportunity, or is given up."""

    queryset = Lead.objects.all()
    serializer_class = LeadSerializer
    needs_body = ("capture",)
    scope = "sales"
    filterset_fields = {
        "customer": ["exact", "in"],
        "status": ["exact", "in"],
        "source": ["exact", "in"],
        "rating": ["exact", "in"],
        "score": ["gte", "lte"],
        "disqualified_reason": ["exact", "in"],
        "converted_at": MOMENTS,
        "opportunity": ["exact", "isnull"],
        "form": ["exact", "in", "isnull"],
        "campaign": ["exact", "in", "isnull"],
    }
    ordering_fields = ["score"]
    permission_verbs: ClassVar[Mapping[str, Sequence[str]]] = {
        **RecordViewSet.permission_verbs,
        "capture": ("add",),
        **dict.fromkeys(
            ("start", "qualify", "disqualify", "reopen", "assign", "convert", "assign_by_rules"), ("change",)
        ),
    }

    @extend_schema(request=CaptureSerializer, responses={201: LeadSerializer})
    @action(detail=False, methods=["post"])
    def capture(self, request: ApiRequest) -> Response:
        """Note that somebody showed interest.

        The customer is named, or recognised by contact data among those you see: by the e-mail address, or by phone
        number and name. Who is not there yet is added as a lead, with the company.
        """
        filters.refuse_unknown(request.query_params, SHAPE)
        self.sent()
        details = self.said(CaptureSerializer)
        if "contact" in details:
            require_permission(request, "customers.add_customer")
        with transaction.atomic():
            return self.answer_new(actions.capture_lead(by=request.user, **details))

    @extend_schema(request=None, responses=LeadSerializer)
    @action(detail=True, methods=["post"])
    def start(self, request: ApiRequest, pk: Any) -> Response:
        """Note that somebody works on a lead."""
        return self.done(pk, "lead", actions.start_lead)

    @extend_schema(request=None, responses=LeadSerializer)
    @action(detail=True, methods=["post"])
    def qualify(self, request: ApiRequest, pk: Any) -> Response:
        """Note that a lead is worth an opportunity."""
        return self.done(pk, "lead", actions.qualify_lead)

    @extend_schema(request=DisqualifySerializer, responses=LeadSerializer)
    @action(detail=True, methods=["post"])
    def disqualify(self, request: ApiRequest, pk: Any) -> Response:
        """Give up a lead, for a reason."""
        self.sent()
        return self.done(pk, "lead", actions.disqualify_lead, **self.said(DisqualifySerializer))

    @extend_schema(request=None, responses=LeadSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: ApiRequest, pk: Any) -> Response:
        """Work on a lead again that had been given up."""
        return self.done(pk, "lead", actions.reopen_lead)

    @extend_schema(request=HandOverSerializer, responses=LeadSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: ApiRequest, pk: Any) -> Response:
        """Give a lead to a colleague and their team."""
        self.sent()
        return self.done(pk, "lead", actions.assign_lead, to=self.said(HandOverSerializer)["owner"])

    @extend_schema(request=None, responses=LeadSerializer)
    @action(detail=True, methods=["post"], url_path="assign-by-rules")
    def assign_by_rules(self, request: ApiRequest, pk: Any) -> Response:
        """Give a lead to whom the assignment rules name, whoever has it now."""
        return self.done(pk, "lead", actions.assign_by_rules)

    @extend_schema(request=ConvertSerializer, responses={201: OpportunitySerializer})
    @action(detail=True, methods=["post"])
    def convert(self, request: ApiRequest, pk: Any) -> Response:
        """Make an opportunity of a lead, once.

        Of several requests at the same time one makes it; the others are answered 409, with its id.
        """
        filters.refuse_unknown(request.query_params, SHAPE)
        require_permission(request, "sales.add_opportunity")
        deal = self.said(ConvertSerializer)
        with transaction.atomic(), refusals():
            opportunity = actions.convert_lead(lead=self.locked(pk=pk), by=request.user, **deal)
            return self.answer_opportunity(opportunity)

    def answer_opportunity(self, opportunity: Opportunity) -> Response:
        """Answer the opportunity that a lead became, as its own list does."""
        from sales.api.opportunities import OpportunityViewSet

        view: Any = OpportunityViewSet(request=self.request, format_kwarg=None, action="retrieve", kwargs={})
        view.basename = "opportunity"
        return view.answer_new(opportunity)  # type: ignore[no-any-return]


def require_permission(request: ApiRequest, name: str) -> None:
    """Raise the problem, 403, of a caller who may not do what the operation does besides."""
    if not request.user.has_perm(name):
        raise Problem("permission_denied")
