"""Records that concern another record, as clients write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm.api.serializers import RecordSerializer
from crm.models.about import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class AboutSerializer(RecordSerializer):
    """Refuses to be about a record that there is not, or not for the caller."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the values; raise ValidationError for a record that the caller does not see."""
        attrs = super().validate(attrs)
        label, key = attrs.get("about_type"), attrs.get("about_id")
        if label and key:
            about = self.context.get("about")
            if (label, key) not in (self.visible({label: {key}}) if about is None else about):
                raise ValidationError({"about_id": [ErrorDetail(_("There is no such record."), "does_not_exist")]})
        return attrs

    def prefetch(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Look up at once what many records are about."""
        from crm.api.writer import as_ids

        wanted: dict[str, set[Any]] = {}
        for row in rows:
            label, key = row.get("about_type"), row.get("about_id")
            if isinstance(label, str) and isinstance(key, str):
                wanted.setdefault(label, set()).update(as_ids([key]))
        known: Any = self.context
        known["about"] = self.visible(wanted)

    def visible(self, wanted: Mapping[str, set[Any]]) -> set[tuple[str, Any]]:
        """Return those of some records that the caller may see; one query for each kind."""
        found: set[tuple[str, Any]] = set()
        for label, keys in wanted.items():
            model: Any = kind_of(label)
            if model is not None:
                visible = model.objects.visible_to(self.context["request"].user).filter(pk__in=keys)
                found |= {(label, key) for key in visible.values_list("pk", flat=True)}
        return found
