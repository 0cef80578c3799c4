"""The rules that score leads, over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm.api.representation import SERIALIZERS
from sales.actions import rules_changed
from sales.api.pipelines import ConfigurationSerializer, ConfigurationViewSet
from sales.models import ScoreRule

if TYPE_CHECKING:
    from rest_framework.response import Response

    from crm.api.requests import ApiRequest


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

    def create(self, request: ApiRequest) -> Response:
        """Add a rule."""
        return super().create(request)

    def partial_update(self, request: ApiRequest, pk: Any) -> Response:
        """Change a rule, or take it out of use."""
        return super().partial_update(request, pk)

    def destroy(self, request: ApiRequest, pk: Any) -> Response:
        """Delete a rule."""
        return super().destroy(request, pk)

    def remove(self, one: ScoreRule) -> None:
        """Delete a rule that is locked, and let all open leads be scored anew."""
        rules_changed()
        super().remove(one)


SERIALIZERS[ScoreRule] = ScoreRuleSerializer
