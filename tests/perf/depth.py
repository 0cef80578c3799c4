"""The rows around the customers that are measured on: tasks, attachments, consents, relations, and an indexed field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from crm.custom.jobs import align_indexes
from crm.models import CustomField
from customers.models import Customer, Purpose, RelationshipType

if TYPE_CHECKING:
    from uuid import UUID

RECORD: Final = "id, created_at, updated_at, owner_id, team_id, custom"
ROW: Final = "gen_random_uuid(), now(), now(), %(owner)s, %(team)s, '{}'"
# The id of a customer by its number, as MAKE_CUSTOMERS gives it.
CUSTOMER: Final = "(lpad(to_hex(c), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(c), 12, '0'))::uuid"
NUMBERS: Final = "(SELECT n, n %% 200000 + 1 AS c FROM generate_series(1, {rows}) n) s"
MAKE: Final = (
    # One task in ten is the seller's, one in three is open, and they are due a year round.
    f"""INSERT INTO crm_task ({RECORD}, title, description, due_at, priority, status, completed_at, assignee_id,
 about_type, about_id, customer)
SELECT {ROW}, 'Task ' || n, '', now() + (n %% 8760 - 8000) * interval '1 hour', 'normal',
 CASE WHEN n %% 3 = 0 THEN 'open' ELSE 'done' END, CASE WHEN n %% 3 <> 0 THEN now() END,
 CASE WHEN n %% 10 = 0 THEN %(owner)s END, 'customers.customer', {CUSTOMER}, {CUSTOMER}
FROM {NUMBERS.format(rows=200_000)}""",  # noqa: S608 -- names of columns
    f"""INSERT INTO crm_attachment ({RECORD}, about_type, about_id, customer, name, size, media_type, sha256)
SELECT {ROW}, 'customers.customer', {CUSTOMER}, {CUSTOMER}, 'File ' || n || '.pdf', 1000, 'application/pdf',
 md5(n::text) || md5(n::text) FROM {NUMBERS.format(rows=100_000)}""",  # noqa: S608 -- names of columns
    # Everyone has said something about both purposes; a third agrees.
    f"""INSERT INTO customers_consent ({RECORD}, customer_id, purpose_id, is_granted, occurred_at, source, evidence,
 ip_address, user_agent)
SELECT {ROW}, {CUSTOMER}, (%(purposes)s::uuid[])[n / 200001 + 1], n %% 3 = 0, now() - n * interval '1 minute', 'form',
 '', '', '' FROM {NUMBERS.format(rows=400_000)}""",  # noqa: S608 -- names of columns
    f"""INSERT INTO customers_relationship ({RECORD}, from_customer_id, type_id, to_customer_id, note, is_symmetric)
SELECT {ROW}, {CUSTOMER}, %(relation)s, {CUSTOMER.replace("to_hex(c)", "to_hex(c + 100000)")}, '', false
FROM {NUMBERS.format(rows=50_000)}""",  # noqa: S608 -- names of columns
)


def make_rows(cursor: Any, people: dict[str, UUID | None]) -> None:
    """Fill the tables, without the triggers that would keep a history of it, and build the index of the field."""
    kind = ContentType.objects.get_for_model(Customer)
    CustomField.objects.get_or_create(
        content_type=kind, name="staff", defaults={"label": "Staff", "type": "number", "is_indexed": True}
    )
    known = {
        "purposes": [one.pk for one in Purpose.objects.order_by("name")[:2]],
        "relation": RelationshipType.objects.filter(is_hierarchical=False, inverse_name__gt="").order_by("code")[0].pk,
    }
    with transaction.atomic():
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in MAKE:
            cursor.execute(statement, {**people, **known})
    align_indexes.func()
