"""A lead becomes an opportunity: once, whoever asks and however many do."""

from __future__ import annotations

import datetime
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone

from customers.models import Customer
from sales.actions import AlreadyConverted, NoSuchStage, NotOpen, convert_lead, disqualify_lead
from sales.models import Lead, Opportunity
from tests.clients import JSONClient
from tests.sales.stages import stage
from tests.samples import make

if TYPE_CHECKING:
    from crm.models import User


def lead_of(seller: User, **values: Any) -> Lead:
    lead: Lead = make(Lead, owner=seller, team=seller.team, **values)
    return lead


def test_a_lead_becomes_an_opportunity_with_its_customer(client: Any, seller: User) -> None:
    lead = lead_of(seller, subject="Ten desks")
    answer = client.post(f"/api/v1/leads/{lead.pk}/convert", {"amount": "1200.00"})
    assert answer.status_code == 201, answer.content
    deal = answer.json()
    assert answer.headers["Location"].endswith(f"/api/v1/opportunities/{deal['id']}")
    assert (deal["name"], deal["amount"], deal["status"]) == ("Ten desks", "1200.00", "open")
    assert (deal["customer"], deal["stage"]) == (str(lead.customer_id), str(stage("Qualification").pk))
    assert deal["expected_close_on"] == str(timezone.localdate() + datetime.timedelta(days=30))
    lead.refresh_from_db()
    assert (lead.status, str(lead.opportunity_id)) == ("converted", deal["id"])
    assert Customer.objects.get(pk=lead.customer_id).lifecycle == "prospect"


def test_the_deal_of_a_person_is_with_their_organization(seller: User) -> None:
    people: dict[str, Any] = {"owner": seller, "team": seller.team}
    company = make(Customer, kind="organization", **people)
    person = make(Customer, kind="person", organization=company, **people)
    deal = convert_lead(lead=lead_of(seller, customer=person), by=seller)
    assert (deal.customer, deal.contact) == (company, person)
    assert set(Customer.objects.values_list("lifecycle", flat=True)) == {"prospect"}


def test_an_organization_out_of_sight_is_left_out(seller: User) -> None:
    person = make(Customer, organization=make(Customer, kind="organization"), owner=seller)
    deal = convert_lead(lead=lead_of(seller, customer=person), by=seller)
    assert (deal.customer, deal.contact) == (person, person)


def test_a_lead_converts_only_once(client: Any, seller: User) -> None:
    lead = lead_of(seller)
    first = client.post(f"/api/v1/leads/{lead.pk}/convert").json()
    second = client.post(f"/api/v1/leads/{lead.pk}/convert")
    assert second.status_code == 409
    assert second.json()["errors"][0]["id"] == first["id"]
    assert Opportunity.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_requests_at_once_make_one_opportunity(token_for: Any, seller: User) -> None:
    lead = lead_of(seller)
    token, start = token_for(seller, "sales:read", "sales:write"), Barrier(20)

    def convert(_number: int) -> int:
        client = JSONClient(headers={"Authorization": f"Bearer {token}"})
        start.wait()
        try:
            return int(client.post(f"/api/v1/leads/{lead.pk}/convert", {"amount": "10.00"}).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(convert, range(20)))
    assert sorted(codes) == [201, *[409] * 19]
    assert Opportunity.objects.get().amount == Decimal("10.00")


def test_a_lead_that_was_given_up_is_not_converted(seller: User) -> None:
    lead = disqualify_lead(lead=lead_of(seller), reason="spam")
    with pytest.raises(NotOpen):
        convert_lead(lead=lead, by=seller)
    lead.refresh_from_db()
    assert (lead.status, Opportunity.objects.count()) == ("disqualified", 0)


def test_a_deal_does_not_begin_where_deals_end(seller: User) -> None:
    lead = lead_of(seller)
    with pytest.raises(NoSuchStage):
        convert_lead(lead=lead, by=seller, stage=stage("Won"))
    lead.refresh_from_db()
    assert (lead.status, Opportunity.objects.count()) == ("new", 0)


def test_who_comes_second_is_told_the_opportunity(seller: User) -> None:
    lead = lead_of(seller)
    deal = convert_lead(lead=lead, by=seller)
    with pytest.raises(AlreadyConverted) as refusal:
        convert_lead(lead=lead, by=seller)
    assert refusal.value.opportunity == deal


def test_a_lead_out_of_sight_does_not_exist(client: Any) -> None:
    lead = make(Lead)
    for verb in ("convert", "start", "qualify", "reopen"):
        assert client.post(f"/api/v1/leads/{lead.pk}/{verb}").status_code == 404
    assert Opportunity.objects.count() == 0


@pytest.mark.parametrize(
    "body", [{"amount": "-1"}, {"currency": "EURO"}, {"currency": "ABC"}, {"stage": "x"}, {"more": 1}, {"name": ""}]
)
def test_a_deal_that_cannot_be_is_not_made(client: Any, seller: User, body: dict[str, Any]) -> None:
    lead = lead_of(seller)
    assert client.post(f"/api/v1/leads/{lead.pk}/convert", body).status_code in {400, 422}
    assert (Lead.objects.get().status, Opportunity.objects.count()) == ("new", 0)


def test_a_converted_lead_stays_so_whatever_is_taken_back(client: Any, seller: User) -> None:
    lead = lead_of(seller)
    client.post(f"/api/v1/leads/{lead.pk}/convert", {})
    change = client.get(f"/api/v1/leads/{lead.pk}/history").json()["results"][0]
    assert change["after"]["status"] == "converted"
    answer = client.post(f"/api/v1/leads/{lead.pk}/restore", {"change": change["id"]})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "lead_converted_or_not")
    lead.refresh_from_db()
    assert lead.status == "converted"
