"""The limit: plain Django views that run the same SQL by hand and dump the rows, without rights or rules."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from crm import bulk, urls
from crm.models import Change, new_id
from customers.models import Customer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from crm.models import User

COLUMNS = [str(field.column) for field in Customer._meta.concrete_fields if not field.generated]
SELECT = f"""SELECT {", ".join(COLUMNS)}, (SELECT coalesce(json_agg(row_to_json(e)), '[]') FROM (
 SELECT system, external_id FROM crm_externalreference
 WHERE object_id = c.id AND content_type_id = %s ORDER BY system, external_id) e) AS external_references
 FROM customers_customer c"""  # noqa: S608 -- names of columns
INSERT = f"INSERT INTO customers_customer ({', '.join(COLUMNS)}) VALUES ({', '.join(['%s'] * len(COLUMNS))})"  # noqa: S608
CHANGES = (
    """SELECT * FROM crm_change WHERE (transaction, sequence) > (%s, %s) ORDER BY transaction, sequence LIMIT 500"""
)
EQUAL = " UNION ".join(
    "SELECT a.id, b.id FROM customers_customer a JOIN customers_customer b"  # noqa: S608 -- names of columns
    f" ON {value.format('a')} = {value.format('b')} AND a.id < b.id WHERE {value.format('a')} <> ''"
    for value in ("lower({}.email)", "{}.phone_e164", "upper({}.tax_id)", "crm_search_key({}.name)")
)
CONDITIONS = {
    "tag": "tags && ARRAY['few']::varchar(50)[]",
    "custom": "coalesce(custom -> 'staff', 'null'::jsonb) = '500'::jsonb",
    "consent": """id IN (SELECT customer_id FROM customers_consent a JOIN customers_purpose p ON p.id = a.purpose_id
 WHERE p.name = 'marketing_email' AND a.is_granted AND NOT EXISTS (SELECT FROM customers_consent b
 WHERE b.customer_id = a.customer_id AND b.purpose_id = a.purpose_id
 AND (b.occurred_at, b.id) > (a.occurred_at, a.id)))""",
}
TASKS = """SELECT t.*, (SELECT coalesce(json_agg(row_to_json(e)), '[]') FROM (
 SELECT system, external_id FROM crm_externalreference WHERE object_id = t.id) e) AS external_references
 FROM crm_task t WHERE assignee_id = %s AND status = 'open' ORDER BY due_order, id LIMIT 50"""
SOURCE = "perf"
OWNER: dict[str, Any] = {}


def rows(sql: str, *params: Any) -> list[dict[str, Any]]:
    """Return the rows of a query as dicts."""
    with connection.cursor() as cursor:
        cursor.execute(sql, [ContentType.objects.get_for_model(Customer).pk, *params])
        return dicts(cursor)


def dicts(cursor: Any) -> list[dict[str, Any]]:
    """Return what a cursor has found."""
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def answer(value: Any) -> HttpResponse:
    """Return a value as JSON."""
    return HttpResponse(orjson.dumps(value, default=str), content_type="application/json")


def raw_list(request: HttpRequest) -> HttpResponse:
    return answer({"results": rows(f"{SELECT} ORDER BY id LIMIT 50")})


def raw_some(request: HttpRequest, name: str) -> HttpResponse:
    """Answer the list that a condition leaves, by the SQL that one would write for it by hand."""
    return answer({"results": rows(f"{SELECT} WHERE {CONDITIONS[name]} ORDER BY id LIMIT 50")})


def raw_tasks(request: HttpRequest) -> HttpResponse:
    """Answer what somebody has to do, the most urgent first, by hand."""
    with connection.cursor() as cursor:
        cursor.execute(TASKS, [OWNER["owner_id"]])
        return answer({"results": dicts(cursor)})


def raw_one(request: HttpRequest, pk: UUID) -> HttpResponse:
    return answer(rows(f"{SELECT} WHERE id = %s", pk)[0])


@csrf_exempt
def raw_create(request: HttpRequest) -> HttpResponse:
    body = orjson.loads(request.body)
    now = timezone.now()
    values: dict[str, Any] = dict.fromkeys(COLUMNS, "") | {
        "id": new_id(),
        "created_at": now,
        "updated_at": now,
        "custom": "{}",
        "tags": [],
        "erased_at": None,
        "preferences_version": 1,
    }
    values |= {**OWNER, "organization_id": None, "is_active": True, "kind": "person"}
    values |= {"lifecycle": "lead", **body}
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [values[name] for name in COLUMNS])
    return answer(values)


def raw_changes(request: HttpRequest) -> HttpResponse:
    """Answer the same page of the feed by hand."""
    transaction_id, sequence = feed_start().split("-")
    with connection.cursor() as cursor:
        cursor.execute(CHANGES, [transaction_id, sequence])
        return answer({"results": dicts(cursor)})


def new_rows() -> list[Customer]:
    """Return 1,000 customers that are not stored yet."""
    return [Customer(name=f"Customer {n}", email=f"c{n}@example.com", source=SOURCE, **OWNER) for n in range(1000)]


@contextmanager
def without_triggers() -> Iterator[None]:
    """Write without triggers in this transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield


def copy_in() -> None:
    """COPY 1,000 customers into the table, without triggers and without rules."""
    with without_triggers():
        bulk.insert(Customer, new_rows())


def write_without_feed() -> None:
    """Insert 1,000 customers without triggers."""
    with without_triggers():
        Customer.objects.bulk_create(new_rows())


def write() -> None:
    """Insert 1,000 customers as everybody does."""
    Customer.objects.bulk_create(new_rows())


def copy_out() -> None:
    """Read the whole table by COPY, and nothing else."""
    with connection.cursor() as cursor, cursor.copy("COPY customers_customer TO STDOUT") as lines:
        for _line in lines:
            pass


def equal_pairs() -> None:
    """Join the table with itself on each value that may be equal."""
    with connection.cursor() as cursor:
        cursor.execute(EQUAL)


def fill_feed() -> None:
    """Let there be some pages of changes at the end of the feed."""
    with transaction.atomic():
        Customer.objects.bulk_create(new_rows())
    Customer.objects.filter(source=SOURCE).update(lifecycle="prospect")


def feed_start() -> str:
    """Return the position of the last 1,000 changes."""
    place = Change.objects.order_by("-sequence").values_list("transaction", "sequence")[1000]
    return f"{place[0]}-{place[1]}"


def install(user: User) -> None:
    """Add the views to the URL map of this process; what they make belongs to `user`."""
    OWNER.update(owner_id=user.pk, team_id=user.team_id)
    views: list[Any] = [
        path("raw", raw_list),
        path("raw/changes", raw_changes),
        path("raw/create", raw_create),
        path("raw/tasks", raw_tasks),
        path("raw/<uuid:pk>", raw_one),
        path("raw/<str:name>", raw_some),
    ]
    urls.urlpatterns[:0] = views
