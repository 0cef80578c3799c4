"""All the records that a list's filters keep, in one answer: PostgreSQL writes it, and it passes through."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Func, TextField, Value
from django.db.models.functions import Cast
from django.http import StreamingHttpResponse
from django.utils import timezone
from rest_framework.decorators import action

from crm.api import filters
from crm.api.filters import CUSTOM
from crm.api.representation import RowJSON
from crm.api.statements import sql_of
from crm.auth import audit
from crm.custom.definitions import definitions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.db.models import QuerySet

    from crm.api.representation import Shape
    from crm.api.requests import ApiRequest
    from crm.models import User

BLOCK: Final = 64 * 1024
UTF8_CSV: Final = "WITH (FORMAT csv, ENCODING 'UTF8')"
FORMULA: Final = r"^([=@\t\r\n＝＠＋－]|[+-](?![0-9 ().,/-]*$))"
UTF8_TEXT: Final = "WITH (FORMAT text, ENCODING 'UTF8')"


class Column(Func):
    """One field of a representation as a column: booleans as true and false, objects and lists as JSON."""

    output_field = TextField()

    def __init__(self, sql: str) -> None:
        """Take the SQL of the field over `{row}`."""
        self.sql = sql
        super().__init__(F("pk"))

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        """Return the SQL over the row."""
        (own,) = self.get_source_expressions()
        return f"({self.sql})::text".replace("{row}", connection.ops.quote_name(own.alias)).replace("%", "%%"), []


class Harmless(Func):
    """A text before which an apostrophe stands where a spreadsheet would take it for a formula (CWE-1236).

    Numbers, also those of telephones, stay as they are.
    """

    function = "regexp_replace"
    output_field = TextField()

    def __init__(self, text: Any) -> None:
        """Take the text."""
        super().__init__(text, Value(FORMULA), Value(r"'\1"))


class ExportActions:
    """A mixin for viewsets of records: the whole of a filtered list at once."""

    model: ClassVar[type[Any]]

    @action(detail=False)
    def export(self, request: ApiRequest) -> StreamingHttpResponse:
        """Answer all records that the filters keep."""
        view: Any = self
        params = request.query_params
        names = [name for name in params if name in view.filterset_class.base_filters]
        known = {"ordering", "search", "fields", "format", *names, *view.more_parameters()}
        filters.refuse_unknown(params, known)
        rows = view.filtered(view.visible_to(request.user), names).order_by(*view.read_ordering())
        audit.record("exported", user=request.user.pk, client=request.auth.client_id, what=self.model.label())
        kind = request.accepted_renderer.format
        stream = lines(rows, view.shape(), request.user) if kind == "jsonl" else table(rows, view.shape(), request.user)
        return download(stream, f"{view.basename}.{kind}", request.accepted_renderer.media_type)


def download(stream: Iterator[bytes], name: str, media_type: str) -> StreamingHttpResponse:
    """Return a stream as a file of today."""
    stem, _dot, ending = name.rpartition(".")
    title = f'attachment; filename="{stem}-{timezone.localdate().isoformat()}.{ending}"'
    return StreamingHttpResponse(stream, content_type=media_type, headers={"Content-Disposition": title})


def lines(rows: QuerySet[Any, Any], shape: Shape, user: Any) -> Iterator[bytes]:
    """Yield one JSON object a line. COPY doubles backslashes and changes nothing else, for JSON has no raw tabs."""
    for block in copied(rows.values_list(RowJSON(shape, user)), UTF8_TEXT):
        yield block.replace(b"\\\\", b"\\")


def table(rows: QuerySet[Any, Any], shape: Shape, reader: User) -> Iterator[bytes]:
    """Yield a table (RFC 4180, but for the ends of lines); cells are what is stored, also where they begin with `=`.

    Each custom field has a column of its own, besides the one that holds them all.
    """
    columns = columns_of(shape, reader)
    yield header(columns)
    yield from copied(rows.values_list(*columns.values()), UTF8_CSV)


def sheet(rows: QuerySet[Any, Any], shape: Shape, reader: User) -> Iterator[bytes]:
    """Yield a table for spreadsheets: they see its encoding, and take no cell for a formula."""
    columns = columns_of(shape, reader)
    yield codecs.BOM_UTF8 + header(columns)
    yield from copied(rows.values_list(*(Harmless(cell) for cell in columns.values())), UTF8_CSV)


def header(columns: Iterable[str]) -> bytes:
    """Return the first line of a table."""
    return ",".join(columns).encode() + b"\n"


def columns_of(shape: Shape, reader: User) -> dict[str, Any]:
    """Return the expressions of a table's columns by their names."""
    custom = definitions(shape.model, reader).active if "custom" in dict(shape.columns) else {}  # type: ignore[arg-type]  # a record
    return {
        **{name: Column(only_where_known(sql)) for name, sql in shape.columns},
        **{name: Cast(part, TextField()) for name, part in shape.computed},
        **{f"{CUSTOM}{name}": Column(f"""{{row}}."custom" ->> '{name}'""") for name in custom},
    }


def only_where_known(sql: str) -> str:
    """Return the SQL of a field; of external references, which most records lack, with a hash of who has any.

    Tags stand as in a page of the list: with commas.
    """
    if sql == 'to_json({row}."tags")':
        return """CASE WHEN {row}."tags" = '{}' THEN '[]' ELSE array_to_string({row}."tags", ',') END"""
    if "crm_externalreference" not in sql:
        return sql
    return f"CASE WHEN {{row}}.id IN (SELECT object_id FROM crm_externalreference) THEN {sql} ELSE '[]' END"  # noqa: S608 -- no value


def copied(rows: QuerySet[Any, Any], form: str) -> Iterator[bytes]:
    """Yield what PostgreSQL writes of a query, whole lines in blocks; nobody's leaving keeps it busy."""
    sql, params = sql_of(rows)
    if not sql:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{settings.EXPORT_SECONDS}s"])
        with cursor.cursor.copy(f"COPY ({sql}) TO STDOUT {form}", params) as copy:
            block = bytearray()
            for line in copy:
                block += line
                if len(block) >= BLOCK:
                    yield bytes(block)
                    block.clear()
            yield bytes(block)
