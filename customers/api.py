"""Customers, their addresses and the history with them, over REST."""

from typing import Any

from django.db.models import Q

from crm.api.about import AboutSerializer
from crm.api.added import WithAddedParameters
from crm.api.duplicates import DuplicateActions
from crm.api.merging import MergeActions
from crm.api.serializers import COMMON, RecordSerializer
from crm.api.timeline import TimelineActions
from crm.api.viewsets import RecordViewSet
from crm.privacy.api import ErasureViewSet, PrivacyActions
from crm.querysets import RecordQuerySet
from customers.consents import ConsentActions
from customers.models import Address, Customer, Interaction
from customers.relations import members_of_tree
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
            "erased_at",
        )
        read_only_fields = ("erased_at",)
        extra_kwargs = {"name": {"required": False, "allow_blank": True}}
        expand = ("addresses",)


class CustomerViewSet(
    WithAddedParameters,
    DuplicateActions,
    MergeActions,
    PrivacyActions,
    ConsentActions,
    TimelineActions,
    RelationActions,
    RecordViewSet,
):
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
        "erased_at": ["isnull"],
    }
    ordering_fields = ["name"]
    natural_keys = ("email", "tax_id")
    permission_verbs = {
        **RecordViewSet.permission_verbs,
        **MergeActions.merge_verbs,
        **PrivacyActions.privacy_verbs,
        **ConsentActions.consent_verbs,
    }

    def with_members(self, visible: RecordQuerySet, pk: Any) -> RecordQuerySet:
        """Return a customer, and the people of an organization, among those that are visible; or a tree's."""
        if self.request.query_params.get("scope") != "tree":
            return visible.filter(Q(pk=pk) | Q(organization=pk))
        return members_of_tree(self.found(pk), self.request.user)


class CertificateViewSet(ErasureViewSet):
    """Certificates of erasures: when, by whom, why and how much; no word about the customer."""

    permissions_of = Customer


class InteractionSerializer(AboutSerializer):
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
