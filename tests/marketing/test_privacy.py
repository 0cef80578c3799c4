"""Whoever is erased stands in no segment's conditions any more, and nobody else is in it for that."""

from __future__ import annotations

from typing import Any

import pytest

from crm.models import Change
from crm.privacy.actions import erase_person
from customers.models import Customer
from marketing.models import Segment
from tests.samples import make

pytestmark = pytest.mark.django_db


def test_an_address_in_conditions_is_erased_with_its_customer(integration: Any) -> None:
    marta, bob = (make(Customer, name=name, email=f"{name.lower()}@unusual.example") for name in ("Marta", "Bob"))
    wanted = {"any": [{"email": marta.email}, {"email__in": f"{bob.email},{marta.email}"}]}
    both, other = make(Segment, conditions=wanted), make(Segment, conditions={"email": bob.email}, name="Bob alone")
    Segment.objects.filter(pk=both.pk).update(description="The two")
    assert set(both.customers()) == {marta, bob}
    erase_person(customer=marta, by=integration, reason="Asked for it.")
    both.refresh_from_db()
    other.refresh_from_db()
    assert both.conditions == {"any": [{"email": "Erased"}, {"email__in": bob.email}]}
    assert (both.description, set(both.customers()), both.fault) == ("The two", {bob}, "")
    assert (other.name, other.conditions) == ("Bob alone", {"email": bob.email})
    told = Change.objects.filter(model="marketing.segment", record=both.pk)
    assert told.count() >= 3
    assert not [one for one in told if "marta@" in f"{one.before} {one.after}"]
