"""Records that concern another record, as clients write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm.about import kinds
from crm.api.fields import as_ids
from crm.api.serializers import RecordSerializer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from uuid import UUID


class AboutSerializer(RecordSerializer):
    """Refuses to be about a record that there is not, or not for the caller."""

    def look_up(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Read also, at once for each kind, the records that many of these are about."""
        super().look_up(rows)
        labels = {label for row in rows if isinstance(label := row.get("about_type"), str)}
        self.context["known"]["about"] = {
            (label, key) for label in labels for key in self.visible(label, as_ids(row.get("about_id") for row in rows))
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the values; raise ValidationError for a record that the caller does not see."""
        attrs = super().validate(attrs)
        label, key = attrs.get("about_type"), attrs.get("about_id")
        known = self.context.get("known", {}).get("about", ())
        if label and key and (label, key) not in known and not self.visible(label, {key}):
            raise ValidationError({"about_id": [ErrorDetail(_("There is no such record."), "does_not_exist")]})
        return attrs

    def visible(self, label: str, keys: Collection[UUID]) -> set[UUID]:
        """Return those of the keys that records of a kind have which the caller may see."""
        model: Any = kinds().get(label)
        if model is None:
            return set()
        records = model.objects.visible_to(self.context["request"].user)
        return set(records.filter(pk__in=keys).values_list("pk", flat=True))
