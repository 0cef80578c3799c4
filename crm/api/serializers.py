"""What a record looks like to a client, and what it accepts."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import empty
from rest_framework.validators import UniqueValidator

from crm.api.errors import rule_broken
from crm.api.fields import CustomValuesField, VisibleRelatedField, as_ids
from crm.api.representation import SERIALIZERS
from crm.api.strictness import StrictModelSerializer
from crm.custom.definitions import definitions
from crm.merging.successors import standing_for
from crm.models import ExternalReference, Record
from crm.models.tags import known_among
from crm.tags.fields import TagsField

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from crm.custom.definitions import Definitions

type AnyField = serializers.Field[Any, Any, Any, Any]

MAX_REFERENCES = 100
COMMON = ("id", "created_at", "updated_at", "owner", "team", "custom", "tags", "external_references")


def own_copy(item: AnyField) -> AnyField:
    """Return a field for one serializer; only those that hold others must be copied in depth, which is slow."""
    is_deep = isinstance(item, serializers.BaseSerializer) or hasattr(item, "child")
    return copy.deepcopy(item) if is_deep else copy.copy(item)


class ExternalReferenceSerializer(StrictModelSerializer):
    """The name by which another system knows the record."""

    class Meta:
        model = ExternalReference
        fields = ("system", "external_id")


class JudgedByDatabase:
    """A mixin for serializers: the database decides what must be unique, without a query and without a race."""

    def get_unique_together_validators(self) -> list[Any]:
        """Return none."""
        return []

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        """Return the field without a query for whether its value is taken."""
        field_class, kwargs = super().build_standard_field(field_name, model_field)  # type: ignore[misc]  # DRF's
        if "validators" in kwargs:
            kwargs["validators"] = [one for one in kwargs["validators"] if not isinstance(one, UniqueValidator)]
        return field_class, kwargs


class RecordSerializer(JudgedByDatabase, StrictModelSerializer):
    """The serializer of a record: a resource names its model and fields, the rest is given.

    `Meta.expand` names lists of other records that `?expand=` may show besides the foreign keys.
    """

    serializer_related_field = VisibleRelatedField
    judged: Record  # as it would be
    given: Collection[str] = ()  # the members of what is being judged
    kept_by_put: ClassVar[frozenset[str]] = frozenset({"owner", "team", "tags", "external_references"})
    callers: ClassVar[tuple[str, ...]] = ("owner",)  # colleagues that are, unless said otherwise, who creates
    field_sets: ClassVar[dict[type, dict[str, AnyField]]] = {}

    custom = CustomValuesField(required=False, help_text=_("Values of the fields that an administrator added."))
    tags = TagsField()
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
        if hasattr(cls.Meta, "model"):
            SERIALIZERS.setdefault(cls.Meta.model, cls)

    def get_fields(self) -> dict[str, AnyField]:
        """Return the fields, which are worked out once a class."""
        if type(self) not in self.field_sets:
            self.field_sets[type(self)] = super().get_fields()
        return {name: own_copy(item) for name, item in self.field_sets[type(self)].items()}

    def look_up(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Read, at once for each field, the records that the data of many records refer to, and their tags."""
        related = {str(one.field_name): one.get_queryset() for one in self.writable if hasattr(one, "get_queryset")}
        for name, queryset in related.items():
            if keys := as_ids(row.get(name) for row in rows):
                found = standing_for(queryset, keys)
                self.context["known"][name] = {str(key): found.get(key) for key in keys}
        lists = (given for row in rows if isinstance(given := row.get("tags"), list))
        tags = {name for names in lists for name in names if isinstance(name, str)}
        self.context["known"]["tags"] = known_among(tags)

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

    def is_reset(self, name: str, value: Any) -> bool:
        """Tell whether a member of a merge patch asks for the default; `custom` takes null for each of its own."""
        return name != "custom" and super().is_reset(name, value)

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
        return [] if name == "external_references" else super().default_of(name)

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
