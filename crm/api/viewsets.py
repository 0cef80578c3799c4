"""The viewset of a record: a resource declares what is its own, everything else is here."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ParseError
from rest_framework.response import Response

from crm.api import filters, pagination
from crm.api.batch import BatchActions
from crm.api.characters import CONTROL
from crm.api.concurrency import check_preconditions, etag, is_unchanged
from crm.api.custom import CustomLists
from crm.api.errors import ParameterError, Problem
from crm.api.export import ExportActions
from crm.api.history import HistoryActions
from crm.api.permissions import READ, SCOPES, HasScope, MayDo, require_scope
from crm.api.representation import SERIALIZERS, RowJSON, RowVersion, Shape, known_fields, shape_of
from crm.api.serializers import MAX_REFERENCES
from crm.api.statements import Parameter, statement
from crm.api.views import AnswerHeaders
from crm.database.turns import take_turns
from crm.models import ExternalReference
from crm.saved_views.applying import WithSavedViews

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import QuerySet

    from crm.api.requests import ApiRequest
    from crm.querysets import RecordQuerySet

SHAPE = ("fields", "expand", "format")
LIST = ("limit", "cursor", "ordering", "search", "count", *SHAPE)
EXTERNAL = "by-external-id/<slug:system>/<path:external_id>"


class ShapedViewSet(AnswerHeaders, viewsets.GenericViewSet[Any]):
    """Lists and single records, read-only."""

    permission_classes = [HasScope, MayDo]
    scope: ClassVar[str]
    model: ClassVar[type[Any]]
    serializer_class: type[serializers.Serializer[Any]]
    filterset_class: ClassVar[type[filters.RecordFilterSet]]
    filterset_fields: ClassVar[Mapping[str, Sequence[str]]] = {}
    ordering_fields: ClassVar[Sequence[str]] = ()
    default_ordering: ClassVar[str] = "id"
    common_filters: ClassVar[Mapping[str, Sequence[str]]] = filters.COMMON_FILTERS
    lookup_value_converter = "uuid"
    search_text: ClassVar[Any] = _("Containing this text, whatever its case, accents and width.")
    parameters = None
    repeats = True  # whether lists without filters are all the same question, but for who asks
    request: ApiRequest

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Work out the filters once, and make its serializer the form in which the model is expanded elsewhere."""
        super().__init_subclass__(**kwargs)
        if cls.queryset is not None:
            cls.model = cls.queryset.model
            SCOPES[cls.model] = cls.scope
            SERIALIZERS.setdefault(cls.model, cls.serializer_class)
            cls.filterset_class = filters.filter_set_for(cls.model, {**cls.common_filters, **cls.filterset_fields})

    def get_queryset(self) -> RecordQuerySet:
        """Return the records that the caller may see."""
        return self.visible_to(self.request.user)

    def visible_to(self, caller: Any) -> RecordQuerySet:
        """Return the records that somebody may see."""
        queryset: RecordQuerySet = self.model.objects.all()
        return queryset.visible_to(caller)

    def found(self, pk: Any) -> Any:
        """Return a row that the caller may see; raise 404 for any other."""
        if (row := self.get_queryset().filter(pk=pk).first()) is None:
            raise Problem("not_found")
        return row

    def shape(self) -> Shape:
        """Return the shape that `fields` and `expand` ask for."""
        params = self.request.query_params
        fields = filters.read_names(params.get("fields"), "fields")
        expand = filters.read_names(params.get("expand"), "expand")
        shape = shape_of(self.serializer_class, fields, expand or frozenset())
        for model in shape.expanded_models():
            require_scope(self.request, f"{SCOPES[model]}:read")
        return shape

    def column_names(self) -> list[str]:
        """Return the columns of a CSV page that has no row."""
        shape = self.shape()
        return [*(name for name, _part in (*shape.columns, *shape.computed)), *shape.expanded]

    def list(self, request: ApiRequest) -> Response:
        """Answer one page of the records that the filters keep."""
        params = request.query_params
        names = [name for name in params if name in self.filterset_class.base_filters]
        filters.refuse_unknown(params, {*LIST, *names, *self.more_parameters()})
        ordering = self.read_ordering()

        def rows_for(caller: Any) -> RecordQuerySet:
            return self.filtered(self.visible_to(caller), names)

        page = pagination.read_page(self, rows_for, self.shape(), ordering)
        count = pagination.counted(rows_for(request.user), params["count"]) if "count" in params else {}
        return page.respond(request, **count)

    def read_ordering(self) -> tuple[str, ...]:
        """Return the ordering that the caller asks for, or else the list's own."""
        text = self.request.query_params.get("ordering")
        return filters.read_ordering(text, self.orderings(), self.default_ordering)

    def filtered(self, queryset: RecordQuerySet, names: Sequence[str]) -> RecordQuerySet:
        """Apply the filters of these names, and what else narrows a list."""
        params = self.request.query_params
        return self.narrowed(self.filterset_class(params, queryset, names).apply() if names else queryset)

    def more_parameters(self) -> tuple[str, ...]:
        """Return the parameters of the list that are not fields."""
        return ()

    def orderings(self) -> tuple[str, ...]:
        """Return the fields that may order the list, each of which has an index together with the id."""
        return tuple(self.ordering_fields)

    def narrowed(self, queryset: RecordQuerySet) -> RecordQuerySet:
        """Apply `search`."""
        text = self.request.query_params.get("search")
        if text is None:
            return queryset
        if not getattr(queryset.model, "search_fields", ()):
            raise ParameterError("search", _("These records cannot be searched."), "unknown")
        if len(text) > filters.MAX_TEXT:
            raise ParameterError("search", _("200 characters at most."), "too_long")
        return queryset.search(text)

    def retrieve(self, request: ApiRequest, pk: Any) -> Response:
        """Answer one record."""
        filters.refuse_unknown(request.query_params, SHAPE)
        return self.answer(pk, self.visible_to)

    def answer(self, pk: Any, rows_for: pagination.RowsFor, code: int = 200, **headers: str) -> Response:
        """Answer one of the records that the caller may see, with its ETag, or 304 where the client has it."""
        shape, user = self.shape(), self.request.user

        def select(caller: Any) -> QuerySet[Any, Any]:
            return rows_for(caller).filter(pk=Parameter("pk")).values_list(RowJSON(shape, caller), RowVersion())

        rows = statement((type(self), shape, rows_for.__name__), user, select).run(user, pk=pk)
        if not rows:
            raise Problem("not_found")
        text, version = rows[0]
        tag = etag(version, text, self.request.accepted_media_type)
        headers["ETag"] = tag
        if self.request.method in READ and is_unchanged(self.request, tag):
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
        return Response(orjson.Fragment(text), status=code, headers=headers)


