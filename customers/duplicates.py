"""Customers that may be one, over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.serializers import CharField, ModelSerializer

from crm.api import filters
from crm.api.errors import ParameterError
from crm.api.representation import SQLField
from crm.api.schema import parameters
from crm.api.viewsets import ShapedViewSet
from crm.models import Merge
from customers.actions import dismiss_duplicate
from customers.models import Customer, Duplicate

if TYPE_CHECKING:
    from rest_framework.response import Response

    from crm.api.requests import ApiRequest


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
            key = UUID(params["customer"])
        except ValueError as error:
            raise ParameterError("customer", _("Not an id.")) from error
        return queryset.of(Merge.objects.successor(Customer, key) or key)

    @extend_schema(request=None, responses=DuplicateSerializer)
    @action(detail=True, methods=["post"])
    def dismiss(self, request: ApiRequest, pk: Any) -> Response:
        """Say that two customers are two.

        The pair is no longer listed, and neither is named when the other is looked for.
        """
        filters.refuse_unknown(request.query_params, ("format",))
        dismiss_duplicate(duplicate=self.found(pk), by=request.user)
        return self.answer(pk, self.visible_to)
