"""Custom fields over REST: programs find out what there is, administrators add and change them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext, gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from crm.api import filters
from crm.api.concurrency import check_preconditions
from crm.api.errors import ParameterError, Problem, rule_broken
from crm.api.permissions import HasScope
from crm.api.representation import RowVersion, SQLField
from crm.api.routers import resources
from crm.api.schema import parameters
from crm.api.schema.fields import CUSTOM_VALUES
from crm.api.strictness import StrictModelSerializer
from crm.api.viewsets import ShapedViewSet
from crm.changes.representation import ResourceName
from crm.custom import actions, values
from crm.database.expressions import ModelLabel
from crm.models import CustomField

if TYPE_CHECKING:
    from crm.api.requests import ApiRequest
    from crm.querysets import RecordQuerySet


def kind_of(resource: str) -> ContentType:
    """Return the kind of record in a list; raise ValidationError for a list that there is not."""
    if resource not in resources():
        raise ValidationError(gettext("There is no resource %s.") % resource, code="does_not_exist")
    return ContentType.objects.get_for_model(resources()[resource].model)


class ResourceField(SQLField):
    """The list whose records have the field."""

    def __init__(self, **kwargs: Any) -> None:
        """Read it as its name in the API, which is what clients write too."""
        expression = ResourceName(ModelLabel(F("content_type__app_label"), F("content_type__model")))
        super().__init__(expression, serializers.CharField(max_length=100), **kwargs)
        self.read_only, self.required = False, True

    def to_internal_value(self, data: Any) -> ContentType:
        """Return the kind of record."""
        return kind_of(str(data))


@extend_schema_field({**CUSTOM_VALUES["additionalProperties"]})
class DefaultField(serializers.JSONField):
    """The value of a custom field."""


class CustomFieldSerializer(StrictModelSerializer):
    resource = ResourceField(
        source="content_type", help_text=gettext_lazy("List whose records have the field, such as customers.")
    )
    former_names = serializers.ListField(
        child=serializers.CharField(max_length=50),
        read_only=True,
        help_text=gettext_lazy("Names that programs may still write and filter by."),
    )
    choices = serializers.ListField(
        child=serializers.CharField(max_length=values.MAX_TEXT),
        required=False,
        max_length=values.MAX_CHOICES,
        help_text=gettext_lazy("Values that may be chosen."),
    )
    choice_labels = serializers.DictField(
        child=serializers.CharField(max_length=100),
        required=False,
        help_text=gettext_lazy("What people read instead of a value."),
    )

    default_value = DefaultField(
        source="default",
        required=False,
        allow_null=True,
        help_text=gettext_lazy("Value of new records unless another is given."),
    )

    class Meta:
        model = CustomField
        fields = (
            "id",
            "resource",
            "name",
            "former_names",
            "label",
            "help_text",
            "group",
            "place",
            "type",
            "choices",
            "choice_labels",
            "is_required",
            "default_value",
            "min_value",
            "max_value",
            "max_length",
            "pattern",
            "in_list",
            "is_indexed",
            "is_active",
        )
        read_only_fields = ("id", "former_names")

    def get_validators(self) -> list[Any]:
        """Return none: the model and the database decide."""
        return []

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values, whatever is read-only left out."""
        if isinstance(data, dict):
            data = {name: value for name, value in data.items() if name not in self.Meta.read_only_fields}
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the field as it would be; raise a problem, 422, for what the model refuses."""
        field = copy.copy(self.instance) if self.instance is not None else CustomField()
        for name, value in attrs.items():
            setattr(field, name, value)
        try:
            field.full_clean()
        except DjangoValidationError as error:
            names = {one.source: name for name, one in self.fields.items()}
            faults = {names.get(source, source): items for source, items in error.error_dict.items()}
            raise rule_broken(DjangoValidationError(faults)) from error
        return {"field": field}


class CustomFieldViewSet(ShapedViewSet):
    """Fields that administrators added to the records of a list, retired ones included."""

    queryset = CustomField.objects.all()
    serializer_class = CustomFieldSerializer
    permission_classes = [HasScope]
    scope = "directory"
    write_scope = "admin"
    common_filters: ClassVar[dict[str, Any]] = {"id": ["in"]}
    filterset_fields = {"name": ["exact"], "type": ["exact"], "is_active": ["exact"]}
    own_actions = ("create",)
    own_refusals = ("422",)

    def more_parameters(self) -> tuple[str, ...]:
        """Return the parameters of the list that are not fields."""
        return ("resource",)

    def list_parameters(self) -> list[dict[str, Any]]:
        """Return the parameters as the document has them."""
        names = {"type": "string", "enum": sorted(resources())}
        return [
            *parameters.list_parameters(self),
            parameters.query("resource", names, gettext_lazy("Fields of this list only.")),
        ]

    def narrowed(self, queryset: RecordQuerySet) -> RecordQuerySet:
        """Keep the fields of one list."""
        resource = self.request.query_params.get("resource")
        if resource is None:
            return queryset
        try:
            return queryset.filter(content_type=kind_of(resource))
        except ValidationError as error:
            message = error.detail[0] if isinstance(error.detail, list) else ""
            raise ParameterError("resource", message, "does_not_exist") from error

    @extend_schema(request=CustomFieldSerializer, responses={201: CustomFieldSerializer})
    def create(self, request: ApiRequest) -> Response:
        """Add a custom field.

        New records have it at once, with its default. Needs the permission to add custom fields.
        """
        filters.refuse_unknown(request.query_params, ("fields", "expand", "format"))
        self.need("add")
        with transaction.atomic():
            field = self.judged(None)
            actions.save_field(field=field, by=request.user)
            location = request.build_absolute_uri(f"{request.path}/{field.pk}")
            return self.answer(field.pk, self.visible_to, 201, Location=location)

    def partial_update(self, request: ApiRequest, pk: Any) -> Response:
        """Change, rename or retire a custom field."""
        filters.refuse_unknown(request.query_params, ("fields", "expand", "format"))
        self.need("change")
        with transaction.atomic():
            field = self.locked(pk)
            check_preconditions(request, field.row_version)
            actions.save_field(field=self.judged(field), by=request.user)
            return self.answer(pk, self.visible_to)

    def destroy(self, request: ApiRequest, pk: Any) -> Response:
        """Delete a custom field that no record has a value of."""
        filters.refuse_unknown(request.query_params, ("format",))
        self.need("delete")
        with transaction.atomic():
            field = self.locked(pk)
            check_preconditions(request, field.row_version)
            try:
                actions.delete_field(field=field, by=request.user)
            except actions.StillUsed as error:
                raise Problem("still_referred_to", gettext("Records have values of it; retire it instead.")) from error
        return Response(status=204)

    def need(self, verb: str) -> None:
        """Raise 403 unless the caller may do that to custom fields."""
        if not self.request.user.has_perm(f"crm.{verb}_customfield"):
            raise Problem("permission_denied")

    def judged(self, field: CustomField | None) -> CustomField:
        """Return the field as the body would have it."""
        serializer = CustomFieldSerializer(field, data=self.request.data, partial=field is not None)
        serializer.is_valid(raise_exception=True)
        found: CustomField = serializer.validated_data["field"]
        return found

    def locked(self, pk: Any) -> Any:
        """Return a field under its lock; raise 404 where there is none."""
        rows = CustomField.objects.select_related("content_type").annotate(row_version=RowVersion())
        field = rows.select_for_update(of=("self",)).filter(pk=pk).first()
        if field is None:
            raise Problem("not_found")
        return field
