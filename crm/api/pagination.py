"""Pages by keyset: a cursor says where the last page ended, so page 20,000 costs what page 1 costs."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import F, Model, Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from crm.api.errors import ParameterError
from crm.api.representation import RowJSON, Shape
from crm.api.statements import Parameter, run_once, statement
from crm.custom.expressions import PLACE, KeyText
from crm.database.expressions import After

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rest_framework.request import Request

    from crm.api.viewsets import ShapedViewSet

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
type Ordering = tuple[str, ...]
type RowsFor = Callable[[Any], QuerySet[Any]]
PLAIN = frozenset({"limit", "cursor", "ordering", "count", "fields", "expand", "format"})
ENCODED = re.compile("[A-Za-z0-9_-]{1,2000}")


@dataclass(frozen=True)
class Cursor:
    """A position in an ordered list: the ordering, the key values at it, and whether to read backwards."""

    ordering: tuple[str, ...]
    values: tuple[Any, ...]
    is_reverse: bool = False

    def encode(self) -> str:
        """Return the cursor as clients see it."""
        content = orjson.dumps([",".join(self.ordering), self.values, self.is_reverse], default=str)  # decimals
        return base64.urlsafe_b64encode(content).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, ordering: tuple[str, ...], model: type[Model]) -> Cursor:
        """Read a cursor; raise ParameterError unless this list gave it."""
        if not ENCODED.fullmatch(text):
            raise ParameterError("cursor", _("Take it from another page as it is."))
        try:
            padded = text + "=" * (-len(text) % 4)
            given, values, is_reverse = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            if given != ",".join(ordering) or not isinstance(is_reverse, bool):
                raise ValueError
            columns = [key_column(model, name.lstrip("-")) for name in ordering]
            keys = tuple(column.to_python(value) for column, value in zip(columns, values, strict=True))
            if None in keys:
                raise ValueError
        except (ValueError, TypeError, binascii.Error, DjangoValidationError) as error:
            raise ParameterError(
                "cursor", _("Not a cursor of this list; start again without it."), "unknown_cursor"
            ) from error
        return cls(ordering, keys, is_reverse)


def key_column(model: type[Model], name: str) -> Any:
    """Return the field that a key of a page is read as: the model's, or that of a custom field's value."""
    return KeyText() if name.startswith(PLACE) else model._meta.get_field(name)


def read_limit(text: str | None, default: int = DEFAULT_LIMIT, most: int = MAX_LIMIT, name: str = "limit") -> int:
    """Return the page size, or another number, asked for; raise ParameterError outside 1 to `most`."""
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
        raise ParameterError(name, _("A whole number from 1 to %d.") % most)
    return int(text)


def turned(name: str) -> str:
    """Return the ordering by the same field the other way round."""
    return name[1:] if name.startswith("-") else f"-{name}"


def beyond(queryset: QuerySet[Any], order: tuple[str, ...], values: Sequence[Any]) -> QuerySet[Any]:
    """Keep what comes after these key values when the rows are read in `order`."""
    names = [name.lstrip("-") for name in order]
    directions = {name.startswith("-") for name in order}
    if len(directions) == 1:
        return queryset.filter(After([F(name) for name in names], values, "<" if directions == {True} else ">"))
    condition = Q()
    for position, name in enumerate(order):
        equal = {names[i]: values[i] for i in range(position)}
        condition |= Q(**equal, **{f"{names[position]}__{'lt' if name.startswith('-') else 'gt'}": values[position]})
    return queryset.filter(condition)


@dataclass(frozen=True)
class Page:
    """One page of rows as JSON texts, and the cursors of its neighbours."""

    texts: list[str]
    following: Cursor | None
    previous: Cursor | None

    def body(self, url: str, **extra: Any) -> dict[str, Any]:
        """Return the body of the answer; the rows are JSON already."""
        return {
            "next": link(url, self.following),
            "previous": link(url, self.previous),
            **extra,
            "results": orjson.Fragment(f"[{','.join(self.texts)}]"),
        }

    def respond(self, request: Request, **extra: Any) -> Response:
        """Return the answer, whose `Link` header says the same as its body (RFC 8288)."""
        body = self.body(request.build_absolute_uri(), **extra)
        links = link_header(body)
        return Response(body, headers={"Link": links} if links else None)


def link(url: str, cursor: Cursor | None) -> str | None:
    """Return the address of the page at a cursor."""
    return replace_query_param(url, "cursor", cursor.encode()) if cursor else None


def link_header(body: Mapping[str, Any]) -> str:
    """Return the `Link` header that says the same as a page's body (RFC 8288)."""
    names = (("next", body["next"]), ("prev", body["previous"]))
    return ", ".join(f'<{url}>; rel="{name}"' for name, url in names if url)


def read_page(view: ShapedViewSet, rows_for: RowsFor, shape: Shape, ordering: Ordering, **values: Any) -> Page:
    """Read the page that the request's `cursor` and `limit` ask for, of the rows that a caller may see; one query.

    `values` are those of the parameters in `rows_for`.
    """
    request = view.request
    limit = read_limit(request.query_params.get("limit"))
    text = request.query_params.get("cursor")
    cursor = Cursor.decode(text, ordering, shape.model) if text is not None else None
    is_reverse = cursor is not None and cursor.is_reverse
    order = tuple(turned(name) for name in ordering) if is_reverse else ordering
    given = {f"key{position}": value for position, value in enumerate(cursor.values if cursor else ())}

    def select(caller: Any) -> QuerySet[Any, Any]:
        queryset = rows_for(caller)
        if given:
            queryset = beyond(queryset, order, [Parameter(name) for name in given])
        keys = [name.lstrip("-") for name in ordering]
        return queryset.order_by(*order).values_list(RowJSON(shape, caller), *keys)[: limit + 1]

    if view.repeats and PLAIN.issuperset(request.query_params):
        page = statement((type(view), view.action, shape, order, bool(given), limit), request.user, select)
        rows = page.run(request.user, **given, **values)
    else:
        rows = run_once(select(request.user), request.user, **given, **values)
    has_more = len(rows) > limit
    rows = rows[:limit]
    if is_reverse:
        rows.reverse()
    if not rows:
        return Page([], None, None)
    first, last = Cursor(ordering, rows[0][1:], is_reverse=True), Cursor(ordering, rows[-1][1:])
    return Page(
        [row[0] for row in rows],
        last if has_more or is_reverse else None,
        first if (has_more if is_reverse else cursor is not None) else None,
    )


def counted(queryset: QuerySet[Any], how: str | None) -> dict[str, int]:
    """Return the number of rows where `?count=` asks for it: exactly, or as the planner estimates it."""
    if how is None:
        return {}
    if how == "exact":
        return {"count": queryset.order_by().count()}
    if how == "estimated":
        (plan,) = orjson.loads(queryset.order_by().explain(format="json"))
        return {"count": plan["Plan"]["Plan Rows"]}
    raise ParameterError("count", _("Use exact or estimated."))
