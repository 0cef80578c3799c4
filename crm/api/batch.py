"""Up to 1,000 creations, changes, upserts and deletions in one request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.response import Response

from crm.api import duplicates, filters
from crm.api.characters import CONTROL
from crm.api.concurrency import MAX_CONDITION
from crm.api.errors import Problem, document_of, faults_of
from crm.api.items import Item, Result
from crm.api.representation import RowVersion
from crm.api.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crm.api.requests import ApiRequest

MOST: Final = 1000
SYSTEM: Final = r"\A[-a-zA-Z0-9_]+\Z"
NAME: Final = r"\A[^\x00-\x1f\x7f]+\Z"
KEY: Final = r"\A[a-z_]+\Z"
VERSION: Final = r'\A(\*|"[!#-~]*")\Z'
MEMBERS: Final[dict[str, frozenset[str]]] = {
    "create": frozenset({"data"}),
    "update": frozenset({"id", "data", "if_match"}),
    "upsert": frozenset({"system", "external_id", "key", "data", "if_match"}),
    "delete": frozenset({"id", "if_match"}),
}
SINGLE: Final = {"create": "create", "update": "partial_update", "upsert": "upsert", "delete": "destroy"}
NEEDED: Final[dict[str, frozenset[str]]] = {
    "create": frozenset({"data"}),
    "update": frozenset({"id", "data"}),
    "upsert": frozenset({"data"}),
    "delete": frozenset({"id"}),
}


class BatchItemSerializer(serializers.Serializer[Any]):
    """One thing to do."""

    operation = serializers.ChoiceField(list(MEMBERS), help_text=gettext_lazy("What to do."))
    id = serializers.UUIDField(required=False, help_text=gettext_lazy("The record, to update or delete it."))
    system = serializers.RegexField(
        SYSTEM, required=False, max_length=50, help_text=gettext_lazy("The other system, for an upsert by its id.")
    )
    external_id = serializers.RegexField(
        NAME, required=False, max_length=200, help_text=gettext_lazy("Identifier of the record in that system.")
    )
    key = serializers.RegexField(
        KEY,
        required=False,
        max_length=50,
        help_text=gettext_lazy("Field of the data by which an upsert finds the record."),
    )
    data = serializers.DictField(  # type: ignore[assignment]  # a field takes the place of the property
        required=False, help_text=gettext_lazy("The record, or what changes, as the single operation takes it.")
    )
    if_match = serializers.RegexField(
        VERSION, required=False, max_length=MAX_CONDITION, help_text=gettext_lazy("The ETag that you read.")
    )


class BatchSerializer(serializers.Serializer[Any]):
    """What to do, in this order."""

    atomic = serializers.BooleanField(
        default=False, help_text=gettext_lazy("Do all, or where one is refused, nothing.")
    )
    items = serializers.ListField(child=BatchItemSerializer(), max_length=MOST, min_length=1)


class BatchResultSerializer(serializers.Serializer[Any]):
    """What became of one item."""

    status = serializers.IntegerField(help_text=gettext_lazy("What the single operation would have answered."))
    record = serializers.UUIDField(required=False, help_text=gettext_lazy("Identifier of the record."))
    etag = serializers.CharField(required=False, max_length=100, help_text=gettext_lazy("Its version, for `If-Match`."))
    problem = serializers.DictField(required=False, help_text=gettext_lazy("Why it was refused (RFC 9457)."))


class BatchAnswerSerializer(serializers.Serializer[Any]):
    """What became of each item, in the same order."""

    results = BatchResultSerializer(many=True)


class Undone(Exception):
    """An item of an atomic batch was refused, so that all others must not stay."""


class BatchActions:
    """A mixin for viewsets of records: many operations in one request.

    `natural_keys` are the fields by which an upsert may find a record.
    """

    natural_keys: ClassVar[tuple[str, ...]] = ()
    withheld: ClassVar[frozenset[str]]
    model: ClassVar[type[Any]]
    serializer_class: Any
    request: Any

    @extend_schema(request=BatchSerializer)
    @action(detail=False, methods=["post"])
    def batch(self, request: ApiRequest) -> Response:
        """Do many operations at once."""
        view: Any = self
        has_duplicates = isinstance(self, duplicates.DuplicateActions)
        filters.refuse_unknown(request.query_params, ("format", *([duplicates.PARAMETER] if has_duplicates else ())))
        is_refusing = has_duplicates and duplicates.wish(request)
        is_atomic, rows = envelope(view.sent())
        items = [self.read(row) for row in rows]
        writer = Writer(self.serializer_class, request.user, refuses_duplicates=is_refusing)
        results: list[Result] = []
        try:
            with transaction.atomic():
                results = done(writer, items)
                if is_atomic and any(result.refusal for result in results):
                    raise Undone
                return Response({"results": list(self.answers(results))})
        except Undone:
            raise refused_whole(results) from None

    def read(self, row: Any) -> Item | ValidationError:
        """Return an item; or, as the item's own refusal, what is wrong with it."""
        try:
            if SINGLE[row["operation"]] in self.withheld:
                raise wrong("operation", _("These records do not have it."))
            return item_of(row, self.natural_keys)
        except ValidationError as error:
            return error

    def answers(self, results: Sequence[Result]) -> Iterable[dict[str, Any]]:
        """Yield each result as clients see it, with the version of what was written."""
        written = [result.id for result in results if result.status in {200, 201}]
        versions = dict(self.model.objects.filter(pk__in=written).values_list("pk", RowVersion()))
        for result in results:
            answer: dict[str, Any] = {"status": result.status}
            if result.id is not None:
                answer["record"] = result.id
            if result.refusal is not None:
                answer["problem"] = document_of(self.request, result.refusal)
            elif result.id in versions:
                answer["etag"] = f'"{versions[result.id]}-"'
            yield answer


