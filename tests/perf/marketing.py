"""What is measured of marketing: segments over 200,000 customers, and what campaigns are owed of 100,000 deals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from crm.reports.reports import REPORTS
from customers.models import Customer
from marketing.models import Campaign, CampaignMember, Segment
from tests.perf.sales import against

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crm.models import User
    from tests.perf.measure import Row

CONDITIONS: Final[dict[str, Any]] = {
    "all": [
        {"lifecycle__in": "customer,former"},
        {"any": [{"consent": "marketing_email"}, {"custom.staff": "500"}]},
        {"not": {"country": "FR"}},
    ]
}
MEMBERS: Final = """
INSERT INTO marketing_campaignmember (id, created_at, updated_at, owner_id, team_id, custom, tags, campaign_id,
 customer_id, state, reason, detail, variant, message_id, attempts, sent_at)
SELECT (lpad(to_hex(n), 8, '0') || '-0000-7000-b000-' || lpad(to_hex(c.place), 12, '0'))::uuid, now(), now(), %(owner)s,
 %(team)s, '{}', '{}', c.id, (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
 'sent', '', '', '', '', 0, now() - (n %% 900 + c.place) * interval '1 day'
FROM generate_series(1, 100000) n
CROSS JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM marketing_campaign) c
WHERE n %% 4 <> c.place %% 4
"""


def make_rows(user: User) -> Segment:
    """Make a segment, and four campaigns with 75,000 members each, unless they are there."""
    segment, _made = Segment.objects.get_or_create(name="perf", defaults={"conditions": CONDITIONS, "owner": user})
    if not CampaignMember.objects.exists():
        for number in range(4):
            Campaign.objects.create(name=f"Campaign {number}", started_at="2024-01-01T00:00:00Z", owner=user)
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(MEMBERS, {"owner": user.pk, "team": user.team_id})
            cursor.execute("SET session_replication_role = origin")
            cursor.execute("VACUUM ANALYZE marketing_campaignmember")
    return segment


def cases(send: Callable[..., bytes], user: User) -> Iterator[Row]:
    """Measure each against the same SQL sent by hand."""
    segment = make_rows(user)
    seen = segment.customers_for(user)
    yield against(
        "preview of a segment: a count of 200,000 customers, and the first ten",
        lambda: (seen.count(), list(seen.order_by("id").values("id", "name", "email")[:10])),
        lambda: send("POST", "/api/v1/segments/preview", body={"conditions": CONDITIONS}),
        0.7,
    )
    yield against(
        "50 of 200,000 customers who are in a segment",
        lambda: list(segment.among(Customer.objects.visible_to(user)).order_by("id")[:50]),
        lambda: send("GET", "/api/v1/customers", f"segment={segment.pk}"),
        0.5,
    )
    report: Any = REPORTS["campaign-results"]
    yield against(
        "what 4 campaigns with 300,000 members are owed of 100,000 deals",
        lambda: list(report.rows(user, {"touch": "linear"})),
        lambda: send("GET", "/api/v1/reports/campaign-results", "touch=linear&since=2000-01-01"),
        0.7,
    )
