"""Reports over REST: an operation for each, and the list of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import UUID

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.exceptions import ErrorDetail
from rest_framework.response import Response

from crm.api import filters
from crm.api.errors import ParameterError
from crm.api.permissions import HasScope, MayDo
from crm.api.schema import parameters
from crm.api.schema.bodies import CSV, JSON, TABLE, XML
from crm.api.views import AnswerHeaders
from crm.reports.forms import MOST_RECORDS, RecordsField
from crm.reports.reports import REPORTS, Kind, Report, visible_to

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crm.api.requests import ApiRequest
    from crm.reports.reports import Column

MOST_ROWS: Final = 10_000
DAY: Final = {"type": "string", "format": "date", "maxLength": 10}

FIELDS: Final[Mapping[Kind, Callable[..., serializers.Field[Any, Any, Any, Any]]]] = {
    Kind.ID: serializers.UUIDField,
    Kind.TEXT: lambda **options: serializers.CharField(max_length=500, **options),
    Kind.NUMBER: serializers.IntegerField,
    Kind.MONEY: lambda **options: serializers.DecimalField(22, 2, **options),
    Kind.PERCENT: lambda **options: serializers.DecimalField(10, 2, **options),
    Kind.DAYS: lambda **options: serializers.DecimalField(12, 2, **options),
    Kind.HOURS: lambda **options: serializers.DecimalField(12, 2, **options),
    Kind.MINUTES: lambda **options: serializers.DecimalField(12, 2, **options),
    Kind.DAY: serializers.DateField,
    Kind.MONTH: serializers.DateField,
}


class ColumnSerializer(serializers.Serializer[Any]):
    """A column of a report."""

    name = serializers.CharField(max_length=100, help_text=_("Its name in the rows."))
    title = serializers.CharField(max_length=200, help_text=_("Its title for people."))
    kind = serializers.ChoiceField([(kind.value, kind.value) for kind in Kind], help_text=_("What stands in it."))


class ReportSerializer(serializers.Serializer[Any]):
    """A report that there is."""

    name = serializers.SlugField(max_length=100, help_text=_("Its name, which is the end of its address."))
    title = serializers.CharField(max_length=200, help_text=_("Its title for people."))
    description = serializers.CharField(max_length=2000, help_text=_("What it tells."))
    columns = ColumnSerializer(many=True, help_text=_("What its rows have."))


class ReportListSerializer(serializers.Serializer[Any]):
    """The reports that you may ask for."""

    results = ReportSerializer(many=True)


class ReportsViewSet(AnswerHeaders, viewsets.GenericViewSet[Any]):
    """Reports: figures about the records that you may see."""

    permission_classes = [HasScope]
    tag = _("Reports")

    @extend_schema(responses=ReportListSerializer)
    def list_reports(self, request: ApiRequest) -> Response:
        """List the reports that you may ask for.

        They are about records for which you have a role and the token has the scope.
        """
        known = [one for one in visible_to(request.user) if f"{one.scope}:read" in request.auth.scopes]
        return Response({"results": [ReportSerializer(one).data for one in known]})


class ReportViewSet(AnswerHeaders, viewsets.GenericViewSet[Any]):
    """Answers one report; its subclasses are made of the reports that there are."""

    permission_classes = [HasScope, MayDo]
    tag = _("Reports")
    parameters = None
    own_refusals = ("422",)
    report: ClassVar[Report]
    model: ClassVar[type[Any]]
    scope: ClassVar[str]

    def figures(self, request: ApiRequest) -> Response:
        """Answer the rows of the report."""
        form = self.report.form
        filters.refuse_unknown(request.query_params, (*form.base_fields, "format"))
        wanted = self.wanted(self.report.asked(request.query_params, request.user))
        columns = self.report.columns
        rows = [{column.name: written(column, row[column.name]) for column in columns} for row in self.rows(wanted)]
        return Response({"results": rows})

    def rows(self, wanted: Mapping[str, Any]) -> Any:
        """Return the rows as the report has them."""
        return self.report.rows(self.request.user, wanted)  # type: ignore[arg-type]  # never anonymous here

    def wanted(self, form: forms.Form) -> Mapping[str, Any]:
        """Return what is asked for; raise ParameterError with every parameter that cannot be read."""
        errors = {
            name: [ErrorDetail(item.messages[0], code=code_of(form, name, item)) for item in items]
            for name, items in form.errors.as_data().items()
        }
        empty = [name for name in form.fields if form.data.get(name) == ""]
        errors |= {name: [ErrorDetail(gettext("Give a value."), code="empty")] for name in empty}
        if errors:
            raise ParameterError.of(errors)
        return form.cleaned_data

    def column_names(self) -> list[str]:
        """Return the columns, also of a report without rows."""
        return [column.name for column in self.report.columns]

    def report_parameters(self) -> list[dict[str, Any]]:
        """Return the parameters as the document has them."""
        fields = self.report.form.base_fields.items()
        own = [parameters.query(name, schema_of(field), field.help_text or field.label) for name, field in fields]
        return [*own, parameters.format_parameter(self)]  # type: ignore[arg-type]  # it is asked for its media types only


def written(column: Column, value: Any) -> Any:
    """Return a value as clients read it: whatever has a fraction is a text."""
    return f"{value:.2f}" if isinstance(value, float) and column.kind is not Kind.NUMBER else value


def code_of(form: forms.Form, name: str, error: Any) -> str:
    """Return the code of a fault; an id of a record that there is not is no other than in bodies."""
    code = {"invalid_pk_value": "invalid_choice"}.get(error.code, error.code or "invalid")
    if code == "invalid_choice" and isinstance(form.fields[name], forms.ModelChoiceField):
        return "does_not_exist" if all(map(is_id, form.data[name].split(","))) else code
    return code


def is_id(text: str) -> bool:
    """Tell whether a text is an id."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def schema_of(field: forms.Field) -> dict[str, Any]:
    """Return the schema of a parameter."""
    if isinstance(field, forms.DateField):
        return DAY
    if isinstance(field, RecordsField):
        return {"type": "array", "items": parameters.UUID, "minItems": 1, "maxItems": MOST_RECORDS}
    if isinstance(field, forms.ModelChoiceField):
        return parameters.UUID
    if isinstance(field, forms.ChoiceField):
        return {"type": "string", "enum": [value for value, _label in field.choices if value]}  # type: ignore[union-attr, misc]
    raise TypeError(field)


