"""How much work a regular expression may make: as many ways to read a text as a moment allows."""

from __future__ import annotations

from functools import lru_cache
from re import _constants as codes  # the standard library's own parser
from re import _parser as parser  # the standard library's own parser
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MOST_WAYS: Final = 10_000_000
REPEATS: Final = frozenset({codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT})
INSIDE: Final[dict[Any, Callable[[Any], Any]]] = {
    codes.SUBPATTERN: lambda value: value[-1],
    codes.ASSERT: lambda value: value[1],
    codes.ASSERT_NOT: lambda value: value[1],
    codes.ATOMIC_GROUP: lambda value: value,
}
LOOKING_BACK: Final = frozenset({codes.GROUPREF, codes.GROUPREF_EXISTS})


@lru_cache(maxsize=10_000)
def is_quick(pattern: str, length: int) -> bool:
    """Tell whether no text of this length can be read by the pattern in too many ways; raise re.error for none."""
    return ways(parser.parse(pattern), length) <= MOST_WAYS


def ways(items: Iterable[tuple[Any, Any]], length: int) -> int:
    """Return an upper bound of the ways in which a text can be read, which is what makes a match slow."""
    found = 1
    for code, value in items:
        found = min(found * of_one(code, value, length), MOST_WAYS + 1)
    return found


def of_one(code: Any, value: Any, length: int) -> int:
    """Return the ways of one part: each choice counts, and each number of times that a part may be repeated."""
    if code in REPEATS:
        least, most, inner = value
        times = min(int(most), length)
        each = ways(inner, length)
        if each > 1 and times * (each.bit_length() - 1) > MOST_WAYS.bit_length():
            return MOST_WAYS + 1
        return int(each**times) * max(times - int(least) + 1, 1)
    if code is codes.BRANCH:
        return sum(ways(branch, length) for branch in value[1])
    if code in INSIDE:
        return ways(INSIDE[code](value), length)
    return MOST_WAYS + 1 if code in LOOKING_BACK else 1
