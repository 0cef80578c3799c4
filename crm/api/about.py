"""Records that concern another record, as clients write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm.about import kinds
from crm.api.fields import as_ids
from crm.api.serializers import RecordSerializer
from crm.merging.successors import standing_for

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from uuid import UUID


class AboutSerializer(RecordSerializer):
    """Refuses to be about a record that there is not, or not for the caller."""

    def look_up(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Read also, at once for each kind, the records that many of these are about."""
        super().look_up(rows)
        labels = {label for row in rows if isinstance(label := row.get("about_type"), str)}
        keys = as_ids(row.get("about_id") for row in rows)
        self.context["known"]["about"] = {
            (label, key): found.get(key) for label in labels for found in [self.visible(label, keys)] for key in keys
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the values; raise ValidationError for a record that the caller does not see."""
        label, key = attrs.get("about_type"), attrs.get("about_id")
        if label and key:
            known = self.context.get("known", {}).get("about", {})
            is_known = (label, key) in known
            attrs["about_id"] = known[label, key] if is_known else self.visible(label, {key}).get(key)
            if attrs["about_id"] is None:
                raise ValidationError({"about_id": [ErrorDetail(_("There is no such record."), "does_not_exist")]})
        return super().validate(attrs)

    def visible(self, label: str, keys: Collection[UUID]) -> dict[UUID, UUID]:
        """Return the ids of the records of a kind, among those that the caller may see, for which the keys stand."""
        model: Any = kinds().get(label)
        if model is None:
            return {}
        records = model.objects.visible_to(self.context["request"].user).only("pk")
        return {key: one.pk for key, one in standing_for(records, keys).items()}
