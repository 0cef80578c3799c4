"""Limits of templates that their language lacks: how much a filter may make, and where a range may stand."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from liquid import RenderContext
from liquid.builtin.expressions.loop import LoopExpression
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import OutputStreamLimitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from liquid import BoundTemplate
    from liquid.ast import Node
    from liquid.expression import Expression

MOST: Final = 1_000_000  # signs, or items, that a filter may take or make
MULTIPLYING: Final = ("join", "replace")


def limited(name: str, apply: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that refuses to make too much."""

    @wraps(apply)
    def apply_within_limits(left: Any, *args: Any, **kwargs: Any) -> Any:
        longest = max((len(one) for one in args if isinstance(one, str)), default=1) if name in MULTIPLYING else 1
        refuse_more_than_most(left, longest)
        found = apply(left, *args, **kwargs)
        refuse_more_than_most(found)
        return found

    return apply_within_limits


def refuse_more_than_most(value: Any, times: int = 1) -> None:
    """Raise OutputStreamLimitError for too long a text or list."""
    if isinstance(value, str | list | tuple | range) and len(value) * max(times, 1) > MOST:
        raise OutputStreamLimitError(_("a filter makes too much"), token=None)


def stray_ranges(template: BoundTemplate) -> Iterator[Expression]:
    """Yield the ranges, such as `(1..9)`, that are not what a loop counts: only there are they limited."""
    context = RenderContext(template)
    for node in template.nodes:
        yield from stray_in(node, context)


def stray_in(node: Node, context: RenderContext) -> Iterator[Expression]:
    """Yield the ranges outside of loops in a part of a template."""
    yield from ranges(node.expressions())
    for child in node.children(context):
        yield from stray_in(child, context)


def ranges(expressions: Iterable[Expression]) -> Iterator[Expression]:
    """Yield the ranges in expressions that no loop counts."""
    for one in expressions:
        if isinstance(one, RangeLiteral):
            yield one
        counted = one.iterable if isinstance(one, LoopExpression) and isinstance(one.iterable, RangeLiteral) else None
        yield from ranges(counted.children() if counted is not None else ())
        yield from ranges(child for child in one.children() if child is not counted)
