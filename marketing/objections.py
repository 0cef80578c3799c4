"""Why nothing may be sent to a member of a campaign, as things stand at this moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q

from crm.models import Merge
from customers.models import Consent
from marketing.models import CampaignMember, Suppression, digest_of, spellings

if TYPE_CHECKING:
    from uuid import UUID

    from customers.models import Customer
    from marketing.models import Campaign

Reason = CampaignMember.Reason
# Of one who was merged while a sender had them in hand, nobody knows whether the message left.
NOTHING_LEFT: Final = (CampaignMember.State.QUEUED, CampaignMember.State.SKIPPED)


def objection(campaign: Campaign, member: CampaignMember) -> str:
    """Return why nothing may be sent to a member; empty where it may."""
    customer = member.customer
    if customer.erased_at or not customer.is_active:
        return Reason.INACTIVE
    if not customer.email:
        return Reason.NO_ADDRESS
    consent = consent_of(customer, campaign.purpose_id)
    if consent is None or was_withdrawn_since(customer.email, consent):
        return Reason.NO_CONSENT
    if is_suppressed(customer.email, consent):
        return Reason.SUPPRESSED
    return Reason.SAME_ADDRESS if has_got_it(campaign, member) else ""


def consent_of(customer: Customer, purpose: UUID | None) -> Consent | None:
    """Return the consent by which a customer agrees to a purpose now; None where they do not."""
    newest = Consent.objects.filter(customer=customer, purpose=purpose).newest()
    found: Consent | None = newest.filter(is_granted=True).first()
    return found


def was_withdrawn_since(address: str, consent: Consent) -> bool:
    """Tell whether another customer of the same address took their consent back later: one person may be both."""
    others = Consent.objects.filter(customer__email__in=spellings(address), purpose=consent.purpose_id)
    later = others.filter(is_granted=False, occurred_at__gt=consent.occurred_at)
    return later.newest().exists()


def is_suppressed(address: str, consent: Consent) -> bool:
    """Tell whether nothing may be sent to an address; who unsubscribed and agreed again since may be written to."""
    others = ~Q(reason=Suppression.Reason.UNSUBSCRIBE)
    return Suppression.objects.of(address).filter(others | Q(created_at__gte=consent.occurred_at)).exists()


def has_got_it(campaign: Campaign, member: CampaignMember) -> bool:
    """Tell whether the message went to the address already: to another customer, or to one merged into this one."""
    others = CampaignMember.objects.of(campaign).reached().exclude(pk=member.pk)
    if others.filter(address_digest=digest_of(member.customer.email)).exists():
        return True
    merges = Merge.objects.standing().filter(at__gte=member.created_at)
    into = [member.customer_id, *merges.absorbed([member.customer_id])]
    return any(had_got_it(merge.before, campaign) for merge in merges.filter(winner__in=into).only("before"))


def had_got_it(before: dict[str, Any] | None, campaign: Campaign) -> bool:
    """Tell whether a customer who was merged had got the message, by what the merge kept of them."""
    removed = [one for one in (before or {}).get("removed", []) if one["model"] == CampaignMember.label()]
    rows = [row for one in removed for row in one["rows"] if row["campaign_id"] == str(campaign.pk)]
    return any(row["state"] not in NOTHING_LEFT for row in rows)


def may_track(campaign: Campaign, customer: Customer) -> bool:
    """Tell whether opens and clicks of a customer may be noted."""
    return campaign.tracking_purpose_id is None or consent_of(customer, campaign.tracking_purpose_id) is not None
