"""Real rows: 91 organizations as people wrote them down."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from crm.models import Change, ExternalReference, SyncRun
from customers.models import Address, Customer

if TYPE_CHECKING:
    from tests.sync.conftest import Erp

pytestmark = pytest.mark.django_db


def known(external_id: str) -> Customer:
    found = Customer.objects.known_as("northwind", external_id).get()
    assert isinstance(found, Customer)
    return found


def test_91_rows_become_organizations_with_a_contact_person_and_an_address_each(northwind: Erp) -> None:
    assert northwind.counts("--resource", "customers") == {"read": 91, "created": 91}
    assert Customer.objects.filter(kind="organization").count() == 91
    assert Customer.objects.filter(kind="person", organization__kind="organization").count() == 91
    assert Address.objects.filter(is_primary=True, country__regex="^[A-Z]{2}$").count() == 91
    assert ExternalReference.objects.filter(system="northwind").count() == 273


def test_a_second_run_finds_91_rows_unchanged_and_touches_none(northwind: Erp) -> None:
    northwind.pull("--resource", "customers")
    before = list(Customer.objects.order_by("pk").values()) + list(Address.objects.order_by("pk").values())
    assert northwind.counts("--resource", "customers") == {"read": 91, "unchanged": 91}
    assert before == list(Customer.objects.order_by("pk").values()) + list(Address.objects.order_by("pk").values())


def test_an_organization_has_what_its_row_says(northwind: Erp) -> None:
    northwind.pull("--resource", "customers")
    found = known("AROUT")
    assert (found.name, found.country, found.fax) == ("Around the Horn", "GB", "(171) 555-6750")
    assert (found.lifecycle, found.source, found.owner, found.team) == ("customer", "Northwind", None, None)
    address = Address.objects.get(customer=found)
    assert (address.street, address.city, address.postal_code) == ("120 Hanover Sq.", "London", "WA1 1DP")


def test_a_contact_person_belongs_to_the_organization(northwind: Erp) -> None:
    northwind.pull("--resource", "customers")
    person = known("GODOS/contact")
    assert (person.given_name, person.family_name, person.job_title) == ("José Pedro", "Freyre", "Sales Manager")
    assert person.organization == known("GODOS")


def test_a_phone_has_its_international_form_where_it_can_be_read(northwind: Erp) -> None:
    northwind.pull("--resource", "customers")
    assert known("BERGS").phone_e164 == "+46921123465"
    assert Customer.objects.filter(kind="organization").exclude(phone_e164="").count() == 48


def test_no_phone_nor_fax_is_lost_where_it_cannot_be_read(northwind: Erp) -> None:
    northwind.pull("--resource", "customers")
    with (northwind.folder / "customers.csv").open(encoding="utf-8") as file:
        written = {(row["CustomerID"], row["Phone"], row["Fax"]) for row in csv.DictReader(file)}
    names = dict(ExternalReference.objects.filter(system="northwind").values_list("object_id", "external_id"))
    kept = Customer.objects.filter(kind="organization").values_list("pk", "phone", "fax")
    assert {(names[pk], phone, fax) for pk, phone, fax in kept} == written


def test_the_files_stay_where_they_are(northwind: Erp) -> None:
    before = {path.name: path.read_bytes() for path in northwind.folder.iterdir()}
    northwind.pull("--resource", "customers")
    assert before == {path.name: path.read_bytes() for path in northwind.folder.iterdir()}


def test_every_change_is_on_the_feed_with_its_run(northwind: Erp) -> None:
    northwind.pull("--resource", "customers")
    changes = Change.objects.filter(action="created")
    assert changes.count() == 273
    run = SyncRun.objects.get()
    assert set(changes.values_list("command", "request_id")) == {(f"erp_pull {run.source}", str(run.pk))}
    known_by = [one["external_references"] for one in changes.values_list("after", flat=True)]
    assert all(len(names) == 1 for names in known_by)
