"""Opportunities, their lines and their way through the stages, over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action

from crm.api.serializers import COMMON, RecordSerializer
from crm.api.strictness import StrictSerializer
from crm.api.verbs import HandOverSerializer
from crm.api.viewsets import RecordViewSet
from sales import actions
from sales.api.orders import LINE
from sales.api.verbs import Verbs
from sales.models import LossReason, Opportunity, OpportunityLine, Stage, StageChange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rest_framework.response import Response

    from crm.api.requests import ApiRequest

MOMENTS = ("gt", "gte", "lt", "lte")


class OpportunityLineSerializer(RecordSerializer):
    class Meta:
        model = OpportunityLine
        fields = (*COMMON, "opportunity", *LINE)


class OpportunityLineViewSet(RecordViewSet):
    """Lines of opportunities; their sum is the amount of the opportunity."""

    queryset = OpportunityLine.objects.all()
    serializer_class = OpportunityLineSerializer
    scope = "sales"
    filterset_fields = {"opportunity": ["exact", "in"], "product": ["exact", "in"]}


class StageChangeSerializer(RecordSerializer):
    class Meta:
        model = StageChange
        fields = (*COMMON, "opportunity", "from_stage", "to_stage", "changed_at", "changed_by", "seconds")
        read_only_fields = fields


class StageChangeViewSet(RecordViewSet):
    """The way of opportunities through the stages; each move is written by itself."""

    queryset = StageChange.objects.all()
    serializer_class = StageChangeSerializer
    scope = "sales"
    withheld = frozenset({"create", "update", "partial_update", "destroy", "upsert", "restore", "batch"})
    filterset_fields = {
        "opportunity": ["exact", "in"],
        "from_stage": ["exact", "in"],
        "to_stage": ["exact", "in"],
        "changed_at": MOMENTS,
        "changed_by": ["exact", "in"],
    }
    ordering_fields = ["changed_at"]


class OpportunitySerializer(RecordSerializer):
    class Meta:
        model = Opportunity
        fields = (
            *COMMON,
            "customer",
            "contact",
            "name",
            "stage",
            "pipeline",
            "status",
            "amount",
            "lines_total",
            "currency",
            "expected_close_on",
            "probability",
            "forecast_category",
            "lost_reason",
            "lost_note",
            "closed_at",
            "stage_since",
        )
        read_only_fields = ("pipeline", "status", "lines_total", "closed_at", "stage_since")
        extra_kwargs: ClassVar[dict[str, Any]] = {"stage": {"required": False}}
        expand = ("lines", "stage_changes")

    kept_by_put = RecordSerializer.kept_by_put | {"amount", "forecast_category", "stage"}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the values, with what follows from the stage."""
        attrs = super().validate(attrs)
        if self.instance is None:
            attrs["stage"] = self.judged.stage  # type: ignore[attr-defined]  # of an opportunity
        return attrs


class MoveSerializer(StrictSerializer):
    """Where to move a deal."""

    stage = serializers.PrimaryKeyRelatedField(queryset=Stage.objects.all(), help_text=_("The stage."))


class WinSerializer(StrictSerializer):
    """Where a deal that is won goes, or one that is opened again."""

    stage = serializers.PrimaryKeyRelatedField(
        queryset=Stage.objects.all(), required=False, help_text=_("The stage; the pipeline's own, unless one is named.")
    )


class LoseSerializer(WinSerializer):
    """Why a deal is lost."""

    reason = serializers.PrimaryKeyRelatedField(
        queryset=LossReason.objects.all(), help_text=_("Why; one of the loss reasons.")
    )
    note = serializers.CharField(
        required=False, allow_blank=True, max_length=1000, help_text=_("What else to know of the loss.")
    )


class OpportunityViewSet(Verbs, RecordViewSet):
    """Deals that may be won: how much, by when, and how far they have come."""

    queryset = Opportunity.objects.all()
    serializer_class = OpportunitySerializer
    scope = "sales"
    filterset_fields = {
        "customer": ["exact", "in"],
        "contact": ["exact", "in", "isnull"],
        "name": ["exact", "icontains"],
        "stage": ["exact", "in"],
        "pipeline": ["exact", "in"],
        "status": ["exact", "in"],
        "amount": ["gte", "lte"],
        "currency": ["exact", "in"],
        "expected_close_on": ["exact", "gte", "lte"],
        "forecast_category": ["exact", "in"],
        "lost_reason": ["exact", "in"],
        "closed_at": MOMENTS,
        "stage_since": MOMENTS,
    }
    ordering_fields = ["name", "amount", "expected_close_on", "stage_since"]
    permission_verbs: ClassVar[Mapping[str, Sequence[str]]] = {
        **RecordViewSet.permission_verbs,
        **dict.fromkeys(("move", "win", "lose", "reopen", "assign"), ("change",)),
    }

    @extend_schema(request=MoveSerializer, responses=OpportunitySerializer)
    @action(detail=True, methods=["post"])
    def move(self, request: ApiRequest, pk: Any) -> Response:
        """Move an open deal to another stage.

        To a stage in which deals are won or lost lead `win` and `lose`.
        """
        self.sent()
        return self.done(pk, "opportunity", actions.move_opportunity, **self.said(MoveSerializer))

    @extend_schema(request=WinSerializer, responses=OpportunitySerializer)
    @action(detail=True, methods=["post"])
    def win(self, request: ApiRequest, pk: Any) -> Response:
        """Note that a deal is won; the customer is a customer from now on."""
        return self.done(pk, "opportunity", actions.win_opportunity, **self.said(WinSerializer))

    @extend_schema(request=LoseSerializer, responses=OpportunitySerializer)
    @action(detail=True, methods=["post"])
    def lose(self, request: ApiRequest, pk: Any) -> Response:
        """Note that a deal is lost, and why."""
        self.sent()
        return self.done(pk, "opportunity", actions.lose_opportunity, **self.said(LoseSerializer))

    @extend_schema(request=WinSerializer, responses=OpportunitySerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: ApiRequest, pk: Any) -> Response:
        """Open a deal again that was won or lost, where it was before."""
        return self.done(pk, "opportunity", actions.reopen_opportunity, **self.said(WinSerializer))

    @extend_schema(request=HandOverSerializer, responses=OpportunitySerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: ApiRequest, pk: Any) -> Response:
        """Give a deal to a colleague and their team."""
        self.sent()
        return self.done(pk, "opportunity", actions.assign_opportunity, to=self.said(HandOverSerializer)["owner"])
