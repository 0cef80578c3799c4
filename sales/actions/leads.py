"""Verbs on leads."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.custom.definitions import begin
from crm.refused import Refused
from customers.actions import recognise_customer
from customers.models import Customer
from sales.actions.assignment import NoRuleFits, give_by_rules
from sales.actions.opportunities import open_stage
from sales.models import Lead, Opportunity

if TYPE_CHECKING:
    import datetime
    from decimal import Decimal

    from crm.models import Team, User
    from customers.actions import ContactDetails
    from marketing.models import Campaign
    from sales.models import LeadForm, Stage

USUAL_TIME: Final = timedelta(days=30)  # until a new deal should be decided, unless somebody says otherwise


class NotOpen(Refused):
    """The lead is converted or disqualified."""

    text = _("The lead is converted or disqualified.")


class NotDisqualified(Refused):
    """Only a lead that was disqualified is reopened."""

    text = _("Only a lead that was disqualified is reopened.")


class AlreadyConverted(Refused):
    """The lead has become an opportunity; it does so once."""

    text = _("The lead has become an opportunity already.")

    def __init__(self, opportunity: Opportunity) -> None:
        """Take the opportunity that it became."""
        super().__init__(str(opportunity.pk))
        self.opportunity = opportunity


class LeadDetails(TypedDict, total=False):
    """What else may be said of a lead when it is captured."""

    subject: str
    message: str
    source: str
    rating: str
    owner: User | None
    team: Team | None
    tags: list[str]
    form: LeadForm | None
    utm: dict[str, str]
    campaign: Campaign | None


@transaction.atomic
def capture_lead(
    *,
    by: User | None,
    customer: Customer | None = None,
    contact: ContactDetails | None = None,
    **details: Unpack[LeadDetails],
) -> Lead:
    """Note that a customer showed interest: one that is there, or whoever the contact data say, known or new.

    With `by`, the lead is that colleague's and the customer is looked for among those they see; without, as from a web
    form, it is whose the details say, or else the rules, and the customer is looked for among all. Who is new is the
    same colleague's. Raises ValidationError.
    """
    began = timezone.now()
    owner = details.setdefault("owner", by)
    team = details.setdefault("team", by.team if by else None)
    if customer is None:
        if contact is None:
            raise ValidationError({"customer": _("Name a customer, or give contact data.")})
        source = details.get("source", "")
        customer = recognise_customer(contact=contact, by=by, owner=owner, team=team, source=source)
    lead = Lead(customer=customer, **details)
    begin([lead])
    lead.full_clean(exclude=["customer", "owner", "team", "form", "campaign"])
    if by is None and owner is None and team is None:
        give_by_rules(lead=lead)
        _give_along(lead, began)
    lead.save(force_insert=True)
    lead.refresh_from_db(fields=["score", "score_reasons"])
    return lead


def _give_along(lead: Lead, began: datetime.datetime) -> None:
    """Give the customers that came with a lead, and are nobody's, to whoever has the lead."""
    customers = Customer.objects.filter(pk__in=[lead.customer_id, lead.customer.organization_id])
    came = customers.filter(created_at__gte=began, owner__isnull=True, team__isnull=True)
    if lead.owner is not None:
        came.update(owner=lead.owner, team=lead.team, updated_at=timezone.now())


@transaction.atomic
def start_lead(*, lead: Lead) -> Lead:
    """Note that somebody works on a lead; raise NotOpen where there is nothing to do about it."""
    return _set_status(lead, Lead.Status.WORKING)


@transaction.atomic
def qualify_lead(*, lead: Lead) -> Lead:
    """Note that a lead is worth an opportunity; raise NotOpen where it is converted or disqualified."""
    return _set_status(lead, Lead.Status.QUALIFIED)


@transaction.atomic
def disqualify_lead(*, lead: Lead, reason: str, note: str = "") -> Lead:
    """Give up a lead for a reason; raise NotOpen where it is converted or given up already."""
    return _set_status(lead, Lead.Status.DISQUALIFIED, disqualified_reason=reason, disqualified_note=note)


