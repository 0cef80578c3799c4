"""Customers that may be one, over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.serializers import CharField, ModelSerializer

from crm.api import filters
from crm.api.errors import ParameterError, Problem
from crm.api.representation import SQLField
from crm.api.schema import parameters
from crm.api.viewsets import SHAPE, ShapedViewSet
from crm.database.turns import take_turns
from customers.actions import dismiss_duplicate
from customers.matching import candidates
from customers.models import Customer, Duplicate

if TYPE_CHECKING:
    from rest_framework.response import Response

    from crm.api.requests import ApiRequest
    from customers.matching import Candidate

REFUSE = "refuse"


class DuplicateActions:
    """A mixin for the viewset of customers: says at creation who may be the same."""

    request: Any

    def create(self, request: ApiRequest) -> Response:
        """Write a new customer; where others may be the same, say so, or refuse if that is asked for."""
        filters.refuse_unknown(request.query_params, (*SHAPE, "duplicates"))
        if request.query_params.get("duplicates", REFUSE) != REFUSE:
            raise ParameterError("duplicates", _("Use refuse, or leave it out."))
        view: Any = self
        with transaction.atomic():
            return view.created(view.sent())  # type: ignore[no-any-return]

    def create_parameters(self) -> list[dict[str, Any]]:
        """Return the parameters of `create` as the document has them."""
        view: Any = self
        text = _("Write nothing, and answer 409, where another customer may be the same.")
        wish = parameters.query("duplicates", {"type": "string", "enum": [REFUSE]}, text)
        return [wish, *parameters.shape_parameters(view)]

    def answer_new(self, record: Customer) -> Response:
        """Answer a new customer with a link to those who may be the same, or refuse it for them."""
        is_refused = "duplicates" in self.request.query_params
        if is_refused:
            take_turns("duplicates", record.kind)
        found = candidates(customer=record, user=self.request.user)
        if found and is_refused:
            raise Problem("conflict", _("Others may be the same."), errors=[likeness(one) for one in found])
        response: Response = super().answer_new(record)  # type: ignore[misc]
        if found:
            address = reverse("customer-list") + f"?id__in={','.join(str(one.id) for one in found)}"
            response["Link"] = f'<{self.request.build_absolute_uri(address)}>; rel="duplicates"'
        return response


def likeness(one: Candidate) -> dict[str, Any]:
    """Return a customer who may be the same as a problem names it."""
    detail = _("%(name)s may be the same: %(reasons)s.") % {"name": one.name, "reasons": ", ".join(one.reason_words())}
    known = {"id": str(one.id), "score": one.score, "reasons": one.reasons}
    return {"pointer": "", "code": "duplicate", "detail": detail, **known}


class DuplicateSerializer(ModelSerializer[Duplicate]):
    first_name = SQLField(
        F("first__name"), CharField(max_length=200), help_text=gettext_lazy("Name of the customer that was here first.")
    )
    second_name = SQLField(
        F("second__name"), CharField(max_length=200), help_text=gettext_lazy("Name of the other one.")
    )

    class Meta:
        model = Duplicate
        fields = (
            *("id", "first", "first_name", "second", "second_name", "score", "reasons"),
            *("found_at", "dismissed_at", "dismissed_by"),
        )


class DuplicateViewSet(ShapedViewSet):
    """Pairs of customers that may be one, as the worker found them in the last minutes; likeliest first."""

    queryset = Duplicate.objects.all()
    serializer_class = DuplicateSerializer
    scope = "customers"
    permissions_of = Customer
    permission_verbs: ClassVar[dict[str, tuple[str, ...]]] = {"dismiss": ("change",)}
    common_filters: ClassVar[dict[str, Any]] = {"id": ["in"]}
    filterset_fields = {"score": ["gte"]}
    ordering_fields = ["score"]
    default_ordering = "-score"

    def more_parameters(self) -> tuple[str, ...]:
        """Return the parameters of the list that are not fields."""
        return ("customer", "dismissed")

    def list_parameters(self) -> list[dict[str, Any]]:
        """Return the parameters of the list as the document has them."""
        return [
            *parameters.list_parameters(self),
            parameters.query("customer", parameters.UUID, _("Only pairs that this customer is in.")),
            parameters.query("dismissed", {"type": "boolean"}, _("Those that were dismissed, in place of the others.")),
        ]

    def narrowed(self, queryset: Any) -> Any:
        """Keep the pairs of one customer, and those that are not, or are, dismissed."""
        params = self.request.query_params
        is_dismissed = params.get("dismissed", "false")
        if is_dismissed not in {"true", "false"}:
            raise ParameterError("dismissed", _("Use true or false."))
        queryset = queryset.filter(dismissed_at__isnull=is_dismissed == "false")
        if "customer" not in params:
            return queryset
        try:
            return queryset.of(UUID(params["customer"]))
        except ValueError as error:
            raise ParameterError("customer", _("Not an id.")) from error

    @extend_schema(request=None, responses=DuplicateSerializer)
    @action(detail=True, methods=["post"])
    def dismiss(self, request: ApiRequest, pk: Any) -> Response:
        """Say that two customers are two.

        The pair is no longer listed, and neither is named when the other is looked for.
        """
        filters.refuse_unknown(request.query_params, ("format",))
        pair = self.get_queryset().filter(pk=pk).first()
        if pair is None:
            raise Problem("not_found")
        dismiss_duplicate(duplicate=pair, by=request.user)
        return self.answer(pk, self.visible_to)
