"""Tasks over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action

from crm.api import filters
from crm.api.about import AboutSerializer
from crm.api.errors import Problem
from crm.api.serializers import COMMON, RecordSerializer
from crm.api.strictness import StrictSerializer
from crm.api.viewsets import SHAPE, RecordViewSet
from crm.models import Task, User
from crm.tasks import actions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rest_framework.response import Response

    from crm.api.requests import ApiRequest

MOMENTS = ("gt", "gte", "lt", "lte", "isnull")


class TaskSerializer(AboutSerializer):
    class Meta:
        model = Task
        fields = (
            *COMMON,
            "title",
            "description",
            "due_at",
            "remind_at",
            "priority",
            "status",
            "completed_at",
            "completed_by",
            "assignee",
            "about_type",
            "about_id",
            "customer",
        )
        read_only_fields = ("status", "completed_at", "completed_by", "customer")

    kept_by_put = RecordSerializer.kept_by_put | {"assignee"}
    callers = (*RecordSerializer.callers, "assignee")


class AssignSerializer(StrictSerializer):
    """Whom to give a task to."""

    assignee = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.filter(is_active=True),
        allow_null=True,
        help_text=gettext_lazy("The colleague; null for nobody."),
    )


class SnoozeSerializer(StrictSerializer):
    """How long to put a task off."""

    until = serializers.DateTimeField(help_text=gettext_lazy("When it is due from now on; in the future."))


class TaskViewSet(RecordViewSet):
    """What colleagues must do: by when, about which record, and whether it is done."""

    queryset = Task.objects.all()
    serializer_class = TaskSerializer
    scope = "tasks"
    filterset_fields = {
        "status": ["exact", "in"],
        "priority": ["exact", "in"],
        "assignee": ["exact", "in", "isnull"],
        "due_at": MOMENTS,
        "remind_at": MOMENTS,
        "completed_at": MOMENTS,
        "about_type": ["exact"],
        "about_id": ["exact"],
        "customer": ["exact", "in"],
    }
    ordering_fields = ["due_order"]
    permission_verbs: ClassVar[Mapping[str, Sequence[str]]] = {
        **RecordViewSet.permission_verbs,
        **dict.fromkeys(("complete", "cancel", "reopen", "assign", "snooze"), ("change",)),
    }

    @extend_schema(request=None, responses=TaskSerializer)
    @action(detail=True, methods=["post"])
    def complete(self, request: ApiRequest, pk: Any) -> Response:
        """Note that a task is done."""
        return self.done(pk, actions.complete_task, by=request.user)

    @extend_schema(request=None, responses=TaskSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: ApiRequest, pk: Any) -> Response:
        """Note that a task need not be done."""
        return self.done(pk, actions.cancel_task)

    @extend_schema(request=None, responses=TaskSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: ApiRequest, pk: Any) -> Response:
        """Put a task that was done or cancelled back among what is to be done."""
        return self.done(pk, actions.reopen_task)

    @extend_schema(request=AssignSerializer, responses=TaskSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: ApiRequest, pk: Any) -> Response:
        """Give a task to a colleague."""
        said = AssignSerializer(data=self.sent())
        said.is_valid(raise_exception=True)
        return self.done(pk, actions.assign_task, to=said.validated_data["assignee"])

    @extend_schema(request=SnoozeSerializer, responses=TaskSerializer)
    @action(detail=True, methods=["post"])
    def snooze(self, request: ApiRequest, pk: Any) -> Response:
        """Put a task off.

        Its reminder moves along, as far before the due time as it was.
        """
        said = SnoozeSerializer(data=self.sent())
        said.is_valid(raise_exception=True)
        return self.done(pk, actions.snooze_task, until=said.validated_data["until"])

    def done(self, pk: Any, verb: Callable[..., Task], **how: Any) -> Response:
        """Do something to a task of the caller's, and answer it; raise a problem, 409 or 422, where it cannot be."""
        filters.refuse_unknown(self.request.query_params, SHAPE)
        try:
            with transaction.atomic():
                verb(task=self.locked(pk=pk), **how)
                return self.answer(pk, self.everything)
        except actions.NotOpen as error:
            raise Problem("conflict", _("The task is done or cancelled.")) from error
        except actions.StillOpen as error:
            raise Problem("conflict", _("The task is open.")) from error
        except actions.InThePast as error:
            raise Problem("rule_broken", _("Put it off to a time to come.")) from error