def envelope(body: Any) -> tuple[bool, list[dict[str, Any]]]:
    """Return whether all or nothing is to be done, and the items; raise ValidationError where the body is not so."""
    if not isinstance(body, dict):
        raise ValidationError({"non_field_errors": [ErrorDetail(_("An object is expected."), code="not_an_object")]})
    errors: dict[str, Any] = {
        name: [ErrorDetail(_("Unknown field."), code="unknown")] for name in body.keys() - {"atomic", "items"}
    }
    is_atomic, items = body.get("atomic", False), body.get("items")
    if not isinstance(is_atomic, bool):
        errors["atomic"] = [ErrorDetail(_("True or false is expected, not a text or a number."), code="wrong_type")]
    if not isinstance(items, list) or not 1 <= len(items) <= MOST:
        errors["items"] = [ErrorDetail(_("A list of 1 to 1,000 items is expected."), code="invalid")]
    else:
        errors |= {"items": faults} if (faults := faults_in(items)) else {}
    if errors:
        raise ValidationError(errors)
    return is_atomic, items or []


def faults_in(rows: Sequence[Any]) -> dict[str, Any]:
    """Return, by place, what is wrong with the form of items."""
    found: dict[str, Any] = {}
    for place, row in enumerate(rows):
        if not isinstance(row, dict) or row.keys() - FORMS.keys() or row.get("operation") not in MEMBERS:
            found[str(place)] = [ErrorDetail(_("Not an operation as the document describes it."), code="invalid")]
            continue
        wrong_ones = [name for name, value in row.items() if not FORMS[name](value)]
        if wrong_ones:
            found[str(place)] = {
                name: [ErrorDetail(_("Not in the form expected."), code="invalid")] for name in wrong_ones
            }
    return found


def short(most: int, pattern: str) -> Callable[[Any], bool]:
    """Return a check for a text of 1 to `most` characters that has this form."""
    form = re.compile(pattern)
    return lambda value: (
        isinstance(value, str) and 0 < len(value) <= most and bool(form.match(value)) and not CONTROL.search(value)
    )


def is_id(value: Any) -> bool:
    """Tell whether a value is an id."""
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


FORMS: Final[dict[str, Callable[[Any], bool]]] = {
    "operation": lambda value: isinstance(value, str),
    "id": is_id,
    "system": short(50, SYSTEM),
    "external_id": short(200, NAME),
    "key": short(50, KEY),
    "data": lambda value: isinstance(value, dict),
    "if_match": short(MAX_CONDITION, VERSION),
}


def item_of(row: dict[str, Any], keys: Iterable[str]) -> Item:
    """Return the item that a member of the body stands for; raise ValidationError where it makes no sense."""
    operation = row["operation"]
    if unknown := row.keys() - MEMBERS[operation] - {"operation"}:
        raise wrong(min(unknown), _("Not for this operation."))
    if missing := NEEDED[operation] - row.keys():
        raise wrong(min(missing), _("This operation needs it."))
    alias = name_of(row) if operation == "upsert" else None
    key = "" if alias else row.get("key", "")
    if operation == "upsert" and not alias and key not in set(keys):
        known = ", ".join(keys) or _("none")
        raise wrong("key", _("Give system and external_id, or one of these keys: %s.") % known)
    pk = UUID(row["id"]) if "id" in row else None
    return Item(operation, data=row.get("data"), id=pk, name=alias, key=key, version=version_of(row))


def name_of(row: dict[str, Any]) -> tuple[str, str] | None:
    """Return the name by which another system knows the record; raise ValidationError for half of one."""
    given = [row.get("system"), row.get("external_id")]
    if all(value is None for value in given):
        return None
    if None in given or "key" in row:
        raise wrong("external_id", _("Give system and external_id together, and no key."))
    return str(given[0]), str(given[1])


def version_of(row: dict[str, Any]) -> str:
    """Return the version that is to be changed; empty for any."""
    return str(row.get("if_match", "*")).strip('"*').partition("-")[0]


def wrong(name: str, text: str) -> ValidationError:
    """Return the refusal of a member of an item."""
    return ValidationError({name: [ErrorDetail(text, code="invalid")]})


def done(writer: Writer, items: Sequence[Item | ValidationError]) -> list[Result]:
    """Do the items that can be read, and return the results of all, in order."""
    results = iter(writer.write([item for item in items if isinstance(item, Item)]))
    return [next(results) if isinstance(item, Item) else Result(400, refusal=item) for item in items]


def refused_whole(results: Sequence[Result]) -> APIException:
    """Return the refusal of an atomic batch, which says of each refused item what is wrong with it."""
    errors = [
        {**fault, "pointer": f"/items/{place}{fault.get('pointer', '')}"}
        for place, result in enumerate(results)
        if result.refusal is not None
        for fault in faults_of(result.refusal) or [{"code": "refused", "detail": str(result.refusal.detail)}]
    ]
    return Problem("rule_broken", _("Nothing was done, because of these items."), errors=errors)
