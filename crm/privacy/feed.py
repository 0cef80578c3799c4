"""Taking a person's values out of the change feed, and out of the messages that were made of it.

What changed, when and by whom stays; so do values that stay in the records, such as dates and kinds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.db import connection
from django.db.models import Max

from crm.models import Change, Webhook
from crm.privacy import holdings

if TYPE_CHECKING:
    from collections.abc import Collection

    from crm.privacy.person import Person

# Keys of an object stay, and those values that may be known; others become what the records now have.
BLANK: Final = (
    "(CASE WHEN jsonb_typeof({value}) = 'object' THEN (SELECT coalesce(jsonb_object_agg(e.key, CASE"
    " WHEN e.key = ANY(%(kept)s) THEN e.value ELSE coalesce(%(shown)s::jsonb -> e.key, 'null') END), '{{}}')"
    " FROM jsonb_each({value}) AS e) ELSE {value} END)"
)
BLANK_CHANGES: Final = (
    f"UPDATE crm_change SET before = {BLANK.format(value='before')}, after = {BLANK.format(value='after')}"  # noqa: S608 -- constants of ours
    " WHERE model = %(model)s AND record = ANY(%(keys)s)"
    f" AND (before, after) IS DISTINCT FROM ({BLANK.format(value='before')}, {BLANK.format(value='after')})"
)
BEFORE: Final = "(body #> '{data,before}')"
AFTER: Final = "(body #> '{data,after}')"
BODY: Final = (
    f"jsonb_set(jsonb_set(body, '{{data,before}}', coalesce({BLANK.format(value=BEFORE)}, 'null')),"
    f" '{{data,after}}', coalesce({BLANK.format(value=AFTER)}, 'null'))"
)
BLANK_MESSAGES: Final = (
    f"UPDATE crm_webhookdelivery SET body = {BODY}"  # noqa: S608 -- constants of ours
    f" WHERE record = ANY(%(keys)s) AND jsonb_typeof(body -> 'data') = 'object' AND body IS DISTINCT FROM {BODY}"
)
BLANK_ANSWERS: Final = (
    "UPDATE crm_webhookattempt a SET response_body = '', response_headers = '{}' FROM crm_webhookdelivery d"
    " WHERE d.id = a.delivery_id AND d.record = ANY(%(keys)s)"
    " AND (a.response_body <> '' OR a.response_headers <> '{}')"
)
# Of what the triggers wrote of the erasure itself, one row for each record stays, and says what it was.
OWN: Final = (
    "SELECT sequence, row_number() OVER (PARTITION BY record ORDER BY customer IS NULL, sequence DESC) AS place"
    " FROM crm_change WHERE sequence > %(after)s AND record = ANY(%(keys)s)"
    " AND transaction = coalesce((SELECT base FROM crm_feedstate), 0) + pg_current_xact_id()::text::bigint"
)
FORGET: Final = f"DELETE FROM crm_change USING ({OWN}) o WHERE crm_change.sequence = o.sequence AND o.place > 1"  # noqa: S608 -- constants of ours
SAY: Final = (
    f"UPDATE crm_change SET action = 'erased' FROM ({OWN}) o WHERE crm_change.sequence = o.sequence AND o.place = 1"  # noqa: S608 -- constants of ours
)


def last_change() -> int:
    """Return the number of the latest change."""
    return Change.objects.aggregate(last=Max("sequence"))["last"] or 0


def say_erased(records: Collection[Any], after: int) -> None:
    """Let the feed say once of each record that it was erased, in place of what was written since `after`."""
    with connection.cursor() as cursor:
        for statement in (FORGET, SAY):
            cursor.execute(statement, {"keys": list(records), "after": after})


def blank(person: Person) -> dict[str, int]:
    """Take the values out of the changes of all records of a person, and out of messages; return how many rows.

    Whoever makes messages of changes holds the lock of the webhook: after it, none is made of what was before.
    """
    list(Webhook.objects.order_by("pk").select_for_update().values_list("pk", flat=True))
    counts = {Change._meta.label_lower: 0, "crm.webhookdelivery": 0, "crm.webhookattempt": 0}
    with connection.cursor() as cursor:
        for label, keys in person.gone.items():
            given = {"model": label, "keys": list(keys), **allowed(label)}
            for name, statement in zip(counts, (BLANK_CHANGES, BLANK_MESSAGES, BLANK_ANSWERS), strict=True):
                cursor.execute(statement, given)
                counts[name] += cursor.rowcount
    return counts


def allowed(label: str) -> dict[str, Any]:
    """Return which values of a kind of record may stay, and what stands for the others."""
    try:
        holding = holdings.of(apps.get_model(label))
    except LookupError:  # a kind that there no longer is
        return {"kept": [], "shown": "{}"}
    return {"kept": holding.true_fields(), "shown": json.dumps(holding.shown(), default=str)}
