"""Links to the preferences page: whose they are, also when customers become one, and when they end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.merging.actions import merge_records, undo_merge
from crm.models import Change
from crm.privacy.actions import erase_person
from customers.actions import grant_consent, revoke_preferences_links
from customers.models import Consent, Customer, Purpose
from customers.preferences import revoked_since
from tests.customers.test_preferences import customer, path, purposes
from tests.samples import make

pytestmark = pytest.mark.django_db
__all__ = ["customer", "purposes"]


def test_the_link_of_who_was_merged_still_withdraws(customer: Customer, purposes: Any, integration: Any) -> None:
    winner = make(Customer, name="Ada King")
    grant_consent(customer=customer, purpose=purposes[0], source="form", by=None)
    address = path(customer)
    merge_records(winner=winner, loser=customer, by=integration)
    assert Client().post(address, {"withdraw": "all"}).status_code == 302
    assert list(Consent.objects.of([winner]).newest().values_list("is_granted", flat=True)) == [False]


def test_a_revoked_link_of_who_was_merged_stays_revoked(customer: Customer, integration: Any) -> None:
    revoked = path(customer)
    revoke_preferences_links(customer=customer)
    merge_records(winner=make(Customer, name="Ada King"), loser=customer, by=integration)
    assert Client().get(revoked).status_code == 404
    assert Client().get(path(customer)).status_code == 200


def test_links_of_all_that_became_one_end_together(customer: Customer, integration: Any) -> None:
    between, winner = make(Customer, name="Ada Byron"), make(Customer, name="Ada King")
    address, other = path(customer), path(between)
    merge_records(winner=between, loser=customer, by=integration)
    merge_records(winner=winner, loser=between, by=integration)
    assert [Client().get(one).status_code for one in (address, other)] == [200, 200]
    revoke_preferences_links(customer=winner)
    assert [Client().get(one).status_code for one in (address, other)] == [404, 404]


def test_links_revoked_on_the_way_stay_revoked(customer: Customer, integration: Any) -> None:
    between, winner = make(Customer, name="Ada Byron"), make(Customer, name="Ada King")
    address = path(customer)
    merge_records(winner=between, loser=customer, by=integration)
    revoke_preferences_links(customer=between)
    merge_records(winner=winner, loser=between, by=integration)
    assert Client().get(address).status_code == 404


def test_a_link_leads_to_its_own_customer_and_to_no_other(purposes: list[Purpose]) -> None:
    ones = [make(Customer, email=f"{name}@{name}.example") for name in ("ada", "bob", "cid")]
    for one in ones:
        assert f"{one.email[0]}•••@{one.email[0]}•••.example" in Client().get(path(one)).content.decode()
    Client().post(path(ones[1]), {"purpose": "sms"})
    assert Consent.objects.get().customer == ones[1]


def test_what_was_revoked_before_a_merge_ends_no_link_of_the_other(customer: Customer, integration: Any) -> None:
    between, winner = make(Customer, name="Ada Byron"), make(Customer, name="Ada King")
    for one in (between, winner, winner):
        revoke_preferences_links(customer=one)
    addresses = [path(one) for one in (customer, between, winner)]
    merge_records(winner=between, loser=customer, by=integration)
    merge_records(winner=winner, loser=between, by=integration)
    revoke_preferences_links(customer=make(Customer))
    Customer.objects.filter(pk=winner.pk).update(name="Ada, Countess of Lovelace")
    assert [Client().get(one).status_code for one in addresses] == [200, 200, 200]


def test_no_later_merge_of_others_brings_a_revoked_link_back(customer: Customer, integration: Any) -> None:
    address, winner = path(customer), make(Customer, name="Ada King")
    merge_records(winner=winner, loser=customer, by=integration)
    revoke_preferences_links(customer=winner)
    merge_records(winner=make(Customer), loser=make(Customer), by=integration)
    assert Client().get(address).status_code == 404


def test_a_link_ends_with_what_the_feed_knows_of_the_merge(customer: Customer, integration: Any) -> None:
    address = path(customer)
    merge_records(winner=make(Customer, name="Ada King"), loser=customer, by=integration)
    Change.objects.filter(record=customer.pk).delete()
    assert Client().get(address).status_code == 404


def test_a_link_leads_to_who_the_customer_is_after_a_merge_is_undone(customer: Customer, integration: Any) -> None:
    address, winner = path(customer), make(Customer, name="Ada King")
    merge = merge_records(winner=winner, loser=customer, by=integration)
    undo_merge(merge=merge, model=Customer)
    Client().post(address, {"purpose": "sms"})
    assert Consent.objects.get().customer_id == customer.pk
    erase_person(customer=customer, by=integration, reason="Asked for it.")
    assert Client().get(address).status_code == 404


def test_a_link_of_who_became_part_of_somebody_erased_leads_nowhere(customer: Customer, integration: Any) -> None:
    address, winner = path(customer), make(Customer, name="Ada King")
    merge_records(winner=winner, loser=customer, by=integration)
    erase_person(customer=winner, by=integration, reason="Asked for it.")
    assert Client().post(address, {"purpose": "sms"}).status_code == 404
    assert not Consent.objects.exists()


def test_links_were_revoked_after_a_moment_and_of_this_customer(customer: Customer) -> None:
    Customer.objects.filter(pk=customer.pk).update(name="Ada King")
    before, other = timezone.now(), make(Customer)
    assert not revoked_since(customer.pk, before - timedelta(days=1))
    revoke_preferences_links(customer=customer)
    at = Change.objects.filter(record=customer.pk).latest("sequence").at
    told = [revoked_since(customer.pk, one) for one in (before, at - timedelta(microseconds=1), at, timezone.now())]
    assert (told, revoked_since(other.pk, before)) == ([True, True, False, False], False)


@pytest.mark.parametrize(
    ("revoked", "status"), [("winner", 404), ("loser", 404), ("other", 200), ("", 200), ("forgotten", 404)]
)
def test_links_revoked_while_two_were_one_stay_revoked(
    customer: Customer, integration: Any, revoked: str, status: int
) -> None:
    address, ones = path(customer), {"loser": customer, "winner": make(Customer), "other": make(Customer)}
    for one in (ones["loser"],) if revoked == "loser" else (ones["winner"], ones["other"]):
        revoke_preferences_links(customer=one)
    merge = merge_records(winner=ones["winner"], loser=customer, by=integration)
    if revoked in {"winner", "other"}:
        revoke_preferences_links(customer=ones[revoked])
    if revoked == "forgotten":
        Change.objects.filter(record=customer.pk).delete()
    undo_merge(merge=merge, model=Customer)
    assert Client().get(address).status_code == status
    assert Client().get(path(Customer.objects.get(pk=customer.pk))).status_code == 200
    assert Client().get(path(Customer.objects.get(pk=ones["winner"].pk))).status_code == 200


def test_links_revoked_further_on_end_those_of_all_that_come_back(customer: Customer, integration: Any) -> None:
    between, winner = make(Customer, name="Ada Byron"), make(Customer, name="Ada King")
    addresses = [path(customer), path(between)]
    merge_records(winner=between, loser=customer, by=integration)
    merge = merge_records(winner=winner, loser=between, by=integration)
    revoke_preferences_links(customer=winner)
    undo_merge(merge=merge, model=Customer)
    assert [Client().get(one).status_code for one in addresses] == [404, 404]


@pytest.mark.parametrize(
    ("is_erased", "only"),
    [(False, {}), (False, {"only": ["preferences_version"]}), (True, {}), (True, {"only": ["erased_at"]})],
)
def test_taking_a_change_back_neither_renews_links_nor_undoes_an_erasure(
    api_client: Any, integration: Any, customer: Customer, is_erased: Any, only: Any
) -> None:
    client = api_client(integration, "customers:read", "customers:write", "changes:read")
    revoked = path(customer)
    revoke_preferences_links(customer=customer)
    if is_erased:
        erase_person(customer=customer, by=integration, reason="Asked for it.")
    (before,) = Customer.objects.values()
    last = client.get(f"/api/v1/customers/{customer.pk}/history").json()["results"][0]
    answer = client.post(f"/api/v1/customers/{customer.pk}/restore", {"change": last["id"], **only})
    assert (answer.status_code, Client().get(revoked).status_code) == (422, 404)
    assert Customer.objects.values().get() == before
