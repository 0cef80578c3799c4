"""Relations between customers over REST, and what stands around one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from crm.api import filters
from crm.api.pagination import read_limit
from crm.api.permissions import HasScope
from crm.api.schema import parameters
from crm.api.serializers import COMMON, RecordSerializer
from crm.api.viewsets import RecordViewSet, ShapedViewSet
from customers.models import Customer, Relationship, RelationshipType
from customers.relations import DEEPEST, MOST_RELATED, related_to, tree_below

if TYPE_CHECKING:
    from crm.api.requests import ApiRequest
    from customers.relations import Branch


class RelationshipTypeSerializer(serializers.ModelSerializer[RelationshipType]):
    class Meta:
        model = RelationshipType
        fields = ("id", "code", "name", "inverse_name", "between", "is_hierarchical", "is_active")
        read_only_fields = fields


class RelationshipTypeViewSet(ShapedViewSet):
    """Types of relations between customers, which administrators add on the screens."""

    queryset = RelationshipType.objects.all()
    serializer_class = RelationshipTypeSerializer
    permission_classes = [HasScope]
    scope = "customers"
    common_filters: ClassVar[dict[str, Any]] = {"id": ["in"]}
    filterset_fields = {"code": ["exact"], "is_hierarchical": ["exact"], "is_active": ["exact"]}
    ordering_fields = ["name"]


class RelationshipSerializer(RecordSerializer):
    class Meta:
        model = Relationship
        fields = (*COMMON, "from_customer", "type", "to_customer", "since", "until", "note")


class RelationshipViewSet(RecordViewSet):
    """Relations between two customers, beyond a person's employer."""

    queryset = Relationship.objects.all()
    serializer_class = RelationshipSerializer
    scope = "customers"
    filterset_fields = {
        "from_customer": ["exact", "in"],
        "to_customer": ["exact", "in"],
        "type": ["exact", "in"],
        "since": ["gte", "lte"],
        "until": ["gte", "lte", "isnull"],
    }


class RelatedSerializer(serializers.Serializer[Any]):
    """A customer that is related to the one asked about."""

    relationship = serializers.UUIDField(help_text=_("The relation, which the list of relations has."))
    type = serializers.CharField(max_length=50, help_text=_("Code of the type of relation."))
    is_inverse = serializers.BooleanField(help_text=_("Whether the one asked about is the second of the two."))
    words = serializers.CharField(
        max_length=100, help_text=_("What the one asked about is to the other, such as: parent of.")
    )
    customer = serializers.UUIDField(help_text=_("The other customer."))
    name = serializers.CharField(max_length=200, help_text=_("The other customer's name."))
    kind = serializers.ChoiceField(Customer.Kind.choices, help_text=_("A person or an organization."))
    since = serializers.DateField(allow_null=True, help_text=_("First day, where it is known."))
    until = serializers.DateField(allow_null=True, help_text=_("Last day; none while it lasts."))


class RelatedListSerializer(serializers.Serializer[Any]):
    """All that are related to a customer."""

    results = RelatedSerializer(many=True, max_length=MOST_RELATED)  # type: ignore[call-arg]  # of the list that DRF makes
    has_more = serializers.BooleanField(help_text=_("Whether there are more than these."))


class BranchSerializer(serializers.Serializer[Any]):
    """A customer in a tree."""

    customer = serializers.UUIDField(help_text=_("The customer."))
    name = serializers.CharField(max_length=200, help_text=_("Its name."))
    above = serializers.UUIDField(allow_null=True, help_text=_("The one above; null of the first."))
    depth = serializers.IntegerField(min_value=0, max_value=DEEPEST, help_text=_("How far below the first."))
    people = serializers.IntegerField(min_value=0, help_text=_("How many people of it you see."))


class TreeSerializer(serializers.Serializer[Any]):
    """A tree of customers, from above to below."""

    results = BranchSerializer(many=True)


class RelationActions:
    """A mixin for the viewset of customers: whom one of them is related to, and who is below it."""

    request: Any
    found: Any

    @extend_schema(responses=RelatedListSerializer)
    @action(detail=True)
    def related(self, request: ApiRequest, pk: Any) -> Response:
        """List who is related to a customer.

        Both directions are shown, each in its own words, as far as you may see the other; the oldest 1,000. Where
        `has_more` says that there are others, the list of relations has them all.
        """
        filters.refuse_unknown(request.query_params, ("format",))
        found = related_to(self.found(pk), request.user, MOST_RELATED + 1)
        rows = [
            {
                "relationship": one.relationship.pk,
                "type": one.relationship.type.code,
                "is_inverse": one.relationship.to_customer_id == pk,
                "words": one.words,
                "customer": one.customer.pk,
                "name": one.customer.name,
                "kind": one.customer.kind,
                "since": one.relationship.since,
                "until": one.relationship.until,
            }
            for one in found[:MOST_RELATED]
        ]
        return Response({"results": rows, "has_more": len(found) > MOST_RELATED})

    @extend_schema(responses=TreeSerializer)
    @action(detail=True)
    def tree(self, request: ApiRequest, pk: Any) -> Response:
        """Read the tree below a customer.

        The customer itself comes first, then whoever is below it, each with the one above and how many people of it
        you see. Who is below somebody that you may not see is left out.
        """
        filters.refuse_unknown(request.query_params, ("depth", "format"))
        depth = read_depth(request)
        branches: list[dict[str, Any]] = []
        add_branches(tree_below(self.found(pk), request.user, depth), None, branches)
        return Response({"results": branches})

    def related_parameters(self) -> list[dict[str, Any]]:
        """Return the parameters as the document has them."""
        view: Any = self
        return [parameters.format_parameter(view)]

    def tree_parameters(self) -> list[dict[str, Any]]:
        """Return the parameters as the document has them."""
        view: Any = self
        levels = {"type": "integer", "format": "int32", "minimum": 1, "maximum": DEEPEST, "default": DEEPEST}
        return [parameters.query("depth", levels, _("How many levels.")), parameters.format_parameter(view)]


def read_depth(request: ApiRequest) -> int:
    """Return how many levels are asked for; raise ParameterError for what is no such number."""
    text = request.query_params.get("depth")
    return read_limit(text, DEEPEST, DEEPEST, "depth")


def add_branches(branch: Branch, above: Any, rows: list[dict[str, Any]]) -> None:
    """Add a branch, and then those below it."""
    known = {"customer": branch.customer.pk, "name": branch.customer.name}
    rows.append({**known, "above": above, "depth": branch.depth, "people": branch.people})
    for one in branch.below:
        add_branches(one, branch.customer.pk, rows)
