"""A customer at a glance: who they are, who belongs to them, how they are related, what they agree to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from crm.admin import Panel, add_parts, link_to
from crm.custom.definitions import definitions
from crm.custom.values import words
from customers.admin.countries import country_name
from customers.admin.links import email_link, phone_link, website_link
from customers.consents import standing
from customers.matching import candidates
from customers.models import Consent, Customer, Relationship
from customers.relations import related_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crm.models import User

PEOPLE = 8
RELATED = 8


def page(customer: Customer, name: str) -> str:
    """Return the address of one of the pages of a customer."""
    return reverse(f"admin:customers_customer_{name}", args=(customer.pk,))


@add_parts(10)
def facts_of(customer: Any, user: User) -> Iterable[Panel]:
    """Return who the customer is."""
    if isinstance(customer, Customer):
        yield Panel(customer.get_kind_display().capitalize(), "admin/overview/facts.html", list(facts(customer, user)))


def facts(customer: Customer, user: User) -> Iterator[tuple[str, str]]:
    """Yield what is known, each with its name; nothing of what is not."""
    known = {
        "lifecycle": customer.get_lifecycle_display(),
        "organization": link_to(Customer.objects.visible_to(user).filter(pk=customer.organization_id).first()),
        "job_title": customer.job_title,
        "email": email_link(customer),
        "phone": phone_link(customer),
        "website": website_link(customer),
        "industry": customer.industry,
        "tax_id": customer.tax_id,
        "country": country_name(customer.country),
        "owner": str(customer.owner or ""),
        "team": str(customer.team or ""),
        "source": customer.source,
    }
    for name, value in known.items():
        if value:
            yield str(Customer._meta.get_field(name).verbose_name), value  # type: ignore[union-attr]  # columns
    for name, field in definitions(Customer, user).active.items():
        if name in customer.custom:
            yield field.label, words(field, customer.custom[name])
    for reference in customer.external_references.order_by("system", "external_id"):
        yield reference.system, reference.external_id


@add_parts(40)
def people_of(customer: Any, user: User) -> Iterable[Panel]:
    """Return the people of an organization."""
    if isinstance(customer, Customer) and customer.kind == Customer.Kind.ORGANIZATION:
        people = Customer.objects.visible_to(user).filter(organization=customer.pk).order_by("name", "id")
        link = f"{reverse('admin:customers_customer_changelist')}?organization__id__exact={customer.pk}"
        yield Panel(_("People"), "customers/overview_people.html", list(people[:PEOPLE]), link=link)


@add_parts(50)
def relations_of(customer: Any, user: User) -> Iterable[Panel]:
    """Return how the customer is related to others."""
    if isinstance(customer, Customer) and user.view_level(Relationship) is not None:
        related = related_to(customer, user, RELATED)
        if related:
            yield Panel(_("Relations"), "customers/overview_relations.html", related)


@add_parts(60)
def consent_of(customer: Any, user: User) -> Iterable[Panel]:
    """Return what the customer agrees to."""
    if isinstance(customer, Customer) and user.view_level(Consent) is not None:
        link = page(customer, "consent")
        yield Panel(_("Consent"), "customers/consent_states.html", standing(customer), link=link)


@add_parts(70)
def duplicates_of(customer: Any, user: User) -> Iterable[Panel]:
    """Return who may be the same."""
    if isinstance(customer, Customer) and user.has_perm("customers.delete_customer"):
        found = candidates(customer=customer, user=user)
        if found:
            yield Panel(_("May be the same"), "customers/overview_duplicates.html", found, link=page(customer, "merge"))
