"""Reads conditions into one condition on customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, Case, Q, Value, When
from django.utils.translation import gettext as _

from marketing.conditions import registry

if TYPE_CHECKING:
    from crm.models import User

GROUPS: Final = ("all", "any", "not")
DEEPEST: Final = 5
MOST: Final = 50
LONGEST: Final = 2000


class Unreadable(Exception):
    """Conditions that cannot be read: at which place, and why."""

    def __init__(self, path: tuple[str, ...], text: str, code: str = "invalid") -> None:
        """Take the names and positions that lead to the place."""
        super().__init__(f"{'/'.join(path)}: {text}" if path else text)
        self.path = path
        self.text = text
        self.code = code


def kept_by(conditions: Any, reader: User | None = None) -> Q:
    """Return the condition that keeps a customer, as `reader` may ask it; raise Unreadable."""
    return Reading(reader).node(conditions, (), 1)


def refused(conditions: Any, reader: User | None = None) -> Unreadable | None:
    """Return what is wrong with conditions; None where nothing is."""
    try:
        kept_by(conditions, reader)
    except Unreadable as error:
        return error
    return None


class Reading:
    """One reading of conditions, which counts how much there is to them."""

    def __init__(self, reader: User | None) -> None:
        """Take who asks; None for the house itself."""
        self.reader = reader
        self.known = registry.listed(reader)
        self.count = 0

    def node(self, node: Any, path: tuple[str, ...], depth: int) -> Q:
        """Return what a group or a leaf means."""
        self.count += 1
        if self.count > MOST:
            raise Unreadable(path, _("%d conditions and groups at most.") % MOST, "too_many")
        if depth > DEEPEST:
            raise Unreadable(path, _("Groups are %d deep at most.") % DEEPEST, "too_deep")
        if not isinstance(node, dict):
            raise Unreadable(path, _("An object is expected."))
        groups = [name for name in GROUPS if name in node]
        if not groups:
            return self.leaf(node, path)
        if len(node) > 1:
            raise Unreadable(path, _("A group stands alone: all, any or not."), "mixed")
        return self.group(groups[0], node[groups[0]], path, depth)

    def group(self, name: str, inner: Any, path: tuple[str, ...], depth: int) -> Q:
        """Return what a group means."""
        if name == "not":
            return negated(self.node(inner, (*path, name), depth + 1))
        if not isinstance(inner, list) or not inner:
            raise Unreadable((*path, name), _("A list with at least one condition is expected."), "empty")
        found = [self.node(one, (*path, name, str(place)), depth + 1) for place, one in enumerate(inner)]
        first, *others = found
        for other in others:
            first = first & other if name == "all" else either(first, other)
        return first

    def leaf(self, leaf: dict[str, Any], path: tuple[str, ...]) -> Q:
        """Return what parameters mean."""
        for name, value in leaf.items():
            if not isinstance(value, str) or len(value) > LONGEST:
                raise Unreadable((*path, name), _("A text of at most %d characters is expected.") % LONGEST)
        ours = {name: value for name, value in leaf.items() if name in self.known}
        found = self.parameters({name: value for name, value in leaf.items() if name not in ours}, path)
        for name, value in ours.items():
            try:
                found &= self.known[name].read(value)
            except ValidationError as error:
                raise Unreadable((*path, name), error.messages[0], error.code or "invalid") from error
        return found

    def parameters(self, wanted: dict[str, str], path: tuple[str, ...]) -> Q:
        """Return what parameters of the list of customers mean."""
        if not wanted:
            return Q()
        try:
            return registry.parameters(wanted, self.reader)
        except ValidationError as error:
            name, faults = next(iter(error.error_dict.items()))
            raise Unreadable((*path, name), faults[0].messages[0], faults[0].code or "invalid") from error


def negated(condition: Q) -> Q:
    """Return the opposite of a condition, true also where the condition is neither: nothing is known of the value."""
    if not condition:
        return Q(pk__in=[])
    return Q(Case(When(condition, then=Value(value=False)), default=Value(value=True), output_field=BooleanField()))


def either(one: Q, other: Q) -> Q:
    """Return what holds where one or the other does; an empty condition always holds."""
    return one | other if one and other else Q()
