"""What is rare in the feed is found by an index, however many changes are alike."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from crm.models import Change
from tests.plans import forget

pytestmark = pytest.mark.django_db(transaction=True)
RARE = UUID(int=2)
MANY = 60_000
ALIKE = """
    INSERT INTO crm_change (transaction, at, model, record, action, before, after, user_id, application, command,
        request_id, customer)
    SELECT g, now(), kind, gen_random_uuid(), action, '{"name": "a"}', '{"name": "b"}', who, app, '', request, who
    FROM (SELECT g, g > %(many)s - 20 AS is_rare FROM generate_series(1, %(many)s) g) AS made
    CROSS JOIN LATERAL (SELECT CASE WHEN is_rare THEN 'sales.lead' ELSE 'customers.customer' END AS kind,
        CASE WHEN is_rare THEN %(last)s ELSE %(first)s END AS action,
        CASE WHEN is_rare THEN 'rare' ELSE 'erp' END AS app,
        CASE WHEN is_rare THEN 'rare' ELSE 'run' END AS request,
        lpad(CASE WHEN is_rare THEN '2' ELSE '1' END, 32, '0')::uuid AS who) AS said
"""
SETTLE = "SELECT brin_summarize_new_values('change_found_by')"
FILTERS: list[dict[str, Any]] = [
    {"action": "deleted"},
    {"user": RARE},
    {"application": "rare"},
    {"request_id": "rare"},
    {"model__in": ["sales.lead"]},
    {"customer": RARE},
]


def fill(first: str, last: str) -> None:
    """Fill the feed with changes of which only the last 20 differ."""
    forget(Change)
    with connection.cursor() as cursor:
        cursor.execute(ALIKE, {"many": MANY, "first": first, "last": last})
        cursor.execute(SETTLE)
        cursor.execute("VACUUM ANALYZE crm_change")


def rows_read(**wanted: Any) -> tuple[int, int]:
    """Return how many changes are found, and how many the database looked at and left out."""
    rows = Change.objects.filter(**wanted).after(0, 0).in_order()[:101]
    plan = rows.explain(analyze=True)
    removed = [int(line.rpartition(": ")[2]) for line in plan.splitlines() if "Rows Removed" in line]
    return len(rows), sum(removed)


def test_what_is_rare_is_found_without_reading_what_is_alike() -> None:
    fill("updated", "deleted")
    for wanted in FILTERS:
        found, removed = rows_read(**wanted)
        assert found == 20, wanted
        assert removed < MANY / 4, wanted


def test_a_frequent_kind_of_change_is_found_where_it_is_rare_here() -> None:
    fill("created", "updated")
    found, removed = rows_read(action="updated")
    assert found == 20
    assert removed < MANY / 4


def test_what_is_everywhere_is_found_in_the_order_of_the_feed() -> None:
    fill("updated", "deleted")
    assert rows_read(action="updated") == (101, 0)
