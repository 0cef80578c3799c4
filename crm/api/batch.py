"""Up to 1,000 creations, changes, upserts and deletions in one request."""

from __future__ import annotations

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

from crm.api import filters
from crm.api.characters import CONTROL
from crm.api.concurrency import CONDITION, ETAG, MAX_CONDITION
from crm.api.errors import Problem, document_of, faults_of
from crm.api.representation import RowVersion
from crm.api.writer import Item, Result, Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crm.api.requests import ApiRequest

MOST: Final = 1000
MEMBERS: Final[dict[str, frozenset[str]]] = {
    "create": frozenset({"data"}),
    "update": frozenset({"id", "data", "if_match"}),
    "upsert": frozenset({"system", "external_id", "key", "data", "if_match"}),
    "delete": frozenset({"id", "if_match"}),
}
LIMITS: Final = {"system": 50, "external_id": 200, "key": 50, "if_match": MAX_CONDITION}


class BatchItemSerializer(serializers.Serializer[Any]):
    """One thing to do."""

    operation = serializers.ChoiceField(list(MEMBERS), help_text=gettext_lazy("What to do."))
    id = serializers.UUIDField(required=False, help_text=gettext_lazy("The record, to update or delete it."))
    system = serializers.SlugField(
        required=False, max_length=50, help_text=gettext_lazy("The other system, for an upsert by its id.")
    )
    external_id = serializers.CharField(
        required=False, max_length=200, help_text=gettext_lazy("Identifier of the record in that system.")
    )
    key = serializers.CharField(
        required=False, max_length=50, help_text=gettext_lazy("Field of the data by which an upsert finds the record.")
    )
    data = serializers.DictField(  # type: ignore[assignment]  # a field takes the place of the property
        required=False, help_text=gettext_lazy("The record, or what changes, as the single operation takes it.")
    )
    if_match = serializers.CharField(
        required=False, max_length=MAX_CONDITION, help_text=gettext_lazy("The ETag that you read.")
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
    id = serializers.UUIDField(required=False, help_text=gettext_lazy("The record."))
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
    model: ClassVar[type[Any]]
    serializer_class: Any
    request: Any

    @extend_schema(request=BatchSerializer)
    @action(detail=False, methods=["post"])
    def batch(self, request: ApiRequest) -> Response:
        """Do many operations at once."""
        filters.refuse_unknown(request.query_params, ("format",))
        view: Any = self
        is_atomic, rows = envelope(view.sent())
        items = [self.read(row) for row in rows]
        writer = Writer(self.serializer_class, request.user)
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
                answer["id"] = result.id
            if result.refusal is not None:
                answer["problem"] = document_of(self.request, result.refusal)
            elif result.id in versions:
                answer["etag"] = f'"{versions[result.id]}-"'
            yield answer


def envelope(body: Any) -> tuple[bool, list[Any]]:
    """Return whether all or nothing is to be done, and the items; raise ValidationError where the body is not so."""
    if not isinstance(body, dict):
        raise ValidationError({"non_field_errors": [ErrorDetail(_("An object is expected."), code="not_an_object")]})
    errors = {name: [ErrorDetail(_("Unknown field."), code="unknown")] for name in body.keys() - {"atomic", "items"}}
    is_atomic, items = body.get("atomic", False), body.get("items")
    if not isinstance(is_atomic, bool):
        errors["atomic"] = [ErrorDetail(_("True or false is expected, not a text or a number."), code="wrong_type")]
    if not isinstance(items, list) or not 1 <= len(items) <= MOST:
        errors["items"] = [ErrorDetail(_("A list of 1 to 1,000 items is expected."), code="invalid")]
    if errors:
        raise ValidationError(errors)
    return is_atomic, items or []


def item_of(row: Any, keys: Iterable[str]) -> Item:
    """Return the item that a member of the body stands for; raise ValidationError where it is none."""
    if not isinstance(row, dict) or row.get("operation") not in MEMBERS:
        raise wrong("operation", _("Use create, update, upsert or delete."))
    allowed = MEMBERS[row["operation"]]
    if unknown := row.keys() - allowed - {"operation"}:
        raise wrong(min(unknown), _("Not for this operation."))
    for name, limit in LIMITS.items():
        value = row.get(name, "x")
        if not isinstance(value, str) or not value or len(value) > limit or CONTROL.search(value):
            raise wrong(name, _("A text of 1 to %d characters is expected.") % limit)
    if "data" in allowed and not isinstance(row.get("data"), dict):
        raise wrong("data", _("An object is expected."))
    alias = name_of(row) if row["operation"] == "upsert" else None
    key = "" if alias else row.get("key", "")
    if row["operation"] == "upsert" and not alias and key not in set(keys):
        known = ", ".join(keys) or _("none")
        raise wrong("key", _("Give system and external_id, or one of these keys: %s.") % known)
    return Item(
        row["operation"],
        data=row.get("data"),
        id=id_of(row) if "id" in allowed else None,
        name=alias,
        key=key,
        version=version_of(row),
    )


def name_of(row: dict[str, Any]) -> tuple[str, str] | None:
    """Return the name by which another system knows the record; raise ValidationError for half of one."""
    given = [row.get("system"), row.get("external_id")]
    if all(value is None for value in given):
        return None
    if None in given or "key" in row:
        raise wrong("external_id", _("Give system and external_id together, and no key."))
    return str(given[0]), str(given[1])


def id_of(row: dict[str, Any]) -> UUID:
    """Return the id of the record; raise ValidationError for none."""
    try:
        return UUID(row["id"])
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise wrong("id", _("The id of a record is expected.")) from error


def version_of(row: dict[str, Any]) -> str:
    """Return the version that is to be changed; empty for any."""
    text = row.get("if_match")
    if text is None or text == "*":
        return ""
    if not CONDITION.fullmatch(text):
        raise wrong("if_match", _("Send ETags as you read them, or *."))
    versions = [value.partition("-")[0] for weak, value in ETAG.findall(text) if not weak]
    return versions[0] if versions else "none"


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
