"""Which customers may be one: found by keys that they share and by names that are alike, never pair by pair.

A value that more than 20 customers share, such as the number of a switchboard, says nothing. Each reason leaves a
doubt, and the doubts multiply: the same phone (0.6) and the same name (0.75) make 1 - 0.4 × 0.25 = 0.9.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Final

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg.errors import QueryCanceled

from crm.alike import Candidate
from crm.database.turns import take_turns
from customers.models import Customer, Duplicate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from crm.models import User

logger = logging.getLogger(__name__)
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

# Of customers that are asked for, whether they are written or not, who may be the same: of those that are, and of those
# asked for before.
OF_THESE: Final = f"""WITH asked AS MATERIALIZED (
 SELECT id, place, kind, customers_name_key(kind, name) AS name_key,
  customers_match_keys(kind, name, email, phone_e164, tax_id, website) AS keys
 FROM jsonb_to_recordset(%(rows)s::jsonb) AS a (id uuid, place int, kind text, name text, email text, phone_e164 text,
  tax_id text, website text)),
asked_keys AS MATERIALIZED (SELECT id, place, unnest(keys) AS key FROM asked),
holders AS MATERIALIZED (SELECT id, place, key, count(*) OVER (PARTITION BY key) AS others FROM (
 SELECT id, place, key FROM asked_keys
 UNION ALL SELECT c.id, -1, key FROM customers_customer c, unnest(c.match_keys) AS key
  WHERE c.match_keys && ARRAY(SELECT DISTINCT key FROM asked_keys) AND key IN (SELECT key FROM asked_keys)
  AND c.erased_at IS NULL AND NOT c.id IN (SELECT id FROM asked)) AS held),
alike AS MATERIALIZED (
 SELECT a.id AS one, near.id AS two, near.likeness FROM asked a CROSS JOIN LATERAL (
  SELECT c.id, similarity(c.name_key, a.name_key) AS likeness FROM customers_customer c
  WHERE %(compares_names)s AND c.name_key %% a.name_key AND c.name_key <> a.name_key AND c.kind = a.kind
  AND c.erased_at IS NULL AND NOT c.id IN (SELECT id FROM asked)
  ORDER BY likeness DESC LIMIT {MOST}) AS near),
evidence AS (
 SELECT a.id AS one, h.id AS two, {REASON.format(key="key")} AS reason, 1.0::float AS likeness
 FROM asked_keys a JOIN holders h USING (key) WHERE h.place < a.place AND h.others <= {MOST}
 UNION ALL SELECT one, two, 'similar_name', likeness FROM alike
 UNION ALL SELECT a.id, b.id, 'similar_name', similarity(a.name_key, b.name_key) FROM asked a JOIN asked b
  ON b.place < a.place AND b.kind = a.kind AND b.name_key <> a.name_key AND b.name_key %% a.name_key)
SELECT one, two, score, reasons FROM ({JUDGED}) AS judged
 WHERE NOT EXISTS (SELECT FROM customers_duplicate d WHERE d.dismissed_at IS NOT NULL
  AND d.first_id = least(one, two) AND d.second_id = greatest(one, two))
 ORDER BY score DESC, two"""  # noqa: S608 -- constants of ours
WHOLE_SECONDS: Final = 120
# Where very many names are alike, that one more is like them says nothing, and to find out takes long.
NAMES_SECONDS: Final = 1.0
MORE_SECONDS: Final = 0.05  # for each customer that is looked for
LOCALLY: Final = {
    "pg_trgm.similarity_threshold": str(ALIKE),
    "client_connection_check_interval": "5s",
    "work_mem": "64MB",
    "jit": "off",
}
READ: Final = ("kind", "name", "email", "phone_e164", "tax_id", "website")

# Names are compared where they share a word, or one half: of two names that differ by one letter, one half is the same.
# A block begins with its kind. To ask once more whether kinds are equal makes the planner join all names with all.
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
 WHERE cardinality(x.ids) + cardinality(y.ids) <= {MOST} AND similarity(x.name_key, y.name_key) >= {ALIKE}),
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
 SELECT gen_random_uuid(), one, two, score, reasons, %(now)s FROM found ORDER BY one, two
 ON CONFLICT (first_id, second_id) DO UPDATE SET score = excluded.score, reasons = excluded.reasons
 WHERE (known.score, known.reasons::text[]) IS DISTINCT FROM (excluded.score, excluded.reasons::text[])"""  # noqa: S608 -- constants of ours


@transaction.atomic(savepoint=False)
def candidates_of(*, records: Sequence[Any], user: User) -> dict[UUID, list[Candidate]]:
    """Return, by id, who may be the same as each customer, as the database is now and as far as `user` may see them.

    Customers need not be written yet; each is also compared with those before it. Likeliest first, ten at most; but
    those of whom a colleague has said that they are two. One statement, whatever the number of customers. Where it
    takes longer than some seconds, as names are alike all over, names that are only similar do not count.
    """
    rows = [
        {"id": str(one.pk), "place": place, **{name: getattr(one, name) for name in READ}}
        for place, one in enumerate(records)
    ]
    asked: dict[str, Any] = {"rows": json.dumps(rows), "compares_names": True}
    found = _read_in_time(NAMES_SECONDS + len(rows) * MORE_SECONDS, asked)
    if found is None:
        found = _read_in_time(WHOLE_SECONDS, asked | {"compares_names": False})
    if not found:
        return {}
    visible = Customer.objects.visible_to(user).filter(pk__in={row[1] for row in found})
    names = {one.pk: one.name for one in records} | dict(visible.values_list("pk", "name"))
    answer: dict[UUID, list[Candidate]] = {}
    for one, two, score, reasons in found:
        known = answer.setdefault(one, [])
        if two in names and len(known) < SHOWN:
            labels = [str(Duplicate.Reason(reason).label) for reason in reasons]
            known.append(Candidate(two, names[two], float(score), reasons, labels))
    return answer


def candidates(*, customer: Customer, user: User) -> list[Candidate]:
    """Return those who may be the same as a customer."""
    return candidates_of(records=[customer], user=user).get(customer.pk, [])


@transaction.atomic
def renew_duplicates(*, seconds: float = WHOLE_SECONDS) -> bool:
    """Bring the list of duplicates up to what customers are now: one statement, whatever their number.

    What a colleague has dismissed stays dismissed. Return False, and leave all as it was, where it takes too long.
    """
    take_turns("renew_duplicates")
    return _in_time(seconds, RENEW, {"now": timezone.now()}) is not None


def _read_in_time(seconds: float, known: Mapping[str, Any]) -> list[Any] | None:
    """Return who may be the same as some customers; None where it takes longer than so many seconds."""
    with transaction.atomic():
        found = _in_time(seconds, OF_THESE, known)
        transaction.set_rollback(True)  # so that the settings are what they were before
    return found


def _in_time(seconds: float, sql: str, known: Mapping[str, Any]) -> list[Any] | None:
    """Return the rows of a statement; None, with nothing done, where it takes longer than so many seconds.

    It stops, too, when nobody waits for it any more.
    """
    settings = {**LOCALLY, "statement_timeout": f"{seconds * 1000:.0f}"}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config(key, value, true) FROM json_each_text(%s)", [json.dumps(settings)])
            cursor.execute(sql, known)
            return cursor.fetchall() if cursor.description else []
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        logger.warning("Looking for duplicates was stopped after %s seconds", seconds)
        return None
