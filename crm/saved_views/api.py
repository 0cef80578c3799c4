"""Saved views over REST."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm.api.errors import Problem
from crm.api.permissions import HasScope
from crm.api.plain import PlainViewSet
from crm.api.routers import resources
from crm.api.strictness import StrictModelSerializer
from crm.models import SavedView
from crm.saved_views.applying import check


class SavedViewSerializer(StrictModelSerializer):
    parameters = serializers.DictField(
        child=serializers.CharField(max_length=2000, allow_blank=True),
        required=False,
        allow_null=True,
        help_text=SavedView._meta.get_field("parameters").help_text,
    )

    class Meta:
        model = SavedView
        fields = ("id", "created_at", "user", "resource", "name", "sharing", "parameters")
        read_only_fields = ("user",)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse lists that there are not, and parameters that the list would refuse."""
        if self.instance is not None and self.instance.user_id != self.context["request"].user.pk:
            raise Problem("permission_denied")
        name = attrs.get("resource", getattr(self.instance, "resource", ""))
        viewset = resources().get(name)
        if viewset is None:
            raise ValidationError({"resource": [ErrorDetail(_("There is no such list."), code="does_not_exist")]})
        parameters = attrs.get("parameters", getattr(self.instance, "parameters", {}))
        if parameters is None:
            attrs["parameters"] = parameters = {}
        check(viewset, parameters, self.context["request"].user)
        return attrs

    def create(self, validated_data: dict[str, Any]) -> SavedView:
        """Save a view as the caller's."""
        return SavedView.objects.create(user=self.context["request"].user, **validated_data)

    def update(self, instance: SavedView, validated_data: dict[str, Any]) -> SavedView:
        """Change a view; the screens show the new parameters from then on, not what was saved there."""
        if validated_data.get("parameters", instance.parameters) != instance.parameters:
            instance.screen = ""
            if "fields" in validated_data["parameters"]:
                instance.columns = []
        updated: SavedView = super().update(instance, validated_data)
        return updated


class SavedViewViewSet(PlainViewSet):
    """Named filters, order and fields of a list. `GET /customers?view={id}` applies one; what is sent besides wins."""

    queryset = SavedView.objects.all()
    serializer_class = SavedViewSerializer
    permission_classes = [HasScope]
    scope = "views"
    filterset_fields = {"resource": ["exact"], "sharing": ["exact"], "user": ["exact"]}
    ordering_fields = ["name"]
    says = {
        "create": "Save a view.",
    }

    def remove(self, one: Any) -> None:
        """Delete a view of the caller's; raise 403 for a colleague's."""
        if one.user_id != self.request.user.pk:
            raise Problem("permission_denied")
        one.delete()
