"""Pipelines, stages, loss reasons and exchange rates over REST: everyone in sales reads them, managers write."""

from __future__ import annotations

import copy
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError

from crm.api.errors import rule_broken
from crm.api.permissions import HasScope, MayWrite
from crm.api.plain import PlainViewSet
from crm.api.serializers import JudgedByDatabase
from crm.api.strictness import StrictModelSerializer
from sales.models import ExchangeRate, LossReason, Pipeline, Stage


class ConfigurationSerializer(JudgedByDatabase, StrictModelSerializer):
    """The serializer of something that managers set up: it obeys the model's rules."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the values; raise a problem, 422, for what the model's `clean` refuses."""
        model: Any = self.Meta.model
        judged = copy.copy(self.instance) if self.instance is not None else model()
        for name, value in attrs.items():
            setattr(judged, name, value)
        try:
            judged.clean()
        except DjangoValidationError as error:
            raise rule_broken(error) from error
        return {name: getattr(judged, name) for name in {*attrs, *self.completed()}}

    def completed(self) -> tuple[str, ...]:
        """Return the fields that the model's `clean` fills."""
        return ()


class ConfigurationViewSet(PlainViewSet):
    """What managers set up; whoever may see sales reads it."""

    permission_classes = [HasScope, MayWrite]
    scope = "sales"


class PipelineSerializer(ConfigurationSerializer):
    class Meta:
        model = Pipeline
        fields = ("id", "name", "is_default", "is_active")
        expand = ("stages",)


class PipelineViewSet(ConfigurationViewSet):
    """Ways of selling, each a row of stages."""

    queryset = Pipeline.objects.all()
    serializer_class = PipelineSerializer
    filterset_fields = {"is_default": ["exact"], "is_active": ["exact"], "name": ["exact"]}
    says = {
        "create": "Add a pipeline; then add its stages.",
        "partial_update": "Change a pipeline.",
        "destroy": "Delete a pipeline with its stages, in which there must be no opportunity.",
    }


class StageSerializer(ConfigurationSerializer):
    class Meta:
        model = Stage
        fields = ("id", "pipeline", "name", "order", "kind", "probability", "stale_after_days")

    def completed(self) -> tuple[str, ...]:
        """Return the fields that the model's `clean` fills."""
        return ("probability",)


class StageViewSet(ConfigurationViewSet):
    """The steps of pipelines."""

    queryset = Stage.objects.all()
    serializer_class = StageSerializer
    filterset_fields = {"pipeline": ["exact", "in"], "kind": ["exact", "in"], "name": ["exact"]}
    ordering_fields = ["order"]
    says = {
        "create": "Add a stage to a pipeline.",
        "partial_update": "Change a stage; one with opportunities keeps its kind and its pipeline.",
        "destroy": "Delete a stage in which no opportunity is or was.",
    }


class LossReasonSerializer(ConfigurationSerializer):
    class Meta:
        model = LossReason
        fields = ("id", "name", "is_active")


class LossReasonViewSet(ConfigurationViewSet):
    """Reasons for which deals are lost."""

    queryset = LossReason.objects.all()
    serializer_class = LossReasonSerializer
    filterset_fields = {"is_active": ["exact"], "name": ["exact"]}
    says = {
        "create": "Add a reason.",
        "partial_update": "Rename a reason, or take it out of use.",
        "destroy": "Delete a reason that no deal has.",
    }


class ExchangeRateSerializer(ConfigurationSerializer):
    class Meta:
        model = ExchangeRate
        fields = ("id", "currency", "on", "rate")


class ExchangeRateViewSet(ConfigurationViewSet):
    """What currencies are worth in the reporting currency, from a day until the next rate."""

    queryset = ExchangeRate.objects.all()
    serializer_class = ExchangeRateSerializer
    filterset_fields = {"currency": ["exact", "in"], "on": ["exact", "gte", "lte"]}
    ordering_fields = ["on"]
    says = {
        "create": "Add a rate.",
        "partial_update": "Correct a rate.",
        "destroy": "Delete a rate.",
    }
