"""Tickets and what is said on them, over REST."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action

from crm.api import filters
from crm.api.errors import Problem
from crm.api.serializers import COMMON, RecordSerializer
from crm.api.viewsets import SHAPE, RecordViewSet
from service import actions
from service.api.verbs import (
    AssignTicketSerializer,
    MergeTicketSerializer,
    MessageSerializer,
    OpenTicketSerializer,
    ReplySerializer,
    SplitTicketSerializer,
    StatusSerializer,
    WithFilesSerializer,
)
from service.models import Ticket, TicketMessage
from service.words import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rest_framework.response import Response

    from crm.api.requests import ApiRequest

MOMENTS = ("gt", "gte", "lt", "lte", "isnull")
SET_BY_US = (
    "number",
    "status",
    "status_since",
    "assignee",
    "opened_at",
    "first_replied_at",
    "resolved_at",
    "reopened",
    "merged_into",
    "first_response_target",
    "first_response_due_at",
    "first_response_left",
    "first_response_breached_at",
    "first_response_minutes",
    "resolution_target",
    "resolution_due_at",
    "resolution_left",
    "resolution_breached_at",
    "resolution_minutes",
)
VERBS = ("reply", "note", "receive", "assign", "take", "move", "merge", "split")


class TicketSerializer(RecordSerializer):
    class Meta:
        model = Ticket
        fields = (*COMMON, "subject", "customer", "email", "queue", "type", "priority", "channel", "policy", *SET_BY_US)
        read_only_fields = SET_BY_US
        expand = ("messages",)

    kept_by_put = RecordSerializer.kept_by_put | {"policy"}

    def create(self, validated_data: dict[str, Any]) -> Any:
        """Write a new ticket, and give it to an agent where its queue does so."""
        return actions.assign_automatically(ticket=super().create(validated_data))


class TicketMessageSerializer(RecordSerializer):
    class Meta:
        model = TicketMessage
        fields = (
            *COMMON,
            "ticket",
            "kind",
            "author",
            "written_at",
            "subject",
            "body",
            "html",
            "from_address",
            "to_address",
            "message_id",
            "in_reply_to",
            "delivery",
            "sent_at",
            "delivery_error",
        )


CONFLICTS: Final = (actions.IsMerged, actions.IsClosed, actions.IsTaken, actions.NoWayThere, actions.Overtaken)


@contextmanager
def refusals() -> Iterator[None]:
    """Answer what the verbs refuse with problems, 409 or 422."""
    try:
        yield
    except tuple(REFUSALS) as error:
        name = "conflict" if isinstance(error, CONFLICTS) else "rule_broken"
        raise Problem(name, REFUSALS[type(error)]) from error


class TicketViewSet(RecordViewSet):
    """Requests of customers: how they stand, who answers them, and by when.

    The times by which they are due are kept by the CRM from what is promised; the verbs change how tickets stand.
    """

    queryset = Ticket.objects.all()
    serializer_class = TicketSerializer
    scope = "service"
    filterset_fields = {
        "number": ["exact", "in"],
        "customer": ["exact", "in"],
        "queue": ["exact", "in"],
        "type": ["exact", "in"],
        "priority": ["exact", "in"],
        "channel": ["exact", "in"],
        "status": ["exact", "in"],
        "assignee": ["exact", "in", "isnull"],
        "policy": ["exact", "in", "isnull"],
        "merged_into": ["exact", "isnull"],
        "opened_at": MOMENTS,
        "resolved_at": MOMENTS,
        "first_response_due_at": MOMENTS,
        "resolution_due_at": MOMENTS,
        "first_response_breached_at": MOMENTS,
        "resolution_breached_at": MOMENTS,
    }
    ordering_fields = ["opened_at", "next_due_at"]
    permission_verbs: ClassVar[Mapping[str, Sequence[str]]] = {
        **RecordViewSet.permission_verbs,
        **dict.fromkeys(VERBS, ("change",)),
        "open": ("add",),
    }

    @extend_schema(request=OpenTicketSerializer, responses={201: TicketSerializer})
    @action(detail=False, methods=["post"])
    def open(self, request: ApiRequest) -> Response:
        """Open a ticket with the customer's first message."""
        filters.refuse_unknown(request.query_params, SHAPE)
        said = self.said(OpenTicketSerializer)
        with refusals(), transaction.atomic():
            return self.answer_new(actions.open_ticket(by=request.user, **said))

    @extend_schema(request=ReplySerializer, responses=TicketSerializer)
    @action(detail=True, methods=["post"])
    def reply(self, request: ApiRequest, pk: Any) -> Response:
        """Answer the customer.

        It leaves by e-mail where the customer has an address, with its files. The first reply stops the clock of the
        first response.
        """
        return self.done(pk, actions.reply_to_ticket, by=request.user, **self.said(ReplySerializer))

    @extend_schema(request=WithFilesSerializer, responses=TicketSerializer)
    @action(detail=True, methods=["post"])
    def note(self, request: ApiRequest, pk: Any) -> Response:
        """Note something for colleagues, which no customer sees."""
        return self.done(pk, actions.add_note, by=request.user, **self.said(WithFilesSerializer))

    @extend_schema(request=MessageSerializer, responses=TicketSerializer)
    @action(detail=True, methods=["post"])
    def receive(self, request: ApiRequest, pk: Any) -> Response:
        """Add a message of the customer, from a chat or a form; a ticket that was resolved is open again."""
        return self.done(pk, actions.receive_message, **self.said(MessageSerializer))

    @extend_schema(request=AssignTicketSerializer, responses=TicketSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: ApiRequest, pk: Any) -> Response:
        """Give a ticket to a colleague."""
        return self.done(pk, actions.assign_ticket, to=self.said(AssignTicketSerializer)["assignee"])

    @extend_schema(request=None, responses=TicketSerializer)
    @action(detail=True, methods=["post"])
    def take(self, request: ApiRequest, pk: Any) -> Response:
        """Take a ticket upon oneself; 409 where a colleague has it."""
        return self.done(pk, actions.take_ticket, by=request.user)

    @extend_schema(request=StatusSerializer, responses=TicketSerializer)
    @action(detail=True, methods=["post"])
    def move(self, request: ApiRequest, pk: Any) -> Response:
        """Let a ticket stand otherwise: wait for the customer, be on hold, be resolved, be open again."""
        return self.done(pk, actions.change_status, to=self.said(StatusSerializer)["status"])

    @extend_schema(request=MergeTicketSerializer, responses=TicketSerializer)
    @action(detail=True, methods=["post"])
    def merge(self, request: ApiRequest, pk: Any) -> Response:
        """Merge another ticket of the same customer into this one, which has its messages from then on."""
        loser = self.said(MergeTicketSerializer)["loser"]
        return self.done(pk, actions.merge_tickets, ticket_name="winner", loser=loser, by=request.user)

    @extend_schema(request=SplitTicketSerializer, responses={201: TicketSerializer})
    @action(detail=True, methods=["post"])
    def split(self, request: ApiRequest, pk: Any) -> Response:
        """Move some messages to a ticket of their own, which is answered."""
        filters.refuse_unknown(request.query_params, SHAPE)
        said = self.said(SplitTicketSerializer)
        with refusals(), transaction.atomic():
            return self.answer_new(actions.split_ticket(ticket=self.locked(pk=pk), by=request.user, **said))

    def said(self, serializer_class: type[Any]) -> dict[str, Any]:
        """Return the body as a verb takes it; raise ValidationError where it is not so."""
        serializer = serializer_class(data=self.sent(), context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def done(self, pk: Any, verb: Callable[..., Any], *, ticket_name: str = "ticket", **how: Any) -> Response:
        """Do something to a ticket that the caller sees, and answer it; raise a problem where it cannot be."""
        filters.refuse_unknown(self.request.query_params, SHAPE)
        with refusals(), transaction.atomic():
            verb(**{ticket_name: self.locked(pk=pk)}, **how)
            return self.answer(pk, self.everything)


class TicketMessageViewSet(RecordViewSet):
    """What is said on tickets; the verbs of tickets add to it."""

    queryset = TicketMessage.objects.all()
    serializer_class = TicketMessageSerializer
    scope = "service"
    withheld = frozenset({"create", "update", "partial_update", "upsert", "batch", "restore"})
    filterset_fields = {
        "ticket": ["exact", "in"],
        "kind": ["exact", "in"],
        "author": ["exact", "in"],
        "delivery": ["exact", "in"],
        "written_at": ["gt", "gte", "lt", "lte"],
        "message_id": ["exact"],
    }
    ordering_fields = ["written_at"]
