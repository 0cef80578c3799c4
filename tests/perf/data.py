"""The rows that are measured on: 200,000 customers and what belongs to them, made once and kept."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import connection

from crm.models import Team, User
from tests.perf import depth

CUSTOMERS = 200_000
INTERACTIONS = 1_000_000
MAKE_CUSTOMERS = """
INSERT INTO customers_customer (id, created_at, updated_at, owner_id, team_id, custom, kind, name, given_name,
 family_name, job_title, email, phone, phone_e164, fax, website, tax_id, industry, lifecycle, language, time_zone,
 country, source, description, is_active, preferences_version, organization_id, tags)
SELECT (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
 now() - n * interval '1 minute', now() - n * interval '1 minute', %(owner)s,
 CASE WHEN n %% 20 = 0 THEN %(others)s ELSE %(team)s END, jsonb_build_object('staff', n %% 1000),
 CASE WHEN n %% 50 = 0 THEN 'organization' ELSE 'person' END,
 (ARRAY['Anna','Bruno','Chen','Dana','Émile','Farid'])[n %% 6 + 1] || ' ' || md5(n::text), 'Given', md5(n::text),
 'Buyer', 'person' || n || '@example.com', '+49301' || lpad(n::text, 7, '0'), '+49301' || lpad(n::text, 7, '0'), '',
 'https://example.com/' || n, '', 'Retail', (ARRAY['lead','prospect','customer','former'])[n %% 4 + 1], 'de',
 'Europe/Berlin', 'DE', 'import', '', true, 1,
 CASE WHEN n %% 50 BETWEEN 1 AND 20 THEN (lpad(to_hex(n - n %% 50 + 50), 8, '0') || '-0000-7000-8000-'
  || lpad(to_hex(n - n %% 50 + 50), 12, '0'))::uuid END,
 CASE WHEN n %% 1000 = 1 THEN ARRAY['many','few'] WHEN n %% 2 = 1 THEN ARRAY['many'] ELSE ARRAY[]::text[] END
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
    """Return the member of the sales team who asks, and to whose team nearly all rows belong."""
    return member("benchmark", "Benchmark", "Sales representative")


def member(name: str, team: str, role: str) -> User:
    """Return a colleague of a team, with a role."""
    place, _made = Team.objects.get_or_create(name=team)
    user, _made = User.objects.get_or_create(username=name, defaults={"team": place})
    user.groups.set([Group.objects.get(name=role)])
    return user


def make_rows(user: User) -> None:
    """Fill the tables unless they are full."""
    other = member("benchmark-other", "Others", "Sales representative")
    people = {"owner": user.pk, "team": user.team_id, "others": other.team_id}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customers_customer")
        if cursor.fetchone()[0] >= CUSTOMERS:
            return
        cursor.execute(MAKE_CUSTOMERS, {**people, "rows": CUSTOMERS})
        cursor.execute(MAKE_INTERACTIONS, {**people, "rows": INTERACTIONS, "customers": CUSTOMERS})
        depth.make_rows(cursor, people)
        cursor.execute("VACUUM ANALYZE")
