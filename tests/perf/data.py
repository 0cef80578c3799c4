"""The rows that are measured on: 200,000 customers and 1,000,000 interactions, made once and kept."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import connection

from crm.models import Team, User

CUSTOMERS = 200_000
INTERACTIONS = 1_000_000
MAKE_CUSTOMERS = """
INSERT INTO customers_customer (id, created_at, updated_at, owner_id, team_id, custom, kind, name, given_name,
 family_name, job_title, email, phone, phone_e164, fax, website, tax_id, industry, lifecycle, language, time_zone,
 country, source, description, is_active)
SELECT (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
 now() - n * interval '1 minute', now() - n * interval '1 minute', %(owner)s, %(team)s, '{}', 'person',
 (ARRAY['Anna','Bruno','Chen','Dana','Émile','Farid'])[n %% 6 + 1] || ' ' || md5(n::text), 'Given', md5(n::text),
 'Buyer', 'person' || n || '@example.com', '+49301' || lpad(n::text, 7, '0'), '+49301' || lpad(n::text, 7, '0'), '',
 'https://example.com/' || n, '', 'Retail', (ARRAY['lead','prospect','customer','former'])[n %% 4 + 1], 'de',
 'Europe/Berlin', 'DE', 'import', '', true
FROM generate_series(1, %(rows)s) n
"""
MAKE_INTERACTIONS = """
INSERT INTO customers_interaction (id, created_at, updated_at, owner_id, team_id, custom, customer_id, kind, direction,
 occurred_at, subject, body, about_type)
SELECT (lpad(to_hex(n), 8, '0') || '-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, now(), now(), %(owner)s,
 %(team)s, '{}', (lpad(to_hex(c), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(c), 12, '0'))::uuid,
 'call', 'outbound', now() - n * interval '1 second', 'Call ' || n, '', ''
FROM (SELECT n, n %% %(customers)s + 1 AS c FROM generate_series(1, %(rows)s) n) s
"""


def seller() -> User:
    """Return the member of the sales team who asks, and to whose team all rows belong."""
    team, _made = Team.objects.get_or_create(name="Benchmark")
    user, _made = User.objects.get_or_create(username="benchmark", defaults={"team": team})
    user.groups.set([Group.objects.get(name="Sales representative")])
    return user


def make_rows(user: User) -> None:
    """Fill the tables unless they are full."""
    people = {"owner": user.pk, "team": user.team_id}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customers_customer")
        if cursor.fetchone()[0] >= CUSTOMERS:
            return
        cursor.execute(MAKE_CUSTOMERS, {**people, "rows": CUSTOMERS})
        cursor.execute(MAKE_INTERACTIONS, {**people, "rows": INTERACTIONS, "customers": CUSTOMERS})
        cursor.execute("VACUUM ANALYZE customers_customer, customers_interaction")
