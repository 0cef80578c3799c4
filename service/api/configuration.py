"""Queues, agents, business hours and SLA policies over REST."""

from __future__ import annotations

from crm.api.serializers import COMMON, RecordSerializer
from crm.api.viewsets import RecordViewSet
from service.models import Agent, BusinessHours, Queue, SLAPolicy
from service.models.hours import DAYS


class BusinessHoursSerializer(RecordSerializer):
    class Meta:
        model = BusinessHours
        fields = (*COMMON, "name", "time_zone", *DAYS, "country", "subdivision", "days")


class BusinessHoursViewSet(RecordViewSet):
    """The hours in which teams work: clocks run in them only.

    After a change the clocks of open tickets are set anew by the worker.
    """

    queryset = BusinessHours.objects.all()
    serializer_class = BusinessHoursSerializer
    scope = "service"
    filterset_fields = {"name": ["exact"], "country": ["exact", "in"], "time_zone": ["exact"]}
    ordering_fields = ["name"]


class SLAPolicySerializer(RecordSerializer):
    class Meta:
        model = SLAPolicy
        fields = (
            *COMMON,
            "name",
            "hours",
            "first_response_urgent",
            "first_response_high",
            "first_response_normal",
            "first_response_low",
            "resolution_urgent",
            "resolution_high",
            "resolution_normal",
            "resolution_low",
            "pauses_on_hold",
            "warning_minutes",
            "escalate_to",
        )


class SLAPolicyViewSet(RecordViewSet):
    """What is promised of tickets, in minutes of business time by priority.

    After a change the clocks of open tickets are set anew by the worker.
    """

    queryset = SLAPolicy.objects.all()
    serializer_class = SLAPolicySerializer
    scope = "service"
    filterset_fields = {"name": ["exact"], "hours": ["exact", "in"]}
    ordering_fields = ["name"]


class QueueSerializer(RecordSerializer):
    class Meta:
        model = Queue
        fields = (
            *COMMON,
            "name",
            "description",
            "email",
            "policy",
            "assignment",
            "skills",
            "acknowledgement",
            "close_days",
            "survey_hours",
            "is_active",
        )


class QueueViewSet(RecordViewSet):
    """Where tickets wait for those who can answer them."""

    queryset = Queue.objects.all()
    serializer_class = QueueSerializer
    scope = "service"
    filterset_fields = {
        "name": ["exact"],
        "email": ["exact"],
        "policy": ["exact", "in", "isnull"],
        "assignment": ["exact"],
        "is_active": ["exact"],
    }
    ordering_fields = ["name"]
    natural_keys = ("name",)


class AgentSerializer(RecordSerializer):
    class Meta:
        model = Agent
        fields = (*COMMON, "user", "skills", "capacity", "is_available", "assigned_at")
        read_only_fields = ("assigned_at",)


class AgentViewSet(RecordViewSet):
    """Colleagues who take tickets: what they know, and how many they have at once."""

    queryset = Agent.objects.all()
    serializer_class = AgentSerializer
    scope = "service"
    filterset_fields = {"user": ["exact", "in"], "is_available": ["exact"]}
