"""Suppressed addresses over REST."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.api.permissions import HasScope, MayWrite
from crm.api.plain import PlainViewSet
from crm.api.serializers import JudgedByDatabase
from crm.api.strictness import StrictModelSerializer
from marketing.models import Suppression, digest_of


class SuppressionSerializer(JudgedByDatabase, StrictModelSerializer):
    class Meta:
        model = Suppression
        fields = ("id", "address", "digest", "reason", "detail", "created_at")
        read_only_fields = ("digest", "created_at")
        extra_kwargs = {"address": {"required": True, "allow_blank": False}}

    def update(self, instance: Suppression, validated_data: dict[str, Any]) -> Suppression:
        """Change a suppression; raise ValidationError for another address than the one that was suppressed."""
        if "address" in validated_data and digest_of(validated_data["address"]) != instance.digest:
            text = _("The address stays as it is: suppress the other, and let this one go.")
            raise ValidationError({"address": ValidationError(text, code="fixed")})
        changed: Suppression = super().update(instance, validated_data)
        return changed


class MayManage(MayWrite):
    """Who sees the addresses holds the permission for it, and another to change them."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Tell whether the permissions are held."""
        return request.user.has_perm("marketing.view_suppression") and super().has_permission(request, view)


class SuppressionViewSet(PlainViewSet):
    """E-mail addresses to which nothing more is sent, whoever has them; an erased one stays, by its digest."""

    queryset = Suppression.objects.all()
    serializer_class = SuppressionSerializer
    permission_classes = [HasScope, MayManage]
    scope = "marketing"
    filterset_fields = {"address": ["exact"], "digest": ["exact"], "reason": ["exact", "in"]}
    ordering_fields = ["created_at"]
    says = {
        "create": "Send nothing more to an address.",
        "partial_update": "Correct the reason.",
        "destroy": "Let messages be sent to an address again.",
    }
