"""The triggers that write the change feed: of every kind of record, in the transaction of the change itself.

Statement-level triggers with transition tables: one statement for all the rows that a statement changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pgtrigger
from django.apps import apps

from crm.database.columns import json_value

if TYPE_CHECKING:
    from django.db import models

COLUMNS: Final = (
    "transaction, at, model, record, action, before, after, user_id, application, command, request_id,"
    " customer, owner, team"
)
DECLARED: Final = [
    ("context", "jsonb := nullif(current_setting('crm.context', true), '')::jsonb"),
    ("number", "bigint := coalesce((SELECT base FROM crm_feedstate), 0) + pg_current_xact_id()::text::bigint"),
    ("moment", "timestamptz := clock_timestamp()"),
]
# Who changes something outside of any request or job is named as the program calls itself, such as psql.
WHO: Final = (
    "(context->>'user')::uuid, coalesce(context->>'application', ''),"
    " coalesce(context->>'command', CASE WHEN context IS NULL THEN current_setting('application_name') END, ''),"
    " coalesce(context->>'request_id', '')"
)
OLD: Final = pgtrigger.Referencing(old="old_rows")  # type: ignore[no-untyped-call]  # pgtrigger is typed by half
NEW: Final = pgtrigger.Referencing(new="new_rows")  # type: ignore[no-untyped-call]
BOTH: Final = pgtrigger.Referencing(old="old_rows", new="new_rows")  # type: ignore[no-untyped-call]
LEFT_OUT: Final = frozenset({"id", "updated_at"})  # said beside the fields: `record` and `at`


class FeedTrigger(pgtrigger.Trigger):
    """A trigger after one kind of statement that writes a row of the feed for each row that changed."""

    level = pgtrigger.Statement
    when = pgtrigger.After
    declare = DECLARED

    def get_func(self, model: Any) -> str:
        """Return the body of the trigger function; `model` may be its form in a migration, which knows less."""
        return self.body(apps.get_model(model._meta.label))

    def get_declare(self, model: Any) -> list[tuple[str, str]]:
        """Return the variables of the trigger function, none of which has the name of a column."""
        return [(variable(model, name), value) for name, value in DECLARED]

    def body(self, model: Any) -> str:
        """Return the statements of the trigger function."""
        raise NotImplementedError


def variable(model: Any, name: str) -> str:
    """Return the name of a variable; another where a table that the function reads has a column of that name."""
    model = apps.get_model(model._meta.label)
    while model:
        if any(field.column == name for field in model._meta.concrete_fields):
            return f"the_{name}"
        parent = getattr(model, "visible_through", "")
        model = model._meta.get_field(parent).related_model if parent else None
    return name


class Created(FeedTrigger):
    """Writes what was inserted."""

    name = "record_created"
    operation = pgtrigger.Insert
    referencing = NEW

    def body(self, model: Any) -> str:
        """Return the statements of the trigger function."""
        return insert(model, "created", f"NULL, {whole(model, 'n')}", "new_rows n", row="n")


class Updated(FeedTrigger):
    """Writes the fields that an update changed, with old and new values; nothing where none did."""

    name = "record_updated"
    operation = pgtrigger.Update
    referencing = BOTH

    def body(self, model: Any) -> str:
        """Return the statements of the trigger function."""
        values = ", ".join(
            f"('{field.name}', to_jsonb({json_value(field, 'o')}), to_jsonb({json_value(field, 'n')}),"
            f' o."{field.column}" IS DISTINCT FROM n."{field.column}")'
            for field in recorded(model)
        )
        source = (
            "old_rows o JOIN new_rows n ON n.id = o.id CROSS JOIN LATERAL ("  # noqa: S608 -- names of columns
            "SELECT jsonb_object_agg(v.name, v.old) AS before, jsonb_object_agg(v.name, v.new) AS after"
            f" FROM (VALUES {values}) AS v (name, old, new, differs) WHERE v.differs) AS d"
        )
        return insert(model, "updated", "d.before, d.after", source, row="n", condition="WHERE d.after IS NOT NULL")


class Deleted(FeedTrigger):
    """Writes what was deleted."""

    name = "record_deleted"
    operation = pgtrigger.Delete
    referencing = OLD

    def body(self, model: Any) -> str:
        """Return the statements of the trigger function."""
        return insert(model, "deleted", f"{whole(model, 'o')}, NULL", "old_rows o", row="o")


class Emptied(FeedTrigger):
    """Writes what TRUNCATE is about to remove."""

    name = "record_emptied"
    when = pgtrigger.Before
    operation = pgtrigger.Truncate

    def body(self, model: Any) -> str:
        """Return the statements of the trigger function."""
        return insert(model, "deleted", f"{whole(model, 'o')}, NULL", f'"{model._meta.db_table}" o', row="o")


def feed_triggers() -> list[pgtrigger.Trigger]:
    """Return the triggers of a kind of record."""
    return [Created(), Updated(), Deleted(), Emptied()]


def recorded(model: type[models.Model]) -> list[Any]:
    """Return the fields whose values the feed keeps: all but what the database derives and what is secret."""
    secret = getattr(model, "not_in_feed", ())
    fields = model._meta.concrete_fields
    return [one for one in fields if not (one.generated or one.name in LEFT_OUT or one.name in secret)]


def whole(model: type[models.Model], row: str) -> str:
    """Return the SQL of a whole row as jsonb."""
    values = ", ".join(f'{json_value(field, row)} AS "{field.name}"' for field in recorded(model))
    return f"(SELECT to_jsonb(r) FROM (SELECT {values}) r)"  # noqa: S608 -- names of columns


def insert(model: Any, action: str, change: str, source: str, *, row: str, condition: str = "") -> str:
    """Return the statement that writes rows of the feed from a transition table."""
    joins, holder = parents(model, row)
    number, moment = variable(model, "number"), variable(model, "moment")
    return (
        f"INSERT INTO crm_change ({COLUMNS})"  # noqa: S608 -- names of columns
        f" SELECT {number}, {moment}, '{model._meta.label_lower}', {row}.id, '{action}', {change}, {WHO},"
        f" {concerned(model, row)}, {holder}.owner_id, {holder}.team_id FROM {source}{joins} {condition};"
        " RETURN NULL;"
    )


def parents(model: Any, row: str) -> tuple[str, str]:
    """Return the joins from a row to the record that decides who sees it, and that record's alias."""
    joins, holder = "", row
    while model.visible_through:
        parent = model._meta.get_field(model.visible_through)
        model, above = parent.related_model, f"{holder}p"
        joins += f' LEFT JOIN "{model._meta.db_table}" {above} ON {above}.id = {holder}."{parent.column}"'
        holder = above
    return joins, holder


