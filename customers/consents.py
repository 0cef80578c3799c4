"""Consent over REST: its history, how it stands, and the link to the customer's own page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import validate_ipv46_address
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.response import Response

from crm.api import filters
from crm.api.characters import refuse_control_characters, refuse_line_breaks
from crm.api.errors import ParameterError
from crm.api.permissions import HasScope
from crm.api.schema import parameters
from crm.api.serializers import COMMON, RecordSerializer
from crm.api.viewsets import RecordViewSet, ShapedViewSet
from customers.actions import revoke_preferences_links
from customers.models import Consent, Customer, Purpose
from customers.preferences import expiry, link_for

if TYPE_CHECKING:
    from crm.api.requests import ApiRequest
    from crm.querysets import RecordQuerySet

CONSENT = "consent"


class PurposeSerializer(serializers.ModelSerializer[Purpose]):
    class Meta:
        model = Purpose
        fields = ("id", "name", "channel", "label", "label_zh", "description", "description_zh", "is_active")
        read_only_fields = fields


class PurposeViewSet(ShapedViewSet):
    """What the company may do only with a customer's consent; administrators add more on the screens."""

    queryset = Purpose.objects.all()
    serializer_class = PurposeSerializer
    permission_classes = [HasScope]
    scope = "customers"
    common_filters: ClassVar[dict[str, Any]] = {"id": ["in"]}
    filterset_fields = {"name": ["exact", "in"], "channel": ["exact"], "is_active": ["exact"]}


class ConsentSerializer(RecordSerializer):
    class Meta:
        model = Consent
        fields = (
            *COMMON,
            "customer",
            "purpose",
            "is_granted",
            "occurred_at",
            "source",
            "evidence",
            "ip_address",
            "user_agent",
            "recorded_by",
        )

        extra_kwargs: ClassVar[dict[str, Any]] = {
            "ip_address": {"validators": [refuse_control_characters, refuse_line_breaks]}
        }

    callers = (*RecordSerializer.callers, "recorded_by")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse to change what was recorded, which a file to import might."""
        if self.instance is not None:
            facts = attrs.keys() - {"external_references"}
            wrong = [name for name in sorted(facts) if getattr(self.instance, name) != attrs[name]]
            if wrong:
                text = gettext("The history of consent is not changed; record what came after.")
                raise ValidationError({name: [ErrorDetail(text, code="read_only")] for name in wrong})
        return super().validate(attrs)

    def validate_ip_address(self, value: str) -> str:
        """Refuse what looks like no network address."""
        try:
            validate_ipv46_address(value or "::")
        except DjangoValidationError as error:
            raise ValidationError(error.messages[0], code="not_an_address") from error
        return value


class ConsentViewSet(RecordViewSet):
    """The history of what customers agreed to and took back; of each purpose the newest row counts."""

    queryset = Consent.objects.all()
    serializer_class = ConsentSerializer
    scope = "customers"
    withheld = frozenset({"update", "partial_update", "destroy", "upsert", "restore"})
    filterset_fields = {
        "customer": ["exact", "in"],
        "purpose": ["exact", "in"],
        "is_granted": ["exact"],
        "source": ["exact", "in"],
        "occurred_at": ["gt", "gte", "lt", "lte"],
    }
    ordering_fields = ["occurred_at"]


class ConsentStateSerializer(serializers.Serializer[Any]):
    """How the consent of one customer to one purpose stands."""

    purpose = serializers.UUIDField(help_text=_("The purpose."))
    name = serializers.CharField(max_length=50, help_text=_("Its name, such as `marketing_email`."))
    channel = serializers.CharField(max_length=10, help_text=_("By which means."))
    is_granted = serializers.BooleanField(help_text=_("Whether it may be done: false also where nothing was said."))
    consent = serializers.UUIDField(
        allow_null=True, help_text=_("The row of the history that counts; null where nothing was said.")
    )
    since = serializers.DateTimeField(allow_null=True, help_text=_("When the customer said so."))
    source = serializers.CharField(  # type: ignore[assignment]  # a field takes the place of the property
        max_length=20, allow_null=True, help_text=_("How the customer said so.")
    )


class ConsentStatesSerializer(serializers.Serializer[Any]):
    """How the consent of one customer stands."""

    results = ConsentStateSerializer(many=True)


class PreferencesLinkSerializer(serializers.Serializer[Any]):
    """A link to the customer's own page."""

    url = serializers.URLField(max_length=1000, help_text=_("Address of the page; whoever has it may use it."))
    expires_at = serializers.DateTimeField(allow_null=True, help_text=_("Until when it works; null for ever."))


