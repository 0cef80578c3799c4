"""Keeping scores true when rules or customers change, or time passes; leads that change the database scores itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import connection, transaction
from django.utils import timezone

from crm.changes.context import acting
from customers.models import Customer, Interaction
from sales.models import Lead

if TYPE_CHECKING:
    from collections.abc import Sequence

AT_ONCE: Final = 2000
RECENT: Final = timedelta(minutes=15)
# The trigger sets the score of each row that is written, so that only those are written whose score is another now.
RESCORE: Final = """
    UPDATE sales_lead l SET score = s.score, score_reasons = s.reasons, updated_at = now()
    FROM sales_lead b
    CROSS JOIN LATERAL sales_lead_score(b.customer_id, b.subject, b.message, b.source, b.rating) s
    WHERE l.id = b.id AND b.id = ANY (%s) AND (b.score, b.score_reasons) IS DISTINCT FROM (s.score, s.reasons)
"""


def rescore_all() -> int:
    """Bring the scores of all open leads up to the rules and the day; return how many changed."""
    changed = 0
    last: Any = None
    while True:
        rows = Lead.objects.filter(status__in=Lead.OPEN, **({"pk__gt": last} if last else {}))
        keys = list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
        changed += _rescore(keys)
        if len(keys) < AT_ONCE:
            return changed
        last = keys[-1]


def rescore_recent() -> int:
    """Do so for the leads of customers who changed, or with whom there was contact, in the last minutes."""
    earliest = timezone.now() - RECENT
    spoken = set(Interaction.objects.filter(updated_at__gte=earliest).values_list("customer", flat=True))
    changed = set(Customer.objects.filter(updated_at__gte=earliest).values_list("pk", flat=True))
    people = set(Customer.objects.filter(organization__in=changed).values_list("pk", flat=True))
    rows = Lead.objects.filter(status__in=Lead.OPEN, customer__in=spoken | changed | people)
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    return sum(_rescore(keys[start : start + AT_ONCE]) for start in range(0, len(keys), AT_ONCE))


@transaction.atomic
def _rescore(keys: Sequence[Any]) -> int:
    """Score some leads anew, under their locks; return how many changed."""
    list(Lead.objects.filter(pk__in=keys).order_by("pk").select_for_update().values_list("pk"))
    with acting(command="rescore_leads"), connection.cursor() as cursor:
        cursor.execute(RESCORE, [list(keys)])
        return int(cursor.rowcount)


def rules_changed() -> None:
    """Let the worker score all open leads anew, once this transaction is kept."""
    from sales.jobs import rescore_leads

    rescore_leads.defer()