def concerned(model: Any, row: str) -> str:
    """Return the SQL of the customer that a change of a row concerns: `concerns` names it, or a field `customer`."""
    names = {field.name: field.column for field in model._meta.concrete_fields}
    name = model.concerns or ("customer" if "customer" in names else "")
    if name:
        return f'{row}."{names[name]}"'
    if not model.visible_through:
        return "NULL::uuid"
    return concerned(model._meta.get_field(model.visible_through).related_model, f"{row}p")


class Named(FeedTrigger):
    """Writes names by which other systems know a record: into its creation, or as a change of `external_references`."""

    name = "record_named"
    operation = pgtrigger.Insert
    referencing = NEW

    def body(self, model: Any) -> str:
        """Return the statements of the trigger function."""
        return (
            f"WITH names AS ({NAMES.format(rows='new_rows')}), created AS ("  # noqa: S608 -- names of columns
            "UPDATE crm_change c SET after = jsonb_set(c.after, '{external_references}',"
            " coalesce(c.after->'external_references', '[]') || names.list) FROM names"
            " WHERE c.record = names.object_id AND c.transaction = number AND c.action = 'created' RETURNING c.record)"
            f" {renamed("'[]'", 'names.list')} WHERE names.object_id NOT IN (SELECT record FROM created); RETURN NULL;"
        )


class Forgotten(FeedTrigger):
    """Writes that another system's name of a record was taken away."""

    name = "record_forgotten"
    operation = pgtrigger.Delete
    referencing = OLD

    def body(self, model: Any) -> str:
        """Return the statements of the trigger function."""
        return f"WITH names AS ({NAMES.format(rows='old_rows')}) {renamed('names.list', "'[]'")}; RETURN NULL;"


NAMES: Final = (
    "SELECT content_type_id, object_id,"
    " jsonb_agg(jsonb_build_object('system', system, 'external_id', external_id) ORDER BY system, external_id) AS list"
    " FROM {rows} GROUP BY content_type_id, object_id"
)


def renamed(before: str, after: str) -> str:
    """Return the statement that writes the names taken away and added."""
    return (
        f"INSERT INTO crm_change ({COLUMNS}) SELECT number, moment, t.app_label || '.' || t.model, names.object_id,"  # noqa: S608 -- names of columns
        f" 'updated', jsonb_build_object('external_references', {before}::jsonb),"
        f" jsonb_build_object('external_references', {after}::jsonb), {WHO}, NULL, NULL, NULL"
        " FROM names JOIN django_content_type t ON t.id = names.content_type_id"
    )


def reference_triggers() -> list[FeedTrigger]:
    """Return the triggers of external references."""
    return [Named(), Forgotten()]
