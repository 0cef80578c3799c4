"""The triggers that keep the list of tags whole: a tag that any record has is on it, whichever door it came through."""

from __future__ import annotations

from typing import Any, Final

import pgtrigger

# A tag is locked against renaming and deleting until the record that was given it is there for all to see.
LISTED: Final = (
    "INSERT INTO crm_tag (id, name, color, created_at)"
    " SELECT gen_random_uuid(), t.name, 'grey', now() FROM ({names}) t ORDER BY t.name ON CONFLICT DO NOTHING;"
    " PERFORM FROM crm_tag k WHERE k.name IN ({names}) ORDER BY k.name FOR SHARE;"
    " IF EXISTS (({names}) EXCEPT SELECT k.name FROM crm_tag k) THEN"
    " RAISE EXCEPTION 'The tag is written otherwise.'"
    " USING ERRCODE = 'unique_violation', CONSTRAINT = 'tag_name_unique'; END IF; RETURN NULL;"
)
GIVEN: Final = "SELECT DISTINCT u.name FROM new_rows n CROSS JOIN unnest(n.tags) u (name)"
ADDED: Final = (
    "SELECT DISTINCT u.name FROM new_rows n JOIN old_rows o ON o.id = n.id AND o.tags <> n.tags"
    " CROSS JOIN unnest(n.tags) u (name) WHERE u.name <> ALL (o.tags)"
)


def tag_triggers() -> list[pgtrigger.Trigger]:
    """Return the triggers of a kind of record."""
    return [
        trigger("record_tagged", pgtrigger.Insert, GIVEN, new="new_rows"),
        trigger("record_retagged", pgtrigger.Update, ADDED, old="old_rows", new="new_rows"),
    ]


def trigger(name: str, operation: Any, names: str, **rows: str) -> pgtrigger.Trigger:
    """Return the trigger that lists the names which a statement gave to records."""
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**rows),  # type: ignore[no-untyped-call]
        func=LISTED.format(names=names),
    )
