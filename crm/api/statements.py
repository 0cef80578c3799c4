"""Statements made once for all callers with the same rights: Django writes the SQL, later requests fill in values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db.models import Expression

from crm.database.prepared import fetch_all

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from django.db.models import QuerySet

    from crm.models import User

MAX_STATEMENTS = 1000
statements: dict[Hashable, Statement] = {}


class Parameter(Expression):
    """A value that is known when the statement runs."""

    def __init__(self, name: str) -> None:
        """Take the name under which the value will be given."""
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return a placeholder, with this parameter in the place of its value."""
        return "%s", [self]


class Anyone:
    """Stands for every caller who sees what `user` sees; who it is, is filled in when the statement runs."""

    def __init__(self, user: User) -> None:
        """Take one of them."""
        self.pk = Parameter("user")
        self.team_id = None if user.team_id is None else Parameter("team")
        self.view_level = user.view_level
        self.has_perm = user.has_perm


@dataclass(frozen=True)
class Statement:
    """SQL and its parameters, of which some are still to be given; no SQL where nothing can be found."""

    sql: str
    parameters: Sequence[Any] = ()
    prepares: bool = True

    def run(self, user: User, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows for one caller and these values."""
        if not self.sql:
            return []
        values |= {"user": user.pk, "team": user.team_id}
        given = [values[item.name] if isinstance(item, Parameter) else item for item in self.parameters]
        return fetch_all(self.sql, given, prepares=self.prepares)


def statement(name: Hashable, user: User, make: Callable[[Any], QuerySet[Any, Any]]) -> Statement:
    """Return the statement of that name for callers with the rights of `user`; `make` is asked the first time."""
    key = (name, user.is_superuser, user.team_id is None, user.permission_set)
    found = statements.get(key)
    if found is None:
        if len(statements) >= MAX_STATEMENTS:
            statements.clear()
        found = statements[key] = Statement(*sql_of(make(Anyone(user))))
    return found


def sql_of(queryset: QuerySet[Any, Any]) -> tuple[str, Sequence[Any]]:
    """Return a queryset's SQL and parameters; empty SQL where Django knows that there are no rows."""
    try:
        return queryset.query.sql_with_params()
    except EmptyResultSet:
        return "", ()


def run_once(queryset: QuerySet[Any, Any], user: User, **values: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a queryset whose best plan depends on its values, as that of a search does."""
    return Statement(*sql_of(queryset), prepares=False).run(user, **values)