class ConsentActions:
    """A mixin for the viewset of customers: their consent, and a filter by it."""

    request: Any
    found: Any
    consent_verbs: ClassVar[dict[str, tuple[str, ...]]] = {
        "preferences_link": ("change",),
        "revoke_preferences_links": ("change",),
    }

    @extend_schema(responses=ConsentStatesSerializer)
    @action(detail=True)
    def consents(self, request: ApiRequest, pk: Any) -> Response:
        """Read how the consent of a customer stands.

        For each purpose, what the newest row of the history says.
        """
        filters.refuse_unknown(request.query_params, ("format",))
        customer = self.found(pk)
        return Response({"results": [state_of(*pair) for pair in standing(customer)]})

    @extend_schema(request=None, responses=PreferencesLinkSerializer)
    @action(detail=True, methods=["post"], url_path="preferences-link")
    def preferences_link(self, request: ApiRequest, pk: Any) -> Response:
        """Make a link to the preferences page.

        There the customer sees and changes their consent without an account. Earlier links go on working.
        """
        filters.refuse_unknown(request.query_params, ("format",))
        return Response({"url": link_for(self.found(pk)), "expires_at": expiry()})

    @extend_schema(request=None, responses={204: None})
    @preferences_link.mapping.delete
    def revoke_preferences_links(self, request: ApiRequest, pk: Any) -> Response:
        """Revoke the links to the customer's pages.

        None that was given out for the customer so far works any more, be it to the preferences page or to a ticket.
        By a message of the last 30 days one can still unsubscribe, and do nothing else.
        """
        filters.refuse_unknown(request.query_params, ("format",))
        revoke_preferences_links(customer=self.found(pk))
        return Response(status=204)

    def more_parameters(self) -> tuple[str, ...]:
        """Add the filter by consent."""
        return (*super().more_parameters(), CONSENT)  # type: ignore[misc]  # of the viewset

    def narrowed(self, queryset: RecordQuerySet) -> RecordQuerySet:
        """Apply the filter by consent; raise ParameterError for a purpose that there is not."""
        queryset = super().narrowed(queryset)  # type: ignore[misc]  # of the viewset
        name = self.request.query_params.get(CONSENT)
        if name is None:
            return queryset
        if not Purpose.objects.filter(name=name).exists():
            raise ParameterError(CONSENT, gettext("There is no such purpose."), "does_not_exist")
        return queryset.consenting(name)  # type: ignore[attr-defined,no-any-return]  # customers know it

    def list_parameters(self) -> list[dict[str, Any]]:
        """Return the parameters of the list as the document has them."""
        return [*parameters.list_parameters(self), self.consent_parameter()]  # type: ignore[arg-type]  # a mixin

    def export_parameters(self) -> list[dict[str, Any]]:
        """Return the parameters of an export as the document has them."""
        return [*parameters.export_parameters(self), self.consent_parameter()]  # type: ignore[arg-type]  # a mixin

    def consent_parameter(self) -> dict[str, Any]:
        """Return the filter by consent as the document has it."""
        name = {"type": "string", "maxLength": 50, "pattern": "^[a-z][a-z0-9_]*$"}
        return parameters.query(CONSENT, name, _("Only who agrees to this purpose, such as `marketing_email`."))


def standing(customer: Customer) -> list[tuple[Purpose, Consent | None]]:
    """Return each purpose that is asked for, or was, with the consent that counts."""
    newest = {one.purpose_id: one for one in Consent.objects.of([customer]).newest()}
    purposes = Purpose.objects.order_by("name")
    return [(one, newest.get(one.pk)) for one in purposes if one.is_active or one.pk in newest]


def state_of(purpose: Purpose, consent: Consent | None) -> dict[str, Any]:
    """Return how the consent to a purpose stands, as clients see it."""
    return {
        "purpose": purpose.pk,
        "name": purpose.name,
        "channel": purpose.channel,
        "is_granted": bool(consent and consent.is_granted),
        "consent": consent and consent.pk,
        "since": consent and consent.occurred_at,
        "source": consent and consent.source,
    }
