"""Which customers may be one: found by keys that they share and by names that are alike, never pair by pair.

A value that more than 20 customers share, such as the number of a switchboard, says nothing. Each reason leaves a
doubt, and the doubts multiply: the same phone (0.6) and the same name (0.75) make 1 - 0.4 × 0.25 = 0.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import connection, transaction
from django.utils import timezone

from customers.models import Customer, Duplicate

if TYPE_CHECKING:
    from uuid import UUID

    from crm.models import User

MOST: Final = 20
SHOWN: Final = 10
ALIKE: Final = 0.6
LEAST: Final = 0.5
WEIGHTS: Final = """(VALUES ('tax_id', 0.95), ('email', 0.9), ('phone', 0.6), ('name', 0.75), ('domain', 0.5),
 ('similar_name', 0.75)) AS weight (reason, weight)"""
# Of evidence (one, two, reason, likeness), what it comes to for each pair.
JUDGED: Final = f"""SELECT one, two, round((1 - exp(sum(ln(1 - weight * likeness))))::numeric, 2) AS score,
 array_agg(reason ORDER BY weight * likeness DESC, reason) AS reasons
 FROM (SELECT DISTINCT one, two, reason, likeness FROM evidence) AS told JOIN {WEIGHTS} USING (reason)
 GROUP BY one, two HAVING 1 - exp(sum(ln(1 - weight * likeness))) >= {LEAST}"""  # noqa: S608 -- constants of ours
# The reason in a key such as `person email:john@example.com`.
REASON: Final = r"substring({key} FROM '^\w+ (\w+):')"

OF_ONE: Final = f"""WITH shared AS MATERIALIZED (
 SELECT c.id, key, count(*) OVER (PARTITION BY key) AS others
 FROM customers_customer c, unnest(c.match_keys) AS key
 WHERE c.match_keys && %(keys)s::text[] AND key = ANY(%(keys)s::text[]) AND c.id <> %(id)s
 AND c.erased_at IS NULL),
alike AS MATERIALIZED (
 SELECT id, similarity(name_key, %(name_key)s) AS likeness FROM customers_customer
 WHERE name_key %% %(name_key)s AND name_key <> %(name_key)s AND kind = %(kind)s AND id <> %(id)s
 AND erased_at IS NULL
 ORDER BY likeness DESC LIMIT {MOST}),
evidence AS (
 SELECT %(id)s::uuid AS one, id AS two, {REASON.format(key="key")} AS reason, 1.0::float AS likeness
 FROM shared WHERE others < {MOST}
 UNION ALL SELECT %(id)s::uuid, id, 'similar_name', likeness FROM alike)
SELECT two, score, reasons FROM ({JUDGED}) AS judged
 WHERE NOT EXISTS (SELECT FROM customers_duplicate d WHERE d.dismissed_at IS NOT NULL
  AND d.first_id = least(one, two) AND d.second_id = greatest(one, two))
 ORDER BY score DESC, two"""  # noqa: S608 -- constants of ours

# Names are compared where they share a word, or one half: of two names that differ by one letter, one half is the same.
OF_ALL: Final = f"""keys AS MATERIALIZED (SELECT id, unnest(match_keys) AS key FROM customers_customer
 WHERE erased_at IS NULL),
telling AS (SELECT key FROM keys GROUP BY key HAVING count(*) BETWEEN 2 AND {MOST}),
names AS MATERIALIZED (
 SELECT row_number() OVER () AS number, kind, name_key, replace(name_key, ' ', '') AS solid, array_agg(id) AS ids
 FROM customers_customer WHERE erased_at IS NULL GROUP BY kind, name_key HAVING count(*) <= {MOST}),
blocks AS MATERIALIZED (
 SELECT number, kind || word AS block FROM names, unnest(string_to_array(name_key, ' ')) AS word
 WHERE length(word) > 2 AND word <> name_key
 UNION SELECT number, kind || side || half FROM names,
  LATERAL (VALUES (length(solid) / 2), ((length(solid) - 1) / 2)) AS lengths (length),
  LATERAL (VALUES ('<', left(solid, length)), ('>', right(solid, length))) AS halves (side, half) WHERE length > 1),
common AS (SELECT block FROM blocks GROUP BY block HAVING count(*) BETWEEN 2 AND {MOST}),
compared AS MATERIALIZED (
 SELECT DISTINCT a.number AS one, b.number AS two
 FROM common JOIN blocks a USING (block) JOIN blocks b USING (block) WHERE a.number < b.number),
alike AS MATERIALIZED (
 SELECT x.ids AS these, y.ids AS those, similarity(x.name_key, y.name_key) AS likeness
 FROM compared JOIN names x ON x.number = one JOIN names y ON y.number = two
 WHERE x.kind = y.kind AND similarity(x.name_key, y.name_key) >= {ALIKE}),
evidence AS (
 SELECT a.id AS one, b.id AS two, {REASON.format(key="key")} AS reason, 1.0::float AS likeness
 FROM telling JOIN keys a USING (key) JOIN keys b USING (key) WHERE a.id < b.id
 UNION ALL SELECT least(one, two), greatest(one, two), 'similar_name', likeness
 FROM alike, unnest(these) AS one, unnest(those) AS two),
found AS MATERIALIZED ({JUDGED})"""  # noqa: S608 -- constants of ours

RENEW: Final = f"""WITH {OF_ALL},
gone AS (DELETE FROM customers_duplicate d WHERE dismissed_at IS NULL
 AND NOT EXISTS (SELECT FROM found WHERE one = d.first_id AND two = d.second_id))
INSERT INTO customers_duplicate AS known (id, first_id, second_id, score, reasons, found_at)
 SELECT gen_random_uuid(), one, two, score, reasons, %(now)s FROM found
 ON CONFLICT (first_id, second_id) DO UPDATE SET score = excluded.score, reasons = excluded.reasons
 WHERE (known.score, known.reasons::text[]) IS DISTINCT FROM (excluded.score, excluded.reasons::text[])"""  # noqa: S608 -- constants of ours


@dataclass(frozen=True)
class Candidate:
    """A customer who may be the same as another, with a score from 0 to 1 and what they share."""

    id: UUID
    name: str
    score: float
    reasons: list[str]

    def reason_words(self) -> list[str]:
        """Return the reasons as people read them."""
        return [str(Duplicate.Reason(reason).label) for reason in self.reasons]


@transaction.atomic(savepoint=False)
def candidates(*, customer: Customer, user: User) -> list[Candidate]:
    """Return those who may be the same as a customer, as the database is now and as far as `user` may see them.

    Likeliest first, ten at most; but those of whom a colleague has said that they are two.
    """
    known = {"id": customer.pk, "kind": customer.kind, "name_key": customer.name_key, "keys": customer.match_keys}
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.similarity_threshold', %s, true)", [str(ALIKE)])
        cursor.execute(OF_ONE, known)
        rows = cursor.fetchall()
    if not rows:
        return []
    visible = Customer.objects.visible_to(user).filter(pk__in=[row[0] for row in rows])
    names = dict(visible.values_list("pk", "name"))
    found = [Candidate(key, names[key], float(score), reasons) for key, score, reasons in rows if key in names]
    return found[:SHOWN]


@transaction.atomic
def renew_duplicates() -> None:
    """Bring the list of duplicates up to what customers are now: one statement, whatever their number.

    What a colleague has dismissed stays dismissed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('renew_duplicates', 0))")
        cursor.execute(RENEW, {"now": timezone.now()})
