"""What webhooks and their messages look like to clients."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm.api.representation import SQLField
from crm.api.routers import resources
from crm.api.strictness import StrictModelSerializer, StrictSerializer
from crm.models import Change, Webhook, WebhookAttempt, WebhookDelivery
from crm.webhooks.targets import Unsendable, check

EMPTY: dict[str, Any] = {"description": "", "resources": [], "actions": []}
ACTIONS = [value for value in Change.Action.values if value != Change.Action.MERGED]


class WebhookSerializer(StrictModelSerializer):
    resources = serializers.ListField(
        child=serializers.CharField(max_length=100),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Lists whose changes are sent, such as customers; empty: all."),
    )
    actions = serializers.ListField(
        child=serializers.ChoiceField(ACTIONS),
        required=False,
        max_length=len(ACTIONS),
        help_text=gettext_lazy("What is sent: created, updated, deleted, erased; empty: all."),
    )

    application = SQLField(
        F("application__client_id"),
        serializers.CharField(max_length=100, allow_null=True),
        help_text=gettext_lazy("Client id of the program that made it; null where it was made on the screens."),
    )

    class Meta:
        model = Webhook
        fields: tuple[str, ...] = (
            "id",
            "url",
            "description",
            "resources",
            "actions",
            "user",
            "application",
            "paused_at",
            "pause_reason",
            "retry_at",
            "created_at",
            "updated_at",
        )
        read_only_fields = (
            *("id", "user", "application", "paused_at", "pause_reason", "retry_at"),
            *("created_at", "updated_at"),
        )

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values; raise ValidationError also for what only the CRM itself may say."""
        given = [name for name in data if name in self.Meta.read_only_fields] if isinstance(data, dict) else []
        if given:
            raise ValidationError({name: [ErrorDetail(_("Read only."), code="read_only")] for name in given})
        if self.partial and isinstance(data, dict):  # null gives a field its default again (RFC 7396)
            data = {name: EMPTY[name] if value is None and name in EMPTY else value for name, value in data.items()}
        return super().to_internal_value(data)

    def validate_url(self, url: str) -> str:
        """Refuse an address that nothing could be sent to; where it leads is looked at when something is sent."""
        try:
            check(url)
        except Unsendable as error:
            raise ValidationError(str(error), code="invalid") from error
        return url

    def validate_resources(self, names: list[str]) -> list[str]:
        """Refuse names of lists that there are not."""
        if unknown := set(names) - resources().keys():
            raise ValidationError(_("There is no resource %s.") % ", ".join(sorted(unknown)), code="does_not_exist")
        return sorted(set(names))


@extend_schema_serializer(component_name="Webhook")  # of a merge patch
class WebhookChangeSerializer(WebhookSerializer):
    """What changes about a webhook."""

    secret = serializers.CharField(
        required=False,
        allow_null=True,
        max_length=100,
        write_only=True,
        help_text=gettext_lazy("The present secret; needed where the address changes."),
    )

    class Meta(WebhookSerializer.Meta):
        fields = (*WebhookSerializer.Meta.fields, "secret")


class NewWebhookSerializer(serializers.Serializer[Any]):
    """A webhook with its secret, which is shown once."""

    webhook = WebhookSerializer()
    secret = serializers.CharField(max_length=100, help_text=gettext_lazy("Signs what is sent; shown this once."))


class SecretSerializer(serializers.Serializer[Any]):
    """A new secret, which is shown once."""

    secret = serializers.CharField(max_length=100, help_text=gettext_lazy("Signs what is sent; shown this once."))


class SpanSerializer(StrictSerializer):
    """A span of time."""

    start = serializers.DateTimeField(help_text=gettext_lazy("From this time on."))
    end = serializers.DateTimeField(help_text=gettext_lazy("Before this time."))


class ReplayedSerializer(serializers.Serializer[Any]):
    """How much is sent again."""

    messages = serializers.IntegerField(help_text=gettext_lazy("How many messages."))


class DeliverySerializer(serializers.ModelSerializer[WebhookDelivery]):
    record = serializers.UUIDField(
        read_only=True, allow_null=True, help_text=gettext_lazy("Record that changed; null where you may not see it.")
    )
    body = serializers.DictField(
        read_only=True, allow_null=True, help_text=gettext_lazy("What is sent; null where you may not see it.")
    )

    class Meta:
        model = WebhookDelivery
        fields = (
            "id",
            "event",
            "record",
            "changed_at",
            "status",
            "attempts",
            "next_attempt_at",
            "delivered_at",
            "created_at",
            "body",
        )
        read_only_fields = fields


class DeliveryPageSerializer(serializers.Serializer[Any]):
    """A page of the messages of a webhook."""

    next = serializers.URLField(allow_null=True, help_text=gettext_lazy("The next page; null on the last."))
    previous = serializers.URLField(allow_null=True, help_text=gettext_lazy("The previous page; null on the first."))
    results = DeliverySerializer(many=True)


class AttemptSerializer(serializers.ModelSerializer[WebhookAttempt]):
    class Meta:
        model = WebhookAttempt
        fields = ("at", "milliseconds", "status", "error", "request_headers", "response_headers", "response_body")
        read_only_fields = fields


class DeliveryWithAttemptsSerializer(DeliverySerializer):
    """A message, and each attempt to deliver it."""

    tries = AttemptSerializer(many=True, read_only=True)

    class Meta(DeliverySerializer.Meta):
        fields = (*DeliverySerializer.Meta.fields, "tries")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


def hidden(message: dict[str, Any]) -> dict[str, Any]:
    """Return how a message went, without what it tells and what the receiver answered to that."""
    nothing = {"response_headers": {}, "response_body": ""}
    tries = {"tries": [{**one, **nothing} for one in message["tries"]]} if "tries" in message else {}
    return {**message, "record": None, "body": None, **tries}
