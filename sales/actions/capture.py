"""What happens when somebody sends a form."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypedDict

from django.db import connection, transaction
from django.utils import timezone

from customers.actions import grant_consent
from marketing.models import Campaign
from sales.actions.leads import capture_lead
from sales.models import LeadFormReceipt

if TYPE_CHECKING:
    from customers.actions import ContactDetails
    from sales.models import Lead, LeadForm

MINUTES: Final = 10  # for so long the same answer is one answer
# Who sends the same at the same moment waits here for the other, and then finds its receipt.
RECEIVE: Final = """
    INSERT INTO sales_leadformreceipt AS r (form_id, digest, received_at) VALUES (%s, %s, clock_timestamp())
    ON CONFLICT (form_id, digest) DO UPDATE SET received_at = excluded.received_at
    WHERE r.received_at < excluded.received_at - make_interval(mins => %s)
    RETURNING r.id
"""


class Agreement(TypedDict):
    """What proves that the sender agreed: the very text that they read, from where and with what they sent it."""

    evidence: str
    ip_address: str
    user_agent: str


@transaction.atomic
def capture_answer(
    *,
    form: LeadForm,
    contact: ContactDetails,
    message: str = "",
    digest: str,
    utm: dict[str, str] | None = None,
    agreement: Agreement | None = None,
) -> Lead | None:
    """Make a lead of what somebody sent through a form, with their consent where they agreed; once for a `digest`.

    Returns None for what was sent already in the last minutes. Raises ValidationError where a value is not allowed.
    """
    if not _is_first(form, digest):
        return None
    lead = capture_lead(
        by=None,
        contact=contact,
        subject=form.name,
        message=message,
        source=form.source,
        owner=form.owner if form.owner and form.owner.is_active else None,
        team=form.team or (form.owner.team if form.owner else None),
        form=form,
        utm=utm or {},
        campaign=_campaign_of(utm or {}),
    )
    if agreement is not None and form.purpose is not None:
        grant_consent(customer=lead.customer, purpose=form.purpose, source="form", by=None, **agreement)
    return lead


def _campaign_of(utm: dict[str, str]) -> Campaign | None:
    """Return the campaign that the links of a visitor's way name: the newest of that utm_campaign."""
    name = utm.get("utm_campaign", "")
    found: Campaign | None = Campaign.objects.filter(utm_campaign=name).order_by("-created_at", "-id").first()
    return found if name else None


def _is_first(form: LeadForm, digest: str) -> bool:
    """Note that an answer came; tell whether it did for the first time in the last minutes."""
    with connection.cursor() as cursor:
        cursor.execute(RECEIVE, [form.pk, digest, MINUTES])
        return cursor.fetchone() is not None


def forget_receipts() -> int:
    """Delete the receipts of answers that would count as new ones by now; return how many those were."""
    earliest = timezone.now() - timedelta(minutes=MINUTES)
    return LeadFormReceipt.objects.filter(received_at__lt=earliest).delete()[0]
