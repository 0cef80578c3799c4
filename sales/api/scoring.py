"""The rules that score leads, over REST."""

from __future__ import annotations

from typing import Any

from sales.actions import rules_changed
from sales.api.pipelines import ConfigurationSerializer, ConfigurationViewSet
from sales.models import ScoreRule


class ScoreRuleSerializer(ConfigurationSerializer):
    class Meta:
        model = ScoreRule
        fields = ("id", "name", "field", "operator", "value", "days", "points", "is_active")

    def completed(self) -> tuple[str, ...]:
        """Return the fields that the model's `clean` fills."""
        return ("name", "value")

    def save(self, **kwargs: Any) -> Any:
        """Write the rule, and let all open leads be scored anew."""
        rules_changed()
        return super().save(**kwargs)


class ScoreRuleViewSet(ConfigurationViewSet):
    """What makes a lead more or less promising; open leads are scored anew soon after a rule changes."""

    queryset = ScoreRule.objects.all()
    serializer_class = ScoreRuleSerializer
    filterset_fields = {"field": ["exact", "in"], "is_active": ["exact"]}
    says = {
        "create": "Add a rule.",
        "partial_update": "Change a rule, or take it out of use.",
        "destroy": "Delete a rule.",
    }

    def remove(self, one: ScoreRule) -> None:
        """Delete a rule that is locked, and let all open leads be scored anew."""
        rules_changed()
        super().remove(one)
