"""The rules that say whose leads are, over REST."""

from __future__ import annotations

from sales.api.pipelines import ConfigurationSerializer, ConfigurationViewSet
from sales.models import AssignmentRule


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
    says = {
        "create": "Add a rule.",
        "partial_update": "Change a rule, or take it out of use.",
        "destroy": "Delete a rule; leads that it gave away stay where they are.",
    }
