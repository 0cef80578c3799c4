"""The rules that say whose leads are, over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm.api.representation import SERIALIZERS
from sales.api.pipelines import ConfigurationSerializer, ConfigurationViewSet
from sales.models import AssignmentRule

if TYPE_CHECKING:
    from rest_framework.response import Response

    from crm.api.requests import ApiRequest


class AssignmentRuleSerializer(ConfigurationSerializer):
    class Meta:
        model = AssignmentRule
        fields = (
            "id",
            "name",
            "order",
            "countries",
            "industries",
            "sources",
            "form",
            "method",
            "team",
            "user",
            "last_user",
            "is_active",
        )
        read_only_fields = ("last_user",)


class AssignmentRuleViewSet(ConfigurationViewSet):
    """Whose leads are that nobody was named for; of several rules that fit, the first in order counts."""

    queryset = AssignmentRule.objects.all()
    serializer_class = AssignmentRuleSerializer
    filterset_fields = {"is_active": ["exact"], "method": ["exact", "in"], "team": ["exact", "in"]}
    ordering_fields = ["order"]

    def create(self, request: ApiRequest) -> Response:
        """Add a rule."""
        return super().create(request)

    def partial_update(self, request: ApiRequest, pk: Any) -> Response:
        """Change a rule, or take it out of use."""
        return super().partial_update(request, pk)

    def destroy(self, request: ApiRequest, pk: Any) -> Response:
        """Delete a rule; leads that it gave away stay where they are."""
        return super().destroy(request, pk)


SERIALIZERS[AssignmentRule] = AssignmentRuleSerializer
