"""Segments over REST."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.response import Response

from crm.api import filters
from crm.api.errors import Problem
from crm.api.pagination import read_page
from crm.api.permissions import require_scope
from crm.api.serializers import COMMON, RecordSerializer
from crm.api.strictness import StrictSerializer
from crm.api.viewsets import SHAPE, RecordViewSet
from customers.api import CustomerViewSet
from customers.models import Customer
from marketing import actions, conditions
from marketing.models import Segment
from marketing.models.segments import living

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crm.api.requests import ApiRequest
    from crm.models import User
    from crm.querysets import RecordQuerySet

FIRST = 10


@extend_schema_field({"type": "object", "additionalProperties": True, "examples": [{"lifecycle": "customer"}]})
class ConditionsField(serializers.JSONField):
    """Conditions that the caller may ask."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the conditions; raise ValidationError at the place that is wrong."""
        reader = self.context["request"].user
        if (error := conditions.refused(data, reader)) is not None:
            raise ValidationError(nested(error.path, ErrorDetail(error.text, code="unreadable_conditions")))
        return data


def nested(path: Sequence[str], detail: ErrorDetail) -> Any:
    """Return a refusal in DRF's nested form."""
    found: Any = [detail]
    for part in reversed(path):
        found = {part: found}
    return found


class SegmentSerializer(RecordSerializer):
    conditions = ConditionsField(required=False, help_text=Segment._meta.get_field("conditions").help_text)

    class Meta:
        model = Segment
        fields = (*COMMON, "name", "description", "kind", "conditions")
        read_only_fields = ("kind",)


class PreviewSerializer(StrictSerializer):
    """Conditions to try."""

    conditions = ConditionsField(help_text=_("What a segment would have as its conditions."))


class FoundCustomerSerializer(serializers.Serializer[Any]):
    """A customer, in short."""

    id = serializers.UUIDField(help_text=_("Identifier, given by the CRM."))
    name = serializers.CharField(max_length=200, help_text=_("Full name."))
    email = serializers.CharField(max_length=254, allow_blank=True, help_text=_("E-mail address."))


class FoundSerializer(serializers.Serializer[Any]):
    """Whom conditions keep, as far as the caller may see them."""

    count = serializers.IntegerField(help_text=_("How many customers that you see."))
    customers = FoundCustomerSerializer(many=True, max_length=FIRST, help_text=_("The first of them."))  # type: ignore[call-arg]  # of the list that DRF makes


class MembersSerializer(StrictSerializer):
    """Customers to put on the list, and customers to take from it."""

    add = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=actions.MOST_MEMBERS,
        help_text=_("Ids of customers to put on the list."),
    )
    remove = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=actions.MOST_MEMBERS,
        help_text=_("Ids of customers to take from the list."),
    )


class SegmentViewSet(RecordViewSet):
    """Groups of customers: by conditions, or as a fixed list."""

    queryset = Segment.objects.all()
    serializer_class = SegmentSerializer
    scope = "marketing"
    filterset_fields = {"name": ["exact", "icontains"], "kind": ["exact"]}
    ordering_fields = ["name"]
    natural_keys = ("name",)
    needs_body = ("change_members",)
    page_of: ClassVar[Mapping[str, Any]] = {"members": CustomerViewSet.serializer_class}
    permission_verbs: ClassVar[Mapping[str, Sequence[str]]] = {
        **RecordViewSet.permission_verbs,
        "preview": (),
        **dict.fromkeys(("freeze", "thaw", "change_members"), ("change",)),
    }

    @extend_schema(request=PreviewSerializer, responses=FoundSerializer)
    @action(detail=False, methods=["post"])
    def preview(self, request: ApiRequest) -> Response:
        """Count whom conditions keep, and show the first ten, without saving anything."""
        filters.refuse_unknown(request.query_params, ("format",))
        require_scope(request, "customers:read")
        form = PreviewSerializer(data=self.sent(), context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        return Response(preview(form.validated_data["conditions"], request.user))

    @action(detail=True)
    def members(self, request: ApiRequest, pk: Any) -> Response:
        """Answer one page of the customers in a segment, as far as you may see them."""
        filters.refuse_unknown(request.query_params, ("limit", "cursor", *SHAPE))
        require_scope(request, "customers:read")
        segment = self.found(pk)
        view = CustomerViewSet(request=request, format_kwarg=None, action="list", kwargs={})
        view.repeats = False

        def rows_for(caller: Any) -> RecordQuerySet:
            return segment.customers_for(caller)  # type: ignore[no-any-return]

        return read_page(view, rows_for, view.shape(), ("id",)).respond(request)

    @extend_schema(request=MembersSerializer, responses=SegmentSerializer)
    @members.mapping.post
    def change_members(self, request: ApiRequest, pk: Any) -> Response:
        """Put customers on the list of a frozen segment, and take others from it."""
        require_scope(request, "customers:read")
        form = MembersSerializer(data=self.sent(), context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        said = {name: self.seen(name, keys) for name, keys in form.validated_data.items()}
        return self.done(pk, actions.change_members, **said)

    @extend_schema(request=None, responses=SegmentSerializer)
    @action(detail=True, methods=["post"])
    def freeze(self, request: ApiRequest, pk: Any) -> Response:
        """Fix the members of a segment as they are now, also those that you do not see."""
        return self.done(pk, actions.freeze_segment)

    @extend_schema(request=None, responses=SegmentSerializer)
    @action(detail=True, methods=["post"])
    def thaw(self, request: ApiRequest, pk: Any) -> Response:
        """Let the conditions say again who is in a segment; its list is forgotten."""
        return self.done(pk, actions.thaw_segment)

    def done(self, pk: Any, verb: Any, **how: Any) -> Response:
        """Do something to a segment of the caller's, and answer it."""
        filters.refuse_unknown(self.request.query_params, SHAPE)
        with transaction.atomic(), refusals():
            verb(segment=self.locked(pk=pk), **how)
            return self.answer(pk, self.everything)

    def seen(self, name: str, keys: Sequence[Any]) -> list[Customer]:
        """Return the customers of these ids; raise ValidationError where the caller does not see one."""
        found = {one.pk: one for one in Customer.objects.visible_to(self.request.user).filter(pk__in=keys)}
        unknown = [str(place) for place, key in enumerate(keys) if key not in found]
        if unknown:
            gone = [ErrorDetail(str(_("There is no such customer.")), code="does_not_exist")]
            raise ValidationError({name: dict.fromkeys(unknown, gone)})
        return list(found.values())


def preview(wanted: Any, reader: User) -> dict[str, Any]:
    """Return how many customers conditions keep, and the first of them, as far as `reader` may see them."""
    rows = living(conditions.kept_by(wanted, reader)).visible_to(reader)
    first = rows.order_by("id").values("id", "name", "email")[:FIRST]
    return {"count": rows.count(), "customers": list(first)}


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what an action refuses into its problem."""
    try:
        yield
    except actions.Refused as error:
        raise Problem("conflict", error.text) from error
