"""What is measured of sales: the pipeline board and the forecast, over 100,000 opportunities."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from crm.reports.reports import REPORTS
from sales.admin.columns import board_for
from sales.models import ExchangeRate, Opportunity
from tests.perf.measure import Row, medians, share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crm.models import User

OPPORTUNITIES: Final = 100_000
MAKE: Final = """
INSERT INTO sales_opportunity (id, created_at, updated_at, owner_id, team_id, custom, customer_id, name, stage_id,
 pipeline_id, status, amount, currency, expected_close_on, forecast_category, lost_reason_id, lost_note, closed_at,
 stage_since)
SELECT (lpad(to_hex(n), 8, '0') || '-0000-7000-a000-' || lpad(to_hex(n), 12, '0'))::uuid,
 now() - n * interval '5 minutes', now(), %(owner)s, %(team)s, '{}',
 (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'Deal ' || n,
 s.id, s.pipeline_id, s.kind, n %% 90000, (ARRAY['EUR','USD','GBP'])[n %% 3 + 1], current_date + n %% 300 - 30,
 CASE s.kind WHEN 'won' THEN 'closed' WHEN 'lost' THEN 'omitted'
  ELSE (ARRAY['pipeline','best_case','commit'])[n %% 3 + 1] END,
 CASE s.kind WHEN 'lost' THEN (SELECT id FROM sales_lossreason ORDER BY name LIMIT 1) END, '',
 CASE WHEN s.kind <> 'open' THEN now() - n %% 700 * interval '1 day' END, now() - n %% 60 * interval '1 day'
FROM generate_series(1, %(rows)s) n
JOIN (SELECT *, row_number() OVER (ORDER BY "order", id) AS place, count(*) OVER () AS places FROM sales_stage) s
 ON s.place = n %% s.places + 1
"""


def make_rows(user: User) -> None:
    """Fill the table unless it is full."""
    if Opportunity.objects.count() >= OPPORTUNITIES:
        return
    ExchangeRate.objects.get_or_create(currency="USD", on="2020-01-01", defaults={"rate": "0.9"})
    people = {"owner": user.pk, "team": user.team_id, "rows": OPPORTUNITIES}
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(MAKE, people)
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE sales_opportunity")


def cases(send: Callable[..., bytes], user: User) -> Iterator[Row]:
    """Measure both against the same SQL sent by hand."""
    make_rows(user)
    signed_in = page_of(user)
    yield against("pipeline board of 100,000 deals", lambda: board_for(user, {}), signed_in, 0.5)
    forecast: Any = REPORTS["forecast"]
    wanted = {"since": datetime.date(2000, 1, 1)}
    yield against(
        "forecast of 100,000 deals",
        lambda: list(forecast.rows(user, wanted)),
        lambda: send("GET", "/api/v1/reports/forecast", "since=2000-01-01"),
        0.7,
    )


def page_of(user: User) -> Callable[[], Any]:
    """Return a function that makes the part of the board that its script asks for."""
    from sales.admin.board import board

    request = RequestFactory().get("/admin/pipeline/", headers={"X-Live": "1"})
    request.user = user
    return lambda: board(request)


def against(work: str, asking: Callable[[], Any], ours: Callable[[], Any], goal: float) -> Row:
    """Return the line that compares a page with the queries that it makes."""
    by_hand, number = queries_of(asking)
    seconds = medians({"raw": by_hand, "ours": ours})
    return share(work, seconds["raw"], seconds["ours"], goal, f"the same {number} queries by hand")


def queries_of(asking: Callable[[], Any]) -> tuple[Callable[[], None], int]:
    """Return what makes the same queries by hand, and their number."""
    with CaptureQueriesContext(connection) as captured:
        asking()
    statements = [one["sql"] for one in captured.captured_queries]

    def by_hand() -> None:
        with connection.cursor() as cursor:
            for sql in statements:
                cursor.execute(sql)
                cursor.fetchall()

    return by_hand, len(statements)