class RecordViewSet(WithSavedViews, BatchActions, ExportActions, HistoryActions, CustomLists, ShapedViewSet):
    """Everything that a client can do with a kind of record, but for the operations that are `withheld`."""

    withheld: ClassVar[frozenset[str]] = frozenset()
    permission_verbs: ClassVar[Mapping[str, Sequence[str]]] = {
        "by_external_id": (),
        "upsert": ("add", "change"),
        "restore": ("add", "change"),
        "batch": (),
    }

    def orderings(self) -> tuple[str, ...]:
        """Return the fields that may order the list: the resource's own, and the times that all records have."""
        return (*self.ordering_fields, "created_at", "updated_at")

    def create(self, request: ApiRequest) -> Response:
        """Write a new record."""
        filters.refuse_unknown(request.query_params, SHAPE)
        with transaction.atomic():
            return self.created(self.sent())

    def update(self, request: ApiRequest, pk: Any, *, partial: bool = False) -> Response:
        """Replace a record."""
        filters.refuse_unknown(request.query_params, SHAPE)
        with transaction.atomic():
            return self.changed(self.locked(pk=pk), self.sent(), partial=partial)

    def partial_update(self, request: ApiRequest, pk: Any) -> Response:
        """Change some fields of a record by JSON Merge Patch."""
        return self.update(request, pk, partial=True)

    def destroy(self, request: ApiRequest, pk: Any) -> Response:
        """Delete a record to which nothing refers."""
        filters.refuse_unknown(request.query_params, ("format",))
        with transaction.atomic():
            self.locked(pk=pk).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(detail=False, url_path=EXTERNAL, methods=["get"])
    def by_external_id(self, request: ApiRequest, system: str, external_id: str) -> Response:
        """Answer the record that another system knows by this id."""
        filters.refuse_unknown(request.query_params, SHAPE)
        refuse_control_characters(external_id)
        found = self.get_queryset().known_as(system, external_id).values_list("pk", flat=True).first()
        return self.answer(found, self.visible_to)

    @by_external_id.mapping.put
    def upsert(self, request: ApiRequest, system: str, external_id: str) -> Response:
        """Replace the record that another system knows by this id, or create it."""
        filters.refuse_unknown(request.query_params, SHAPE)
        refuse_control_characters(external_id)
        model = self.model
        with transaction.atomic():
            take_turns(model.label(), system, external_id)
            reference = ExternalReference.objects.of(model).filter(system=system, external_id=external_id).first()
            if reference is not None:
                return self.changed(self.locked(pk=reference.object_id), self.sent(), partial=False)
            check_preconditions(request, None)
            return self.created(with_reference(self.sent(), {"system": system, "external_id": external_id}))

    def sent(self) -> Any:
        """Return the body; raise ParseError where there is none, or one of unknown length."""
        data = self.request.data
        if not (self.request.META.get("CONTENT_LENGTH") or "").strip("0").isdecimal():
            raise ParseError(_("Send a body, and its length."))
        return data

    def created(self, data: Any) -> Response:
        """Validate, write and answer a new record."""
        serializer = self.get_serializer(data=data)
        serializer.is_valid(raise_exception=True)
        return self.answer_new(serializer.save())

    def answer_new(self, record: Any) -> Response:
        """Answer a record that was just written, and where it is from now on."""
        location = self.request.build_absolute_uri(f"{list_path(self.basename)}/{record.pk}")
        return self.answer(record.pk, self.everything, status.HTTP_201_CREATED, Location=location)

    def changed(self, record: Any, data: Any, *, partial: bool) -> Response:
        """Validate, write and answer a changed record."""
        serializer = self.get_serializer(record, data=data, partial=partial)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return self.answer(record.pk, self.everything)

    def everything(self, caller: Any) -> RecordQuerySet:
        """Return all records: one that was just written is shown also where the caller has given it away."""
        return self.model.objects.all()  # type: ignore[no-any-return]

    def locked(self, **lookup: Any) -> Any:
        """Return a record of the caller's under its lock, its version being one that the caller wants to change."""
        queryset = self.get_queryset().filter(**lookup).annotate(row_version=RowVersion())
        if (record := queryset.select_for_update(of=("self",)).first()) is None:
            raise Problem("not_found")
        check_preconditions(self.request, record.row_version)
        return record

    def get_serializer_context(self) -> dict[str, Any]:
        """Return DRF's context, and how to read a record as clients see it."""
        return {**super().get_serializer_context(), "representation": self.representation}

    def representation(self, record: Any) -> dict[str, Any]:
        """Return a record as its representation has it."""
        shape = shape_of(self.serializer_class, frozenset(known_fields(self.serializer_class)), frozenset())
        text = self.model.objects.values_list(RowJSON(shape, self.request.user), flat=True).get(pk=record.pk)
        return dict(orjson.loads(text))


@cache
def list_path(basename: str) -> str:
    """Return the path of a resource's list."""
    return reverse(f"{basename}-list")


def with_reference(body: Any, known: dict[str, str]) -> Any:
    """Return a new record's body with the name by which it was put, besides those that it gives."""
    given = body.get("external_references", []) if isinstance(body, dict) else None
    if not isinstance(given, list):
        return body
    others = [item for item in given if item != known]
    if len(others) == MAX_REFERENCES:
        raise Problem("rule_broken", _("With the name in the address there are too many external references."))
    return {**body, "external_references": [known, *others]}


def refuse_control_characters(external_id: str) -> None:
    """Raise ParameterError for a name that no record can have, and PostgreSQL could not even look for."""
    if CONTROL.search(external_id):
        raise ParameterError("external_id", _("Control characters are not allowed."), "control_characters")
