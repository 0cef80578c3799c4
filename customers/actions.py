"""Verbs on customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack, cast

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from crm.custom.definitions import begin
from crm.database.turns import take_turns
from crm.sync.receiving import Rows, bring_up
from crm.sync.registry import Part
from customers.models import Address, Consent, Customer, Duplicate, Interaction, Purpose

if TYPE_CHECKING:
    import datetime
    from collections.abc import Collection, Mapping

    from crm.models import Team, User
    from crm.sync.upsert import Outcome, Upsert
    from customers.models import CustomerQuerySet

ERP_PARTS: Final[Mapping[str, Part]] = {
    "organization": Part(Customer, fixed={"kind": Customer.Kind.ORGANIZATION}),
    "person": Part(Customer, fixed={"kind": Customer.Kind.PERSON}, links={"organization": ("organization",)}),
    "address": Part(Address, links={"customer": ("organization", "person")}),
}


class InteractionDetails(TypedDict, total=False):
    """What else may be said of an interaction."""

    direction: str
    occurred_at: datetime.datetime
    duration: int | None
    body: str


@transaction.atomic
def log_interaction(
    *, customer: Customer, by: User, kind: str, subject: str, **details: Unpack[InteractionDetails]
) -> Interaction:
    """Record a contact with a customer as the work of `by` and their team; `duration` is in seconds.

    Raises ValidationError where a value is not allowed.
    """
    interaction = Interaction(customer=customer, user=by, owner=by, team=by.team, kind=kind, subject=subject, **details)
    begin([interaction])
    interaction.full_clean(exclude=["customer", "user", "owner", "team"])
    interaction.save()
    return interaction


class ContactDetails(TypedDict, total=False):
    """What somebody says of themselves, such as in a form; a name, an e-mail address or a phone number at least."""

    name: str
    given_name: str
    family_name: str
    email: str
    phone: str
    company: str
    country: str
    language: str


@transaction.atomic
def recognise_customer(
    *, contact: ContactDetails, by: User | None, owner: User | None, team: Team | None, source: str = ""
) -> Customer:
    """Return the person whom contact data speak of: one who is known by them, or else a new one, a lead.

    Known is who has the e-mail address, or else the phone number and the name; of several, the one known longest. With
    `by`, they are looked for among those whom that colleague sees. A company that is new is added. Two who say the same
    at once are one person. Raises ValidationError where a value is not allowed.
    """
    said = dict(contact)
    company = str(said.pop("company", "")).strip()
    said["name"] = said.get("name") or (
        "" if said.get("given_name") or said.get("family_name") else said.get("email", "")
    )
    known = {"owner": owner, "team": team, "source": source, "lifecycle": Customer.Lifecycle.LEAD}
    person = Customer(kind=Customer.Kind.PERSON, **known, **said)
    person.full_clean(exclude=["owner", "team", "organization"])
    for key in sorted(filter(None, (person.email, person.phone_e164, company.casefold()))):
        take_turns("recognise_customer", key)
    among = Customer.objects.all() if by is None else Customer.objects.visible_to(by)
    found = among.known_by(person)
    if found is not None:
        return found
    if company:
        person.organization = _organization(company, among, **known)
    _add(person)
    return person


def _organization(name: str, among: CustomerQuerySet, **known: Any) -> Customer:
    """Return the organization of a name; a new one where there is none."""
    organization = Customer(kind=Customer.Kind.ORGANIZATION, name=name, **known)
    organization.full_clean(exclude=["owner", "team"])
    return among.named_as(organization).order_by("id").first() or _add(organization)


def _add(customer: Customer) -> Customer:
    """Save a new customer with the first values of the custom fields."""
    begin([customer])
    customer.save(force_insert=True)
    return customer


class Evidence(TypedDict, total=False):
    """What proves a consent or its withdrawal."""

    occurred_at: datetime.datetime
    evidence: str
    ip_address: str
    user_agent: str


@transaction.atomic
def grant_consent(
    *, customer: Customer, purpose: Purpose, source: str, by: User | None, **evidence: Unpack[Evidence]
) -> Consent:
    """Record that a customer agreed to a purpose; `by` is who wrote it down, None where the customer did.

    Raises ValidationError where a value is not allowed.
    """
    return _record_consent(customer, purpose, is_granted=True, source=source, recorded_by=by, **evidence)


@transaction.atomic
def withdraw_consent(
    *, customer: Customer, purpose: Purpose, source: str, by: User | None, **evidence: Unpack[Evidence]
) -> Consent:
    """Record that a customer does not agree, or no longer does; otherwise as `grant_consent`."""
    return _record_consent(customer, purpose, is_granted=False, source=source, recorded_by=by, **evidence)


@transaction.atomic
def set_preferences(*, customer: Customer, wanted: Collection[str], **evidence: Unpack[Evidence]) -> list[Consent]:
    """Record what a customer chose on the preferences page: of the active purposes those named, and no other.

    Only what differs from what the customer said before is recorded.
    """
    Customer.objects.select_for_update().get(pk=customer.pk)
    newest = Consent.objects.of([customer]).newest()
    granted = set(newest.filter(is_granted=True).values_list("purpose", flat=True))
    recorded = []
    for purpose in Purpose.objects.filter(is_active=True).order_by("name"):
        if (purpose.name in wanted) != (purpose.pk in granted):
            verb = grant_consent if purpose.name in wanted else withdraw_consent
            said = cast("Evidence", {"evidence": purpose.wording, **evidence})
            recorded.append(verb(customer=customer, purpose=purpose, source="preferences", by=None, **said))
    return recorded


@transaction.atomic
def revoke_preferences_links(*, customer: Customer) -> None:
    """Let no link to the customer's pages (preferences, tickets) that was given out so far work any more.

    Those to unsubscribe go on as far as the law wants, but lead to nothing of the customer's.
    """
    Customer.objects.filter(pk=customer.pk).update(preferences_version=F("preferences_version") + 1)
    customer.refresh_from_db(fields=["preferences_version"])


def _record_consent(customer: Customer, purpose: Purpose, **said: Any) -> Consent:
    """Write a row of the history of consent, the work of whoever wrote it down."""
    by = said["recorded_by"]
    consent = Consent(customer=customer, purpose=purpose, owner=by, team=by.team if by else customer.team, **said)
    consent.full_clean(exclude=["customer", "purpose", "owner", "team", "recorded_by"])
    consent.save(force_insert=True)
    return consent


@transaction.atomic
def dismiss_duplicate(*, duplicate: Duplicate, by: User) -> None:
    """Note that `by` knows two customers to be two; who said so first is remembered."""
    standing = Duplicate.objects.standing().filter(pk=duplicate.pk)
    standing.update(dismissed_at=timezone.now(), dismissed_by=by)


def upsert_customers(**given: Unpack[Rows]) -> list[Outcome]:
    """Bring organizations, people and addresses up to what an ERP says, and say what became of each row."""
    return bring_up(ERP_PARTS, given, _leave_primary_addresses)


def _leave_primary_addresses(upsert: Upsert) -> None:
    """Let a customer keep the primary address that colleagues chose before the ERP named one."""
    targets = [target for target in upsert.of_part("address") if target.is_new or "is_primary" in target.changes]
    addresses = {target.pk: cast("Address", target.record) for target in targets}
    targets = [target for target in targets if addresses[target.pk].is_primary]
    chosen = Address.objects.filter(
        customer__in={address.customer_id for address in addresses.values()}, is_primary=True
    ).exclude(pk__in=addresses)
    taken = set(chosen.values_list("customer_id", flat=True)) if addresses else set()
    for target in targets:
        address = addresses[target.pk]
        if address.customer_id in taken:
            address.is_primary = False
            target.changes.pop("is_primary", None)
        taken.add(address.customer_id)
