"""The list of tags over REST."""

from __future__ import annotations

from typing import Any

from crm.api.permissions import HasScope, MayWrite
from crm.api.plain import PlainViewSet
from crm.api.strictness import StrictModelSerializer
from crm.models import Tag
from crm.tags.actions import delete_tag, rename_tag


class TagSerializer(StrictModelSerializer):
    class Meta:
        model = Tag
        fields = ("id", "created_at", "name", "color")

    def update(self, instance: Tag, validated_data: dict[str, Any]) -> Tag:
        """Change a tag, and the records that have it."""
        name = validated_data.pop("name", instance.name)
        super().update(instance, validated_data)
        return rename_tag(tag=instance, name=name)


class TagViewSet(PlainViewSet):
    """The words that records have been given. Giving a record a new one adds it to this list."""

    queryset = Tag.objects.all()
    serializer_class = TagSerializer
    permission_classes = [HasScope, MayWrite]
    scope = "tags"
    filterset_fields = {"name": ["exact", "icontains"], "color": ["exact"]}
    ordering_fields = ["name"]
    says = {
        "create": "Add a tag to the list.",
        "partial_update": "Rename or colour a tag; the records that have it follow.",
        "destroy": "Delete a tag; it leaves the records that have it.",
    }

    def remove(self, one: Any) -> None:
        """Delete a tag, from the records too."""
        delete_tag(tag=one)
