"""What becomes of messages once they left: opened, clicked, answered, come back, unwanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext

from crm.models import Merge
from customers.actions import withdraw_consent
from customers.models import Consent, Customer
from marketing.actions.suppressions import suppress_address, suppress_address_of
from marketing.models import CampaignMember, Click, Suppression
from marketing.objections import may_track

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping
    from uuid import UUID

    from customers.actions import Evidence
    from marketing.models import Campaign

State = CampaignMember.State
# How far a message has come: a later word never takes back what an earlier one said more of.
ORDER: Final = (
    *(State.QUEUED, State.SENDING, State.SENT_UNCONFIRMED, State.SENT, State.DELIVERED, State.OPENED),
    *(State.CLICKED, State.REPLIED, State.BOUNCED, State.UNSUBSCRIBED, State.COMPLAINED),
)
TRACKED: Final = (State.OPENED, State.CLICKED)
LONGEST_URL: Final = 500


@transaction.atomic
def note_outcome(*, member: UUID, state: str, at: datetime.datetime | None = None) -> CampaignMember | None:
    """Note that a message was delivered, opened and so on; the first time counts.

    Returns None for an unknown member, and for an opening or a click of one who does not agree to tracking by now.
    """
    found: CampaignMember | None = CampaignMember.objects.select_for_update().filter(pk=member).first()
    if found is None or found.state == State.SKIPPED:
        return None
    if state in TRACKED and (found.customer.erased_at or not may_track(found.campaign, found.customer)):
        return None
    changes: dict[str, Any] = {}
    if getattr(found, f"{state}_at") is None:
        changes[f"{state}_at"] = at or timezone.now()
    if ORDER.index(State(found.state)) < ORDER.index(State(state)) and found.state != State.SENDING:
        changes["state"] = state
    if changes:
        for name, value in changes.items():
            setattr(found, name, value)
        found.save(update_fields=[*changes, "updated_at"])
    return found


@transaction.atomic
def note_click(*, member: UUID, url: str) -> CampaignMember | None:
    """Note that a link was followed; None for an unknown member."""
    found = note_outcome(member=member, state=State.CLICKED)
    if found is None:
        return None
    now = timezone.now()
    plain = url.partition("#")[0].partition("?")[0][:LONGEST_URL]
    key = {"campaign_id": found.campaign_id, "customer_id": found.customer_id, "url": plain}
    if not Click.objects.filter(**key).update(count=F("count") + 1, last_at=now):
        made = Click(**key, first_at=now, last_at=now)
        Click.objects.bulk_create([made], ignore_conflicts=True)
    return found


@transaction.atomic
def note_bounce(*, member: UUID, is_permanent: bool, detail: str = "") -> CampaignMember | None:
    """Note that a message came back; where it will always do so, send nothing more to the address."""
    if not is_permanent:
        rows = CampaignMember.objects.filter(pk=member)
        rows.update(detail=detail[:500], updated_at=timezone.now())
        return rows.first()
    found = note_outcome(member=member, state=State.BOUNCED)
    if found is not None:
        CampaignMember.objects.filter(pk=member).update(detail=detail[:500])
        suppress_address_of(member=found, reason=Suppression.Reason.BOUNCE, detail=detail)
    return found


@transaction.atomic
def note_complaint(*, member: UUID, detail: str = "") -> CampaignMember | None:
    """Note that a message was reported as unwanted: it is as if the customer had unsubscribed, and more."""
    found = note_outcome(member=member, state=State.COMPLAINED)
    if found is not None:
        suppress_address_of(member=found, reason=Suppression.Reason.COMPLAINT, detail=detail)
        said = gettext("Reported as unwanted: %s") % found.campaign
        _withdraw(found.campaign, found.customer, {"evidence": said})
    return found


@transaction.atomic
def unsubscribe(*, campaign: Campaign, customer: Customer, member: UUID, evidence: Evidence) -> None:
    """Take back the customer's consent to the campaign's purpose, with evidence, and suppress the address.

    Done twice, it is done once. Whoever agrees again later gets messages again.
    """
    note_outcome(member=member, state=State.UNSUBSCRIBED)
    suppress_address(address=customer.email, reason=Suppression.Reason.UNSUBSCRIBE, detail=str(campaign))
    Suppression.objects.of(customer.email).filter(reason="unsubscribe").update(created_at=timezone.now())
    _withdraw(campaign, customer, evidence)


@transaction.atomic
def note_unsubscribed(*, member: UUID) -> None:
    """Note that a customer unsubscribed at the provider."""
    found = CampaignMember.objects.select_related("campaign__purpose", "customer").filter(pk=member).first()
    if found is not None:
        said: Evidence = {"evidence": gettext("Unsubscribed at the provider: %s") % found.campaign}
        unsubscribe(campaign=found.campaign, customer=found.customer, member=member, evidence=said)


def recipient_of(*, customer: UUID) -> Customer | None:
    """Return the customer of an id, or whom that customer became part of; None for one who was erased."""
    known = Customer.objects.filter(erased_at__isnull=True)
    found: Customer | None = known.filter(pk=customer).first()
    return found or known.filter(pk=Merge.objects.successor(Customer, customer)).first()


def _withdraw(campaign: Campaign, customer: Customer, evidence: Mapping[str, Any]) -> None:
    """Take back a consent that stands."""
    if campaign.purpose is None:
        return
    newest = Consent.objects.filter(customer=customer, purpose=campaign.purpose).newest()
    if newest.filter(is_granted=True).exists():
        withdraw_consent(customer=customer, purpose=campaign.purpose, source="unsubscribe", by=None, **evidence)
