"""Bodies are taken as they are: an unknown member, or a value of another JSON type, is refused and never guessed."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm.api.characters import refuse_control_characters
from crm.api.parsers import UntypedText

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXTS = (
    serializers.CharField,
    serializers.ChoiceField,
    serializers.UUIDField,
    serializers.DateField,
    serializers.DateTimeField,
    serializers.RelatedField,
)
EXPECTED: tuple[tuple[Any, tuple[type, ...], Any], ...] = (
    (serializers.BooleanField, (bool,), _("True or false is expected, not a text or a number.")),
    (serializers.IntegerField, (int, float), _("A number is expected, not a text.")),
    (serializers.FloatField, (int, float), _("A number is expected, not a text.")),
    (serializers.DecimalField, (str, int, float), _("A decimal number is expected.")),
    (TEXTS, (str, datetime.date), _("A text is expected.")),
)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown members, and values that JSON writes otherwise than the field has them."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values; raise ValidationError for what is unknown or of the wrong type."""
        if isinstance(data, dict):
            self.refuse_unknown(data)
            wrong = {name: wrong_type(self.fields[name], value) for name, value in data.items()}
            if any(wrong.values()):
                raise ValidationError({name: [message] for name, message in wrong.items() if message})
        return super().to_internal_value(data)

    def refuse_unknown(self, data: Mapping[str, Any]) -> None:
        """Raise ValidationError for members that there are not."""
        unknown = data.keys() - self.fields.keys()
        if unknown:
            raise ValidationError({name: [ErrorDetail(str(_("Unknown field.")), code="unknown")] for name in unknown})


class StrictModelSerializer(StrictSerializer, serializers.ModelSerializer[Any]):
    """A strict serializer of a model, whose texts hold no control characters.

    Null in a merge patch, where it is no value, stands for the default (RFC 7396).
    """

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values."""
        return super().to_internal_value(self.emptied(data) if isinstance(data, dict) and self.partial else data)

    def emptied(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return a merge patch with defaults in place of null."""
        return {name: self.default_of(name) if self.is_reset(name, value) else value for name, value in data.items()}

    def is_reset(self, name: str, value: Any) -> bool:
        """Tell whether a member of a merge patch asks for the default."""
        field = self.fields.get(name)
        return value is None and field is not None and not (field.read_only or field.required or field.allow_null)

    def default_of(self, name: str) -> Any:
        """Return the value that a field has when nobody gives one."""
        model: Any = self.Meta.model
        value = model._meta.get_field(name).get_default()
        return str(value) if isinstance(value, Decimal) else value

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        """Return DRF's field; texts refuse control characters."""
        field_class, kwargs = super().build_standard_field(field_name, model_field)
        if issubclass(field_class, serializers.CharField):
            kwargs["validators"] = [*kwargs.get("validators", []), refuse_control_characters]
        return field_class, kwargs


def wrong_type(field: Any, value: Any) -> ErrorDetail | None:
    """Return what is wrong with the JSON type of a value; text from XML that states no type may be anything."""
    if field.read_only or value is None or isinstance(value, UntypedText):
        return None
    for kind, types, message in EXPECTED:
        if isinstance(field, kind):
            is_right = isinstance(value, types) and (bool in types or not isinstance(value, bool))
            return None if is_right else ErrorDetail(str(message), code="wrong_type")
    return None
