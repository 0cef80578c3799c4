"""Whoever adds a model says what it holds about people, unless that follows from what it is."""

from __future__ import annotations

from django.apps import apps

from crm.merging.references import references_to
from crm.models import Record
from crm.privacy import holdings
from crm.privacy.person import belongs
from customers.models import Customer

OURS = ("crm", "customers", "marketing", "sales", "service")


def reached() -> set[type]:
    """Return the kinds of records that an erasure finds by itself."""
    found: set[type] = {Customer}
    added: set[type] = {one.model for one in references_to(Customer) if issubclass(one.model, Record)}
    while added - found:
        found |= added
        parts = [one for kind in added for one in references_to(kind)]
        added = {one.model for one in parts if belongs(one) and issubclass(one.model, Record)}
    return found


def test_every_model_is_erased_cleaned_or_declared_to_hold_nobody() -> None:
    known = reached() | {one.model for one in holdings.registered()} | {*holdings.traces(), *holdings.harmless()}
    models = {model for model in apps.get_models() if model._meta.app_label in OURS}
    assert sorted(model._meta.label for model in models - known) == []


def test_what_is_declared_to_hold_nobody_does_not_name_customers() -> None:
    naming = {one.model for one in references_to(Customer)}
    assert naming.isdisjoint(holdings.harmless())


def test_the_reasons_are_given() -> None:
    assert all(holdings.harmless().values())
