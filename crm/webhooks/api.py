"""Webhooks over REST."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import orjson
from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.response import Response

from crm.api import filters, pagination
from crm.api.concurrency import check_preconditions
from crm.api.errors import Problem
from crm.api.permissions import HasScope, require_scope
from crm.api.representation import RowJSON, RowVersion, shape_of
from crm.api.routers import resources
from crm.api.schema import parameters
from crm.api.statements import Parameter
from crm.api.verbs import refusals
from crm.api.viewsets import ShapedViewSet
from crm.models import Webhook, WebhookDelivery
from crm.webhooks import actions, rights
from crm.webhooks.rights import Caller
from crm.webhooks.serializers import (
    DeliveryPageSerializer,
    DeliverySerializer,
    DeliveryWithAttemptsSerializer,
    NewWebhookSerializer,
    ReplayedSerializer,
    SecretSerializer,
    SpanSerializer,
    WebhookChangeSerializer,
    WebhookSerializer,
    hidden,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm.api.requests import ApiRequest
    from crm.models.webhooks import WebhookQuerySet


class WebhookViewSet(ShapedViewSet):
    """Subscriptions to changes, which are sent to an address as they happen, signed after Standard Webhooks."""

    queryset = Webhook.objects.all()
    serializer_class = WebhookSerializer
    permission_classes = [HasScope]
    scope = "webhooks:manage"
    common_filters: ClassVar[dict[str, Any]] = {"id": ["in"]}
    filterset_fields = {"user": ["exact"]}
    own_actions = ("create",)
    own_refusals = ("409", "422")
    repeats = False  # which webhooks an application handles is asked each time

    @extend_schema(request=WebhookSerializer, responses={201: NewWebhookSerializer})
    def create(self, request: ApiRequest) -> Response:
        """Create a webhook.

        It hears of changes from now on. The secret that signs its messages is shown this once.
        """
        filters.refuse_unknown(request.query_params, ("format",))
        serializer = WebhookSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        self.require_scopes(serializer.validated_data.get("resources", ()))
        webhook, secret = actions.subscribe(caller=self.caller(), **serializer.validated_data)
        location = request.build_absolute_uri(f"{request.path}/{webhook.pk}")
        body = {"webhook": self.made(webhook), "secret": secret}
        return Response(body, status=201, headers={"Location": location})

    @extend_schema(request=WebhookChangeSerializer)
    def partial_update(self, request: ApiRequest, pk: Any) -> Response:
        """Change a webhook.

        Only the application that made it does so, for the same person. A new address needs the present secret.
        """
        filters.refuse_unknown(request.query_params, ("fields", "expand", "format"))
        with transaction.atomic():
            webhook = self.owned(self.locked(pk))
            serializer = WebhookChangeSerializer(webhook, data=request.data, partial=True)
            serializer.is_valid(raise_exception=True)
            said = serializer.validated_data
            if {"url", "resources"} & said.keys():
                self.require_scopes(said.get("resources", webhook.resources) or heard_names(webhook))
            try:
                actions.change(webhook=webhook, caller=self.caller(), **said)
            except actions.SecretNeeded as error:
                raise ValidationError({"secret": [ErrorDetail(str(error.text), code="secret_needed")]}) from error
            return self.answer(pk, self.visible_to)

    def destroy(self, request: ApiRequest, pk: Any) -> Response:
        """Delete a webhook, with its log."""
        filters.refuse_unknown(request.query_params, ("format",))
        with transaction.atomic():
            actions.unsubscribe(webhook=self.locked(pk), by=request.user)
        return Response(status=204)

    @extend_schema(request=None, responses=SecretSerializer)
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: ApiRequest, pk: Any) -> Response:
        """Give a webhook a new secret.

        It is shown this once. For a day, messages are signed with the old one too.
        """
        return Response({"secret": actions.rotate_secret(webhook=self.owned(self.found(pk)), by=request.user)})

    @extend_schema(request=None, responses=WebhookSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: ApiRequest, pk: Any) -> Response:
        """Pause a webhook.

        What changes meanwhile is kept, and sent when it is resumed.
        """
        actions.pause(webhook=self.found(pk), reason=_("Paused by %s.") % request.user)
        return self.answer(pk, self.visible_to)

    @extend_schema(request=None, responses=WebhookSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: ApiRequest, pk: Any) -> Response:
        """Resume a webhook.

        One that ended with a sign-in or a consent is resumed by the application that made it, with a new token.
        """
        with refusals():
            actions.resume(webhook=self.found(pk), caller=self.caller())
        return self.answer(pk, self.visible_to)

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(detail=True, methods=["post"])
    def test(self, request: ApiRequest, pk: Any) -> Response:
        """Send a test message."""
        delivery = actions.send_test(webhook=self.found(pk))
        return Response(self.shown(delivery, DeliverySerializer), status=202)

    @extend_schema(request=SpanSerializer, responses={202: ReplayedSerializer})
    @action(detail=True, methods=["post"])
    def replay(self, request: ApiRequest, pk: Any) -> Response:
        """Send once more what changed in a span of time.

        Each message keeps the id that it had, or would have had, so that receivers can tell.
        """
        span = SpanSerializer(data=request.data)
        span.is_valid(raise_exception=True)
        count = actions.replay_span(webhook=self.found(pk), **span.validated_data)
        return Response({"messages": count}, status=202)

    @extend_schema(responses=DeliveryPageSerializer)
    @action(detail=True)
    def deliveries(self, request: ApiRequest, pk: Any) -> Response:
        """List the messages of a webhook, latest first."""
        params = request.query_params
        filters.refuse_unknown(params, ("limit", "cursor", "status", "format"))
        wanted = params.get("status")
        if wanted not in {None, *WebhookDelivery.Status.values}:
            text = _("Use waiting, delivered, failed or withheld.")
            raise ValidationError({"status": [ErrorDetail(text, code="invalid")]})
        webhook = self.found(pk)

        def rows_for(caller: Any) -> Any:
            rows = WebhookDelivery.objects.filter(webhook=Parameter("webhook"))
            return rows.filter(status=wanted) if wanted else rows

        shape = shape_of(DeliverySerializer, None, frozenset())
        page = pagination.read_page(self, rows_for, shape, ("-created_at", "-id"), webhook=webhook.pk)
        return replace(page, texts=self.as_readable(page.texts)).respond(request)

    def deliveries_parameters(self) -> list[dict[str, Any]]:
        """Return the parameters as the document has them."""
        statuses = {"type": "string", "enum": WebhookDelivery.Status.values}
        status = parameters.query("status", statuses, _("Only messages that stand so."))
        return [
            parameters.reference("limit"),
            parameters.reference("cursor"),
            status,
            parameters.format_parameter(self),
        ]

    @extend_schema(responses=DeliveryWithAttemptsSerializer)
    @action(detail=True, url_path="deliveries/<uuid:delivery>")
    def delivery(self, request: ApiRequest, pk: Any, delivery: UUID) -> Response:
        """Read a message, and how its delivery went."""
        return Response(self.shown(self.message(pk, delivery), DeliveryWithAttemptsSerializer))

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(detail=True, methods=["post"], url_path="deliveries/<uuid:delivery>/replay")
    def replay_delivery(self, request: ApiRequest, pk: Any, delivery: UUID) -> Response:
        """Send a message once more, under the id that it has."""
        found = self.message(pk, delivery)
        actions.replay(delivery=found)
        return Response(self.shown(found, DeliverySerializer), status=202)

    def made(self, webhook: Webhook) -> dict[str, Any]:
        """Return a new webhook as clients see it."""
        text = RowJSON(shape_of(WebhookSerializer, None, frozenset()), self.request.user)
        return dict(orjson.loads(Webhook.objects.values_list(text, flat=True).get(pk=webhook.pk)))

    def caller(self) -> Caller:
        """Return who asks, and through what."""
        return Caller.of(self.request.user, self.request.auth)

    def found(self, pk: Any) -> Webhook:
        """Return a webhook that the caller may see; raise 404 for any other."""
        webhook: Webhook | None = self.mine().filter(pk=pk).first()
        if webhook is None:
            raise Problem("not_found")
        return webhook

    def owned(self, webhook: Webhook) -> Webhook:
        """Return a webhook of the caller's own; raise 403 for one that belongs to somebody or something else."""
        if not self.caller().owns(webhook):
            raise Problem("permission_denied", _("It belongs to another person or application."))
        return webhook

    def mine(self) -> WebhookQuerySet:
        """Return the webhooks that the caller may see."""
        return Webhook.objects.visible_to(self.request.user).handled_by(self.request.auth.client_id)

    def narrowed(self, queryset: Any) -> Any:
        """Keep what the application handles."""
        found: Any = super().narrowed(queryset)
        return found.handled_by(self.request.auth.client_id)

    def answer(self, pk: Any, rows_for: pagination.RowsFor, code: int = 200, **headers: str) -> Response:
        """Answer a webhook that the application handles."""
        return super().answer(self.found(pk).pk, rows_for, code, **headers)

    def require_scopes(self, names: Iterable[str]) -> None:
        """Raise 403 unless the token lets each of these lists be read; managing webhooks alone reads nothing."""
        for name in names:
            require_scope(self.request, f"{resources()[name].scope}:read")

    def shown(self, message: WebhookDelivery, serializer: type[DeliverySerializer]) -> dict[str, Any]:
        """Return a message as the caller may read it."""
        found: dict[str, Any] = serializer(message).data
        return found if self.readable([message]) else hidden(found)

    def as_readable(self, texts: Iterable[str]) -> list[str]:
        """Return the texts of messages as the caller may read them."""
        rows = [orjson.loads(text) for text in texts]
        known = self.readable(WebhookDelivery.objects.filter(pk__in=[row["id"] for row in rows]))
        return [orjson.dumps(row if UUID(row["id"]) in known else hidden(row)).decode() for row in rows]

    def readable(self, messages: Iterable[WebhookDelivery]) -> set[UUID]:
        """Return which of these messages the caller may read now, by their own view and the scopes of their token."""
        return rights.readable(messages, self.request.user, rights.kinds(self.request.auth.scopes))

    def locked(self, pk: Any) -> Webhook:
        """Return a webhook under its lock, its version being one that the caller wants to change."""
        rows = self.mine().annotate(row_version=RowVersion()).select_for_update(of=("self",))
        webhook: Any = rows.filter(pk=pk).first()
        if webhook is None:
            raise Problem("not_found")
        check_preconditions(self.request, webhook.row_version)
        return webhook  # type: ignore[no-any-return]

    def message(self, pk: Any, delivery: UUID) -> WebhookDelivery:
        """Return a message of a webhook; raise 404 where there is none."""
        found = WebhookDelivery.objects.filter(webhook=self.found(pk), pk=delivery).first()
        if found is None:
            raise Problem("not_found")
        return found


def heard_names(webhook: Webhook) -> list[str]:
    """Return the lists that a webhook hears of which names none."""
    return [name for name, viewset in resources().items() if f"{viewset.scope}:read" in webhook.scopes]
