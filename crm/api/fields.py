"""Fields that only records have: references to other records, and what an administrator added."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import FETCH_PEERS
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm.merging.successors import standing_for
from crm.models import User

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm.custom.definitions import Definitions
    from crm.models import CustomField

NAME_CODES: Final = {"unknown_custom_field", "repeated"}


def as_ids(values: Iterable[Any]) -> set[UUID]:
    """Return those of the values that are ids."""
    found = set()
    for value in values:
        with suppress(ValueError):
            found |= {UUID(value)} if isinstance(value, str) else set()
    return found


class VisibleRelatedField(serializers.PrimaryKeyRelatedField[Any]):
    """A reference to a record that the caller may see; any other id does not exist."""

    def get_queryset(self) -> Any:
        """Return the records that may be referred to; what rules ask of one of them is read for all."""
        queryset: Any = super().get_queryset()
        queryset = queryset.fetch_mode(FETCH_PEERS)
        visible = queryset.visible_to(self.context["request"].user)
        return visible.filter(is_active=True) if queryset.model is User else visible

    def to_internal_value(self, data: Any) -> Any:
        """Return the record that an id stands for; one that was looked up along with others costs no query."""
        known = self.context.get("known", {}).get(self.field_name, {})
        if isinstance(data, str) and data in known:
            return known[data] or self.fail("does_not_exist", pk_value=data)
        try:
            return super().to_internal_value(data)
        except ValidationError:
            for record in standing_for(self.get_queryset(), as_ids([data])).values():
                return record
            raise


class CustomValuesField(serializers.JSONField):
    """An object with values of the fields that an administrator added to this kind of record."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        """Take null in a merge patch for no values at all (RFC 7396)."""
        is_patch = getattr(self.parent, "partial", False)
        if data is None and is_patch:
            serializer: Any = self.parent
            return True, serializer.custom_fields().kept(serializer.instance.custom if serializer.instance else {})
        return super().validate_empty_values(data)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the merged values; raise ValidationError for unknown fields and wrong types."""
        if not isinstance(data, dict):
            raise ValidationError(_("An object is expected."), code="not_an_object")
        serializer: Any = self.parent
        before = serializer.instance.custom if serializer.instance is not None else {}
        fields = serializer.custom_fields()
        values = dict(before) if getattr(serializer, "partial", False) else fields.kept(before)
        errors: dict[str, Any] = {}
        given: set[str] = set()
        for name, value in data.items():
            try:
                field = self.field_of(name, fields, given)
                values.pop(field.name, None)
                if value is not None:
                    values[field.name] = value if same(value, before.get(field.name)) else field.check_value(value)
            except DjangoValidationError as error:
                code = error.code if error.code in NAME_CODES else "invalid_custom_value"
                errors[name] = [ErrorDetail(error.messages[0], code=code)]
        if errors:
            raise ValidationError(errors)
        return values

    def field_of(self, name: str, fields: Definitions, given: set[str]) -> CustomField:
        """Return the field of a name, present or former; raise DjangoValidationError for none, or one given twice."""
        field = fields.known.get(name)
        if field is None:
            raise DjangoValidationError(gettext("There is no such custom field."), code="unknown_custom_field")
        if field.name in given:
            raise DjangoValidationError(gettext("Give it once."), code="repeated")
        given.add(field.name)
        return field


def same(value: Any, other: Any) -> bool:
    """Tell whether two values are the same as JSON, where true is not one; what stays as it is, is not judged anew."""
    return type(value) is type(other) and bool(value == other)
