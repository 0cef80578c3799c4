"""What a record looks like to a client, and what it accepts."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import empty

from crm.api.errors import rule_broken
from crm.api.representation import SERIALIZERS
from crm.api.strictness import StrictModelSerializer
from crm.custom.definitions import definitions
from crm.models import ExternalReference, Record, User

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from crm.custom.definitions import Definitions
    from crm.models import CustomField

type AnyField = serializers.Field[Any, Any, Any, Any]

MAX_REFERENCES = 100
NAME_CODES = {"unknown_custom_field", "repeated"}
COMMON = ("id", "created_at", "updated_at", "owner", "team", "custom", "external_references")


def own_copy(item: AnyField) -> AnyField:
    """Return a field for one serializer; only those that hold others must be copied in depth, which is slow."""
    is_deep = isinstance(item, serializers.BaseSerializer) or hasattr(item, "child")
    return copy.deepcopy(item) if is_deep else copy.copy(item)


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
        """Return the records that may be referred to."""
        queryset: Any = super().get_queryset()
        if hasattr(queryset, "visible_to"):
            return queryset.visible_to(self.context["request"].user)
        return queryset.filter(is_active=True) if queryset.model is User else queryset

    def to_internal_value(self, data: Any) -> Any:
        """Return the record; one that was looked up along with others costs no query."""
        known = self.context.get("known", {}).get(self.field_name, {})
        return known[data] if isinstance(data, str) and data in known else super().to_internal_value(data)


class ExternalReferenceSerializer(StrictModelSerializer):
    """The name by which another system knows the record."""

    class Meta:
        model = ExternalReference
        fields = ("system", "external_id")


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


class RecordSerializer(StrictModelSerializer):
    """The serializer of a record: a resource names its model and fields, the rest is given.

    `Meta.expand` names lists of other records that `?expand=` may show besides the foreign keys.
    """

    serializer_related_field = VisibleRelatedField
    judged: Record  # as it would be
    given: Collection[str] = ()  # the members of what is being judged
    kept_by_put: ClassVar[frozenset[str]] = frozenset({"owner", "team", "external_references"})
    callers: ClassVar[tuple[str, ...]] = ("owner",)  # colleagues that are, unless said otherwise, who creates
    field_sets: ClassVar[dict[type, dict[str, AnyField]]] = {}

    custom = CustomValuesField(required=False, help_text=_("Values of the fields that an administrator added."))
    external_references = ExternalReferenceSerializer(
        many=True,
        required=False,
        max_length=MAX_REFERENCES,  # type: ignore[call-arg]  # of the list that DRF makes
        help_text=_("Names by which other systems know the record."),
    )

    class Meta:
        model: type[Record]
        fields: tuple[str, ...]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make this the form in which the model is expanded elsewhere."""
        super().__init_subclass__(**kwargs)
        SERIALIZERS.setdefault(cls.Meta.model, cls)

    def get_fields(self) -> dict[str, AnyField]:
        """Return the fields, which are worked out once a class."""
        if type(self) not in self.field_sets:
            self.field_sets[type(self)] = super().get_fields()
        return {name: own_copy(item) for name, item in self.field_sets[type(self)].items()}

    def look_up(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Read, at once for each field, the records that the data of many records refer to."""
        related = {name: item.get_queryset() for name, item in self.fields.items() if hasattr(item, "get_queryset")}
        for name, queryset in related.items():
            if keys := as_ids(row.get(name) for row in rows):
                self.context["known"][name] = {str(one.pk): one for one in queryset.filter(pk__in=keys)}

    @cached_property
    def writable(self) -> list[AnyField]:
        """Return the fields that may be written, which DRF works out again for each record."""
        return [item for item in self.fields.values() if not item.read_only]

    @property
    def _writable_fields(self) -> list[AnyField]:
        """Return the fields that are given or needed: at all others, which are most, DRF would look in vain."""
        return [
            one for one in self.writable if one.required or one.field_name in self.given or one.default is not empty
        ]

    def get_unique_together_validators(self) -> list[Any]:
        """Return none: the database decides, without a query and without a race."""
        return []

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the validated values; raise ValidationError also for what is unknown or read-only."""
        if isinstance(data, dict):
            self.refuse_unknown(data)
            data = self.without_read_only(data)
            data = self.emptied(data) if self.partial else self.replaced(data)
            self.given = data.keys()
        return dict(super().to_internal_value(data))

    def without_read_only(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Drop read-only members that say what is so; raise ValidationError for those that say otherwise."""
        given = {name for name in data if self.fields[name].read_only}
        if given:
            current = self.context["representation"](self.instance) if self.instance is not None else {}
            wrong = {name for name in given if name not in current or current[name] != data[name]}
            if wrong:
                raise ValidationError(
                    {name: [ErrorDetail(gettext("Read only."), code="read_only")] for name in sorted(wrong)}
                )
        return {name: value for name, value in data.items() if name not in given}

    def emptied(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return a merge patch in which null, where it is no value, stands for the default (RFC 7396)."""
        return {
            name: self.default_of(name)
            if value is None and name != "custom" and not self.fields[name].allow_null
            else value
            for name, value in data.items()
        }

    def replaced(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return a whole record: what a PUT leaves out takes its default, but `kept_by_put` stays."""
        if self.instance is None:
            return dict(data)
        missing = {
            name: self.default_of(name)
            for name, item in self.fields.items()
            if name not in data and not item.read_only and not item.required and name not in self.kept_by_put
        }
        return {**missing, **data}

    def default_of(self, name: str) -> Any:
        """Return the value that a field has when nobody gives one."""
        if name == "external_references":
            return []
        field = self.Meta.model._meta.get_field(name)
        if isinstance(field, models.Field) and field.has_default():
            return field.get_default()
        return None if field.null else ""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the values; raise a problem, 422, for what the model's `clean` refuses."""
        record = copy.copy(self.instance) if self.instance is not None else self.Meta.model()
        for name, value in attrs.items():
            if name != "external_references":
                setattr(record, name, value)
        try:
            record.clean()
        except DjangoValidationError as error:
            raise rule_broken(error) from error
        self.complete_custom(record, attrs)
        self.judged = record
        return attrs

    def custom_fields(self) -> Definitions:
        """Return the fields that administrators added to this kind of record."""
        return definitions(self.Meta.model, self.context["request"].user)

    def complete_custom(self, record: Record, attrs: dict[str, Any]) -> None:
        """Give a whole record the defaults of its custom fields; raise ValidationError for those that lack a value."""
        fields = self.custom_fields()
        if not self.partial and (missing := fields.defaults().keys() - record.custom.keys()):
            defaults = fields.defaults()
            attrs["custom"] = record.custom = {**record.custom, **{name: defaults[name] for name in missing}}
        if lacking := fields.lacking(record.custom):
            message = ErrorDetail(gettext("This custom field needs a value."), code="required_custom_field")
            raise ValidationError({"custom": {name: [message] for name in lacking}})

    def create(self, validated_data: dict[str, Any]) -> Any:
        """Write a new record, the caller's unless said otherwise."""
        references = validated_data.pop("external_references", ())
        record = self.Meta.model(**validated_data)
        self.assign(record, validated_data)
        record.save(force_insert=True)
        self.refer(record, references)
        return record

    def assign(self, record: Any, attrs: Mapping[str, Any]) -> None:
        """Make a new record the caller's, as far as the values do not name others."""
        user = self.context["request"].user
        for name in self.callers:
            if name not in attrs:
                setattr(record, f"{name}_id", user.pk)
        if "team" not in attrs:
            record.team_id = user.team_id

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        """Write the changed record."""
        references = validated_data.pop("external_references", None)
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save(force_update=True)
        if references is not None:
            instance.external_references.all().delete()
            self.refer(instance, references)
        return instance

    def refer(self, record: Any, references: Any) -> None:
        """Write the names by which other systems know the record."""
        if references:
            kind = ContentType.objects.get_for_model(record)
            ExternalReference.objects.bulk_create(
                ExternalReference(content_type=kind, object_id=record.pk, **reference) for reference in references
            )
