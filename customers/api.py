"""Customers, their addresses and the history with them, over REST."""

from typing import Any

from django.apps import apps
from django.db.models import Q
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm.api.merging import MergeActions
from crm.api.serializers import COMMON, RecordSerializer
from crm.api.timeline import TimelineActions
from crm.api.viewsets import RecordViewSet
from crm.models import Record
from crm.querysets import RecordQuerySet
from customers.duplicates import DuplicateActions
from customers.models import Address, Customer, Interaction


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


class CustomerViewSet(DuplicateActions, MergeActions, TimelineActions, RecordViewSet):
    """People and organizations that the company deals with, or would like to."""

    permission_verbs = {**RecordViewSet.permission_verbs, **MergeActions.merge_verbs}

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
        """Return a customer, and the people of an organization, among those that are visible."""
        return visible.filter(Q(pk=pk) | Q(organization=pk))


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

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse to be about a record that there is not, or not for the caller."""
        attrs = super().validate(attrs)
        if attrs.get("about_type") and attrs.get("about_id"):
            kinds = {model.label(): model for model in apps.get_models() if issubclass(model, Record)}
            model = kinds.get(attrs["about_type"])
            user = self.context["request"].user
            if model is None or not model.objects.visible_to(user).filter(pk=attrs["about_id"]).exists():
                raise ValidationError({"about_id": [ErrorDetail(_("There is no such record."), "does_not_exist")]})
        return attrs


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