@transaction.atomic
def reopen_lead(*, lead: Lead) -> Lead:
    """Work on a lead again that had been given up; raise NotDisqualified for any other."""
    lead = _locked(lead)
    if lead.status != Lead.Status.DISQUALIFIED:
        raise NotDisqualified(lead.pk)
    return _write(lead, status=Lead.Status.WORKING, disqualified_reason="", disqualified_note="")


@transaction.atomic
def assign_lead(*, lead: Lead, to: User | None) -> Lead:
    """Give a lead to a colleague and their team; to nobody, in the same team, for None."""
    lead = _locked(lead)
    return _write(lead, owner=to, team=to.team if to else lead.team)


@transaction.atomic
def assign_by_rules(*, lead: Lead) -> Lead:
    """Give an open lead to whom the assignment rules name, whoever has it now; raise NotOpen, or NoRuleFits."""
    lead = _locked(lead)
    if not lead.is_open:
        raise NotOpen(lead.pk)
    if not give_by_rules(lead=lead):
        raise NoRuleFits(lead.pk)
    return _write(lead)


class Deal(TypedDict, total=False):
    """What may be said of the opportunity that a lead becomes."""

    name: str
    stage: Stage
    amount: Decimal
    currency: str
    expected_close_on: datetime.date
    owner: User | None


@transaction.atomic
def convert_lead(*, lead: Lead, by: User, **deal: Unpack[Deal]) -> Opportunity:
    """Make an opportunity of a lead, once: whoever comes second gets AlreadyConverted, with the opportunity.

    A person's deal is with their organization, where `by` sees it, and the person is the contact. It is of the lead's
    owner, or else of `by`. Raises NotOpen where the lead was disqualified, NoSuchStage for a stage that is not for open
    deals, ValidationError where a value is not allowed.
    """
    lead = _locked(lead)
    if lead.opportunity is not None:
        raise AlreadyConverted(lead.opportunity)
    if not lead.is_open:
        raise NotOpen(lead.pk)
    if "stage" in deal:
        open_stage(stage=deal["stage"])
    owner = deal.pop("owner", None) or (lead.owner if lead.owner and lead.owner.is_active else by)
    given: dict[str, Any] = {
        "name": str(lead)[:200],
        "expected_close_on": timezone.localdate() + USUAL_TIME,
        "owner": owner,
        "team": lead.team or owner.team,
        **_parties(lead.customer, by),
        **deal,
    }
    opportunity = Opportunity(**given)
    begin([opportunity])
    opportunity.clean()
    opportunity.full_clean(exclude=["customer", "contact", "pipeline", "owner", "team"])
    opportunity.save(force_insert=True)
    _write(lead, status=Lead.Status.CONVERTED, converted_at=timezone.now(), opportunity=opportunity)
    opportunity.refresh_from_db()
    return opportunity


def _parties(customer: Customer, by: User) -> dict[str, Customer]:
    """Return with whom the deal is, and whom to talk to there."""
    if customer.kind != Customer.Kind.PERSON:
        return {"customer": customer}
    organization = Customer.objects.visible_to(by).filter(pk=customer.organization_id).first()
    return {"customer": organization or customer, "contact": customer}


def _locked(lead: Lead) -> Lead:
    """Return a lead under its lock, as it is now."""
    found: Lead = Lead.objects.select_for_update(of=("self",)).get(pk=lead.pk)
    return found


def _set_status(lead: Lead, status: Lead.Status, **values: Any) -> Lead:
    """Bring an open lead to a status; raise NotOpen for another."""
    lead = _locked(lead)
    if not lead.is_open:
        raise NotOpen(lead.pk)
    return _write(lead, status=status, **values)


def _write(lead: Lead, **values: Any) -> Lead:
    """Write values to a locked lead."""
    for name, value in values.items():
        setattr(lead, name, value)
    lead.save(force_update=True)
    return lead
