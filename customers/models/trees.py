"""Trees of customers: what keeps them trees, and how they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pgtrigger
from django.db import connection

from crm.changes.triggers import NEW

if TYPE_CHECKING:
    from uuid import UUID

# A lock, since two who each add half of a circle would not see each other. Each statement in a trigger sees what
# was committed before it began, so whoever waited here sees what the other wrote.
NO_CYCLE: Final = """
    IF EXISTS (
        SELECT FROM new_rows n JOIN customers_relationshiptype t ON t.id = n.type_id WHERE t.is_hierarchical
    ) THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('customers.relationship', 0));
        IF EXISTS (
            WITH RECURSIVE below AS (
                SELECT n.type_id, n.from_customer_id AS top, n.to_customer_id AS node
                FROM new_rows n JOIN customers_relationshiptype t ON t.id = n.type_id AND t.is_hierarchical
                UNION
                SELECT b.type_id, b.top, r.to_customer_id FROM below b
                JOIN customers_relationship r ON r.from_customer_id = b.node AND r.type_id = b.type_id
            ) SELECT FROM below WHERE node = top
        ) THEN
            RAISE EXCEPTION 'a customer would be above itself'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'relationship_no_cycle';
        END IF;
    END IF;
    RETURN NULL;
"""
# Levels below a customer, nearest first; each edge once. People are counted by whoever reads, who may not see them all.
EDGES: Final = """
    WITH RECURSIVE below AS (
        SELECT r.from_customer_id AS upper, r.to_customer_id AS lower, r.type_id, 1 AS depth
        FROM customers_relationship r JOIN customers_relationshiptype t ON t.id = r.type_id AND t.is_hierarchical
        WHERE r.from_customer_id = %(top)s AND (r.until IS NULL OR r.until >= current_date)
        UNION
        SELECT r.from_customer_id, r.to_customer_id, r.type_id, b.depth + 1 FROM below b
        JOIN customers_relationship r ON r.from_customer_id = b.lower AND r.type_id = b.type_id
        WHERE b.depth < %(depth)s AND (r.until IS NULL OR r.until >= current_date)
    )
    SELECT upper, lower, min(depth) FROM below GROUP BY upper, lower ORDER BY min(depth), upper, lower LIMIT %(most)s
"""
IS_BELOW: Final = """
    WITH RECURSIVE below AS (
        SELECT %(top)s::uuid AS node
        UNION
        SELECT r.to_customer_id FROM below b
        JOIN customers_relationship r ON r.from_customer_id = b.node AND r.type_id = %(type)s AND r.id <> %(besides)s
    ) SELECT EXISTS (SELECT FROM below WHERE node = %(node)s)
"""
MOST: Final = 5000


class NoCycle(pgtrigger.Trigger):
    """Refuses a relation that would put a customer above itself."""

    level = pgtrigger.Statement
    when = pgtrigger.After
    referencing = NEW

    def get_func(self, model: Any) -> str:
        """Return the body of the trigger function."""
        return NO_CYCLE


def tree_triggers() -> list[NoCycle]:
    """Return the triggers that keep trees free of circles."""
    return [
        NoCycle(name="relationship_no_cycle_new", operation=pgtrigger.Insert),
        NoCycle(name="relationship_no_cycle_changed", operation=pgtrigger.Update),
    ]


def edges_below(top: UUID, depth: int) -> list[tuple[UUID, UUID, int]]:
    """Return who is below a customer now, as pairs of upper and lower with their depth, nearest first."""
    with connection.cursor() as cursor:
        cursor.execute(EDGES, {"top": top, "depth": depth, "most": MOST})
        return [(upper, lower, level) for upper, lower, level in cursor.fetchall()]


def is_below(*, top: UUID, node: UUID, kind: UUID, besides: UUID) -> bool:
    """Tell whether a customer is below another by relations of one type, without one of them."""
    with connection.cursor() as cursor:
        cursor.execute(IS_BELOW, {"top": top, "node": node, "type": kind, "besides": besides})
        return bool(cursor.fetchone()[0])
