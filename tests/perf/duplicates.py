"""How long looking for duplicates takes on data that make it hard: `python -m tests.perf.duplicates [rows …]`."""

from __future__ import annotations

import os
import statistics
import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crm.models import User

WORD: Final = "substr(translate(md5({seed} || n::text), '0123456789', 'ghijklmnop'), 1, {length})"
NAMES: Final = {
    "all different": f"{WORD.format(seed=1, length=9)} || ' ' || {WORD.format(seed=2, length=12)}",
    "all alike": "'Customer ' || n",
    "all the same": "'John Smith'",
    "half alike": f"CASE n %% 2 WHEN 0 THEN 'Customer ' || n ELSE {WORD.format(seed=1, length=18)} END",
    "groups of twenty": "'Anna ' || translate(md5((n / 20)::text), '0123456789', 'ghijklmnop') || n %% 20",
    "ten scripts": "(SELECT string_agg(chr((ARRAY[65, 1040, 945, 1488, 1575, 2309, 3585, 4304, 12354, 19968])"
    "[n %% 10 + 1] + abs(hashint4(n * 16 + s)) %% 24), '') FROM generate_series(1, 8) s)",  # their first signs
    "one e-mail address": f"{WORD.format(seed=1, length=9)} || ' ' || {WORD.format(seed=2, length=12)}",
}
EMAILS: Final = {"one e-mail address": "'info@example.com'"}
MAKE: Final = """
INSERT INTO customers_customer (id, created_at, updated_at, owner_id, team_id, custom, kind, name, given_name,
 family_name, job_title, email, phone, phone_e164, fax, website, tax_id, industry, lifecycle, language, time_zone,
 country, source, description, is_active, preferences_version, tags)
SELECT gen_random_uuid(), now(), now(), %(owner)s, %(team)s, '{{}}', 'person', {name}, '', '', '', {email}, '', '',
 '', '', '', '', 'lead', '', '', '', '', '', true, 1, '{{}}' FROM generate_series(1, %(rows)s) n
"""
EMPTY: Final = "TRUNCATE customers_customer CASCADE"


def fill(kind: str, rows: int, user: User) -> None:
    """Put customers of a kind in place of those that there are."""
    from django.db import connection

    from tests.perf import limits

    sql = MAKE.format(name=NAMES[kind], email=EMAILS.get(kind, "'c' || n || '@example.com'"))
    with limits.without_triggers(), connection.cursor() as cursor:
        cursor.execute(EMPTY)
        cursor.execute(sql, {"owner": user.pk, "team": user.team_id, "rows": rows})


def measure(kind: str, user: User) -> str:
    """Return how long a renewal took, and the median of looking for one customer."""
    from customers.matching import candidates, renew_duplicates
    from customers.models import Customer, Duplicate

    began = time.perf_counter()
    is_whole = renew_duplicates()
    whole = time.perf_counter() - began
    times = []
    for one in Customer.objects.order_by("pk")[:15]:
        new = Customer(kind=one.kind, name=one.name + "x", email=one.email)
        began = time.perf_counter()
        candidates(customer=new, user=user)
        times.append(time.perf_counter() - began)
    all_of_it = f"{whole:7.2f} s{'' if is_whole else ' (stopped)'}"
    worst = f"{statistics.median(times) * 1000:6.1f} ms, worst {max(times) * 1000:6.1f} ms"
    return "  ".join([all_of_it, worst, f"{Duplicate.objects.count():,} pairs"])


def main() -> None:
    """Measure each kind of data, without and with statistics."""
    from tests.perf.__main__ import SETTINGS

    os.environ.update(SETTINGS)
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection, transaction

    call_command("migrate", verbosity=0)
    from tests.perf import data

    user = data.seller()
    for rows in map(int, sys.argv[1:] or ["20000", "200000"]):
        for kind in NAMES:
            for is_analyzed in (False, True):
                with transaction.atomic(), connection.cursor() as cursor:
                    fill(kind, rows, user)
                    if is_analyzed:
                        cursor.execute("ANALYZE customers_customer")
                    words = "with" if is_analyzed else "without"
                    sys.stdout.write(f"{rows:>9,} {kind:18} {words:7} statistics {measure(kind, user)}\n")
                    sys.stdout.flush()
                    transaction.set_rollback(True)


if __name__ == "__main__":
    main()