def viewset_of(report: Report) -> tuple[type[ReportViewSet], str]:
    """Return the viewset of a report, and what its operation is called."""
    operation = f"report_{report.name.replace('-', '_')}"
    name = "".join(part.capitalize() for part in report.name.split("-"))
    row = made(f"{name}Row", "A row of a report.", columns_of(report))
    page = made(f"{name}Report", "All rows of a report.", {"results": row(many=True, max_length=MOST_ROWS)})  # type: ignore[call-arg]  # of the list that DRF makes
    answers = {(200, JSON): page, (200, XML): page, (200, CSV): TABLE}

    def figures(self: ReportViewSet, request: ApiRequest) -> Response:
        return self.figures(request)

    figures.__doc__ = f"{report.title}.\n\n{report.description}"
    documented = extend_schema(responses=answers)(figures)
    own = {"report": report, "model": report.model, "scope": report.scope, "tabular": (operation,)}
    methods = {operation: documented, f"{operation}_parameters": ReportViewSet.report_parameters}
    return type(f"{name}ViewSet", (ReportViewSet,), {**own, **methods}), operation


def made(name: str, promise: str, fields: dict[str, Any]) -> type[serializers.Serializer[Any]]:
    """Return a serializer with these fields."""
    return type(name, (serializers.Serializer,), {"__doc__": promise, **fields})


def columns_of(report: Report) -> dict[str, Any]:
    """Return a serializer's fields for the columns."""
    return {column.name: field_of(column) for column in report.columns}


def field_of(column: Column) -> serializers.Field[Any, Any, Any, Any]:
    """Return a serializer's field for a column."""
    return FIELDS[column.kind](allow_null=column.may_be_null, help_text=column.title)


def report_viewsets() -> dict[str, tuple[type[ReportViewSet], str]]:
    """Return the viewset and the operation of every report, by its name."""
    return {name: viewset_of(report) for name, report in REPORTS.items()}
