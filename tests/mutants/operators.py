"""How a rule goes wrong: what Cosmic Ray knows, and what a rule of ours is made of (querysets, conditions, SQL)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import parso
from cosmic_ray.ast import ast_nodes
from cosmic_ray.operators import boolean_replacer, comparison_operator_replacement, number_replacer
from cosmic_ray.operators.operator import Operator
from parso.python.tree import Function

if TYPE_CHECKING:
    from collections.abc import Iterator

NARROWING: Final = frozenset({"filter", "exclude", "visible_to", "select_for_update", "active", "after", "in_order"})
CONDITIONS: Final = frozenset({"filter", "exclude", "Q", "get", "update"})
AND: Final = re.compile(r"\bAND\b[^\n]*")


class Ours(Operator):  # type: ignore[misc]  # Cosmic Ray has no types
    """A mutation that is written here: each place in a node is one."""

    def places(self, node: Any) -> list[int]:
        """Return which children, or matches, of a node can be left out."""
        raise NotImplementedError

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        """Yield where the mutations are."""
        return ((node.start_pos, node.end_pos) for _place in self.places(node))

    @classmethod
    def examples(cls) -> tuple[()]:
        """Return none: the mutants themselves are looked at."""
        return ()


class DropNarrowing(Ours):
    """`rows.filter(…).visible_to(user)` becomes `rows.filter(…)`."""

    def places(self, node: Any) -> list[int]:
        if node.type not in {"atom_expr", "power"}:
            return []
        pairs = zip(node.children, node.children[1:], strict=False)
        return [number for number, pair in enumerate(pairs) if is_narrowing(*pair)]

    def mutate(self, node: Any, index: int) -> Any:
        place = self.places(node)[index]
        del node.children[place : place + 2]
        return node


def is_narrowing(name: Any, called: Any) -> bool:
    """Return whether two parts of a chain are a call that keeps some rows."""
    if name.type != "trailer" or called.type != "trailer":
        return False
    return name.children[-1].value in NARROWING if name.children[0].value == "." else False


def without(node: Any, place: int) -> Any:
    """Leave a child out of a list, and the comma or word beside it."""
    first = max(place - 1, 0)
    del node.children[first : first + 2]
    return node


class DropKeyword(Ours):
    """`filter(a=1, b=2)` becomes `filter(a=1)`."""

    def places(self, node: Any) -> list[int]:
        if node.type != "arglist" or node.parent.get_previous_sibling() is None:
            return []
        before = node.parent.get_previous_sibling()
        called = before.children[-1].value if before.type == "trailer" else getattr(before, "value", "")
        return [number for number, one in enumerate(node.children) if called in CONDITIONS and one.type == "argument"]

    def mutate(self, node: Any, index: int) -> Any:
        return without(node, self.places(node)[index])


class DropOperand(Ours):
    """`a and b` becomes `a`."""

    def places(self, node: Any) -> list[int]:
        return list(range(0, len(node.children), 2)) if node.type in {"and_test", "or_test"} else []

    def mutate(self, node: Any, index: int) -> Any:
        return without(node, self.places(node)[index])


class DropRaise(Ours):
    """`raise Refused` becomes `pass`."""

    def places(self, node: Any) -> list[int]:
        return [0] if node.type == "raise_stmt" and len(node.children) > 1 else []

    def mutate(self, node: Any, index: int) -> Any:
        assert index == 0
        return parso.parse(f"{node.get_first_leaf().prefix}pass")


class DropCondition(Ours):
    """`WHERE a AND b` becomes `WHERE a`, in SQL."""

    def places(self, node: Any) -> list[int]:
        if node.type not in {"string", "fstring_string"} or node.value.count("AND") == 0:
            return []
        return [found.start() for found in AND.finditer(node.value)]

    def mutate(self, node: Any, index: int) -> Any:
        place = self.places(node)[index]
        node.value = node.value[:place] + AND.sub("", node.value[place:], count=1)
        return node


class InFunctions(number_replacer.NumberReplacer):  # type: ignore[misc]  # Cosmic Ray has no types
    """A number in a function is one more or one less; constants of a module are a matter of taste."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        """Yield where the mutations are."""
        if any(isinstance(above, Function) for above in ancestors(node)):
            yield from super().mutation_positions(node)


def ancestors(node: Any) -> Iterator[Any]:
    """Yield what a node stands in."""
    while node.parent is not None:
        node = node.parent
        yield node


TURNED: Final = ("Eq_NotEq", "NotEq_Eq", "Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Is_IsNot", "IsNot_Is")
COMPARISONS: Final = {one.__name__: one for one in comparison_operator_replacement.operators()}
OPERATORS: Final[tuple[type[Operator], ...]] = (
    *(COMPARISONS[f"ReplaceComparisonOperator_{name}"] for name in TURNED),
    boolean_replacer.ReplaceTrueWithFalse,
    boolean_replacer.ReplaceFalseWithTrue,
    boolean_replacer.ReplaceAndWithOr,
    boolean_replacer.ReplaceOrWithAnd,
    boolean_replacer.AddNot,
    InFunctions,
    DropNarrowing,
    DropKeyword,
    DropOperand,
    DropRaise,
    DropCondition,
)


def mutations(code: str) -> Iterator[tuple[type[Operator], int, int]]:
    """Yield every mutation of a module: the operator, which of its places, and the line."""
    for operator in OPERATORS:
        number = 0
        for node in ast_nodes(parso.parse(code)):
            for (line, _column), _end in operator().mutation_positions(node):
                yield operator, number, line
                number += 1
