"""What the database itself notes of tickets, whichever door they come through: their number, and how they stood when.

Numbers come from a sequence, which no transaction waits for; so a number that a transaction took and did not keep is
missing for good. Numbers without gaps would make all who open tickets wait for one another.
"""

from __future__ import annotations

from typing import Any, Final

import pgtrigger

SEQUENCE: Final = "service_ticket_number"
NUMBER: Final = f"""
    IF NEW.ticket_number = '' THEN
        NEW.ticket_number := nextval('{SEQUENCE}')::text;
        NEW.ticket_number := 'T-' || lpad(NEW.ticket_number, greatest(6, length(NEW.ticket_number)), '0');
    END IF;
    RETURN NEW;
"""
BEGUN: Final = """
    INSERT INTO service_statusperiod (id, ticket_id, status, began_at)
    SELECT gen_random_uuid(), n.id, n.status, CASE WHEN n.status = 'new' THEN n.opened_at ELSE n.status_since END
    FROM new_rows n;
    RETURN NULL;
"""
# A change that does not say since when is one of this moment.
CHANGED: Final = """
    WITH changed AS (
        SELECT n.id, n.status, greatest(p.began_at,
            CASE WHEN n.status_since > o.status_since THEN n.status_since ELSE now() END) AS moment, p.id AS period
        FROM new_rows n JOIN old_rows o ON o.id = n.id AND o.status <> n.status
        LEFT JOIN service_statusperiod p ON p.ticket_id = n.id AND p.ended_at IS NULL
    ), ended AS (
        UPDATE service_statusperiod p SET ended_at = c.moment FROM changed c WHERE p.id = c.period RETURNING p.id
    )
    INSERT INTO service_statusperiod (id, ticket_id, status, began_at)
    SELECT gen_random_uuid(), c.id, c.status, coalesce(c.moment, now())
    FROM changed c LEFT JOIN ended e ON e.id = c.period;
    RETURN NULL;
"""


def ticket_triggers() -> list[pgtrigger.Trigger]:
    """Return the triggers of tickets."""
    return [
        pgtrigger.Trigger(name="ticket_numbered", when=pgtrigger.Before, operation=pgtrigger.Insert, func=NUMBER),
        statement("ticket_begun", pgtrigger.Insert, BEGUN, new="new_rows"),
        statement("ticket_moved", pgtrigger.Update, CHANGED, old="old_rows", new="new_rows"),
    ]


def statement(name: str, operation: Any, func: str, **rows: str) -> pgtrigger.Trigger:
    """Return a trigger after one kind of statement."""
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**rows),  # type: ignore[no-untyped-call]  # pgtrigger is typed by half
        func=func,
    )
