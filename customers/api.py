"""Customers, their addresses and the history with them, over REST."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Q
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm.api.serializers import COMMON, RecordSerializer, as_ids
from crm.api.timeline import TimelineActions
from crm.api.viewsets import RecordViewSet
from crm.models import Record
from crm.querysets import RecordQuerySet
from customers.models import Address, Customer, Interaction
from customers.relations import customers_of
from customers.relations_api import RelationActions


class AddressSerializer(RecordSerializer):
    class Meta:
        model = Address
        fields = (
            *COMMON,
            "customer",
            "type",
            "street",
            "city",
            "region",
            "postal_code",
            "country",
            "is_primary",
        )


class AddressViewSet(RecordViewSet):
    """Postal addresses of customers."""

    queryset = Address.objects.all()
    serializer_class = AddressSerializer
    scope = "customers"
    filterset_fields = {
        "customer": ["exact", "in"],
        "type": ["exact"],
        "city": ["exact"],
        "postal_code": ["exact"],
        "country": ["exact", "in"],
        "is_primary": ["exact"],
    }


class CustomerSerializer(RecordSerializer):
    class Meta:
        model = Customer
        fields = (
            *COMMON,
            "kind",
            "name",
            "given_name",
            "family_name",
            "organization",
            "job_title",
            "email",
            "phone",
            "phone_e164",
            "fax",
            "website",
            "tax_id",
            "industry",
            "lifecycle",
            "language",
            "time_zone",
            "country",
            "source",
            "description",
            "is_active",
        )
        extra_kwargs = {"name": {"required": False, "allow_blank": True}}
        expand = ("addresses",)


class CustomerViewSet(TimelineActions, RelationActions, RecordViewSet):
    """People and organizations that the company deals with, or would like to."""

    queryset = Customer.objects.all()
    serializer_class = CustomerSerializer
    scope = "customers"
    filterset_fields = {
        "kind": ["exact"],
        "name": ["exact", "icontains", "istartswith"],
        "organization": ["exact", "in", "isnull"],
        "email": ["exact", "in"],
        "phone": ["exact"],
        "phone_e164": ["exact", "in"],
        "tax_id": ["exact", "in"],
        "industry": ["exact"],
        "lifecycle": ["exact", "in"],
        "language": ["exact"],
        "country": ["exact", "in"],
        "source": ["exact"],
        "is_active": ["exact"],
    }
    ordering_fields = ["name"]
    natural_keys = ("email", "tax_id")

    def with_members(self, visible: RecordQuerySet, pk: Any) -> RecordQuerySet:
        """Return a customer, and the people of an organization, among those that are visible; or a tree's."""
        if self.request.query_params.get("scope") != "tree":
            return visible.filter(Q(pk=pk) | Q(organization=pk))
        keys = customers_of(self.found(pk), self.request.user)
        return visible.filter(Q(pk__in=keys) | Q(organization__in=keys))


class InteractionSerializer(RecordSerializer):
    class Meta:
        model = Interaction
        fields = (
            *COMMON,
            "customer",
            "kind",
            "direction",
            "occurred_at",
            "duration",
            "subject",
            "body",
            "user",
            "about_type",
            "about_id",
        )

    kept_by_put = RecordSerializer.kept_by_put | {"user", "occurred_at"}
    callers = (*RecordSerializer.callers, "user")

    def look_up(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Read also, at once for each kind, the records that many interactions are about."""
        super().look_up(rows)
        kinds = {kind for row in rows if isinstance(kind := row.get("about_type"), str)}
        self.context["known"]["about"] = {
            (kind, pk) for kind in kinds for pk in self.seen(kind, as_ids(row.get("about_id") for row in rows))
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse to be about a record that there is not, or not for the caller."""
        attrs = super().validate(attrs)
        kind, pk = attrs.get("about_type"), attrs.get("about_id")
        known = self.context.get("known", {}).get("about", ())
        if kind and pk and (kind, pk) not in known and not self.seen(kind, {pk}):
            raise ValidationError({"about_id": [ErrorDetail(_("There is no such record."), "does_not_exist")]})
        return attrs

    def seen(self, kind: str, keys: Collection[UUID]) -> set[UUID]:
        """Return those of the keys that records of a kind have which the caller may see."""
        kinds = {model.label(): model for model in apps.get_models() if issubclass(model, Record)}
        if kind not in kinds:
            return set()
        records = kinds[kind].objects.visible_to(self.context["request"].user)
        return set(records.filter(pk__in=keys).values_list("pk", flat=True))


class InteractionViewSet(RecordViewSet):
    """What was said and done between customers and us: calls, e-mails, meetings, messages, notes, visits."""

    queryset = Interaction.objects.all()
    serializer_class = InteractionSerializer
    scope = "customers"
    filterset_fields = {
        "customer": ["exact", "in"],
        "kind": ["exact", "in"],
        "direction": ["exact"],
        "occurred_at": ["gt", "gte", "lt", "lte"],
        "user": ["exact"],
        "about_type": ["exact"],
        "about_id": ["exact"],
    }
    ordering_fields = ["occurred_at"]
