"""Campaigns over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from crm.api import filters
from crm.api.errors import Problem
from crm.api.fields import VisibleRelatedField
from crm.api.serializers import COMMON, RecordSerializer
from crm.api.strictness import StrictSerializer
from crm.api.verbs import Verbs
from crm.api.viewsets import RecordViewSet
from customers.models import Customer
from marketing import actions, looking, results
from marketing.api.results import ResultsSerializer
from marketing.models import Campaign, CampaignMember

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crm.api.requests import ApiRequest

MOMENTS = ("gt", "gte", "lt", "lte")
OUTCOME = ("status", "scheduled_at", "started_at", "finished_at", "launched_by", "winner")


class CampaignSerializer(RecordSerializer):
    class Meta:
        model = Campaign
        fields = (
            *COMMON,
            *("name", "kind", "status", "segment", "template", "purpose", "tracking_purpose"),
            *("from_name", "from_address", "reply_to"),
            *("scheduled_at", "started_at", "finished_at", "launched_by"),
            *("starts_on", "ends_on", "budget", "actual_cost", "currency"),
            *("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"),
            *("per_second", "per_second_and_domain", "quiet_from", "quiet_until", "uses_local_time"),
            *("subject_b", "test_share", "test_hours", "winner_by", "winner"),
            *("tracks_opens", "tracks_clicks"),
        )
        read_only_fields = OUTCOME


class ScheduleSerializer(StrictSerializer):
    """When a campaign starts."""

    at = serializers.DateTimeField(help_text=_("When it starts; recipients elsewhere get it at that time of theirs."))


class OneCustomerSerializer(StrictSerializer):
    """For whom a message is filled in."""

    customer = VisibleRelatedField(queryset=Customer.objects.all(), help_text=_("Whose data fill the placeholders."))


class TestSerializer(OneCustomerSerializer):
    """Where a test goes."""

    to = serializers.EmailField(max_length=254, help_text=_("Where the test goes, whatever the customer's address is."))


class PreviewSerializer(serializers.Serializer[Any]):
    """A message as one customer would get it."""

    subject = serializers.CharField(max_length=2000, help_text=_("Subject line."))
    html = serializers.CharField(max_length=1_000_000, help_text=_("HTML; empty where there is none."))
    text = serializers.CharField(max_length=1_000_000, help_text=_("Plain text."))


class FindingSerializer(serializers.Serializer[Any]):
    """Something to look at before sending."""

    code = serializers.CharField(max_length=50, help_text=_("Stable name, such as `no_text`."))
    detail = serializers.CharField(max_length=1000, help_text=_("What is found, for people."))
    is_error = serializers.BooleanField(help_text=_("Whether it should not be sent so."))


class FindingsSerializer(serializers.Serializer[Any]):
    """What to look at before sending."""

    results = FindingSerializer(many=True)


class CampaignViewSet(Verbs, RecordViewSet):
    """What is sent to, or done for, the customers of a segment."""

    queryset = Campaign.objects.all()
    serializer_class = CampaignSerializer
    needs_body = ("schedule", "preview", "test")
    scope = "marketing"
    filterset_fields = {
        "kind": ["exact", "in"],
        "status": ["exact", "in"],
        "segment": ["exact", "in"],
        "template": ["exact", "in"],
        "scheduled_at": MOMENTS,
        "started_at": MOMENTS,
        "utm_campaign": ["exact"],
    }
    ordering_fields = ["name"]
    permission_verbs: ClassVar[Mapping[str, Sequence[str]]] = {
        **RecordViewSet.permission_verbs,
        **dict.fromkeys(
            ("schedule", "unschedule", "start", "pause", "resume", "finish", "cancel", "test"), ("change",)
        ),
        "preview": (),
    }

    @extend_schema(request=ScheduleSerializer, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def schedule(self, request: ApiRequest, pk: Any) -> Response:
        """Let a campaign start of itself."""
        self.sent()
        said = self.said(ScheduleSerializer)
        return self.done(pk, "campaign", actions.schedule_campaign, by=request.user, **said)

    @extend_schema(request=None, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def unschedule(self, request: ApiRequest, pk: Any) -> Response:
        """Make a draft of a scheduled campaign again."""
        return self.done(pk, "campaign", actions.unschedule_campaign)

    @extend_schema(request=None, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def start(self, request: ApiRequest, pk: Any) -> Response:
        """Begin: find out who is part of it, once, and send."""
        return self.done(pk, "campaign", actions.start_campaign, by=request.user)

    @extend_schema(request=None, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: ApiRequest, pk: Any) -> Response:
        """Let no more messages leave for now."""
        return self.done(pk, "campaign", actions.pause_campaign)

    @extend_schema(request=None, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: ApiRequest, pk: Any) -> Response:
        """Go on with a campaign that was paused."""
        return self.done(pk, "campaign", actions.resume_campaign)

    @extend_schema(request=None, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def finish(self, request: ApiRequest, pk: Any) -> Response:
        """End a campaign that the CRM does not send itself."""
        return self.done(pk, "campaign", actions.finish_campaign)

    @extend_schema(request=None, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: ApiRequest, pk: Any) -> Response:
        """Give a campaign up; whoever got nothing yet gets nothing."""
        return self.done(pk, "campaign", actions.cancel_campaign)

    @extend_schema(request=OneCustomerSerializer, responses=PreviewSerializer)
    @action(detail=True, methods=["post"])
    def preview(self, request: ApiRequest, pk: Any) -> Response:
        """Fill in the message for one customer; nothing is sent."""
        filters.refuse_unknown(request.query_params, ("format",))
        self.sent()
        customer = self.said(OneCustomerSerializer)["customer"]
        try:
            return Response(looking.preview(campaign=self.found(pk), customer=customer))
        except looking.CannotShow as error:
            raise Problem("rule_broken", str(error)) from error

    @extend_schema(request=TestSerializer, responses={204: None})
    @action(detail=True, methods=["post"])
    def test(self, request: ApiRequest, pk: Any) -> Response:
        """Send the message for one customer to another address; links in it note nothing."""
        filters.refuse_unknown(request.query_params, ("format",))
        self.sent()
        said = self.said(TestSerializer)
        try:
            looking.send_test(campaign=self.found(pk), **said)
        except looking.CannotShow as error:
            raise Problem("rule_broken", str(error)) from error
        return Response(status=204)

    @extend_schema(responses=FindingsSerializer)
    @action(detail=True)
    def findings(self, request: ApiRequest, pk: Any) -> Response:
        """Read what to look at before sending: links, the way to unsubscribe, and what filters of spam mind."""
        filters.refuse_unknown(request.query_params, ("format",))
        return Response({"results": [one.as_dict() for one in looking.findings(campaign=self.found(pk))]})

    @extend_schema(responses=ResultsSerializer)
    @action(detail=True)
    def results(self, request: ApiRequest, pk: Any) -> Response:
        """Read what became of a campaign, as of now; of customers whom you see."""
        filters.refuse_unknown(request.query_params, ("format",))
        return Response(results.results_of(self.found(pk), request.user))


class CampaignMemberSerializer(RecordSerializer):
    class Meta:
        model = CampaignMember
        fields = (
            *COMMON,
            *("campaign", "customer", "state", "reason", "detail", "variant", "message_id"),
            *("address_digest", "attempts", "due_at"),
            *("claimed_at", "sent_at", "delivered_at", "opened_at", "clicked_at", "replied_at", "bounced_at"),
            *("complained_at", "unsubscribed_at"),
        )


class CampaignMemberViewSet(RecordViewSet):
    """Who is part of a campaign, and what became of their message; written as it is sent."""

    queryset = CampaignMember.objects.all()
    serializer_class = CampaignMemberSerializer
    scope = "marketing"
    withheld = frozenset({"create", "update", "partial_update", "destroy", "upsert", "restore", "batch"})
    filterset_fields = {
        "campaign": ["exact", "in"],
        "customer": ["exact", "in"],
        "state": ["exact", "in"],
        "reason": ["exact", "in"],
        "variant": ["exact"],
        "sent_at": MOMENTS,
    }
