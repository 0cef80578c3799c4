"""Deals: how they move, are won, lost and opened again, and what the database writes of it."""

from __future__ import annotations

import datetime
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from crm.models import Change, User
from customers.models import Customer
from sales.actions import move_opportunity, win_opportunity
from sales.models import Lead, LossReason, Opportunity, Pipeline, Stage, StageChange
from tests.sales.stages import reason, stage
from tests.samples import make


def did(client: Any, deal: Opportunity, verb: str, **body: Any) -> tuple[int, str]:
    """Do something to a deal over the API, and return the answer and how the deal stands then."""
    answer = client.post(f"/api/v1/opportunities/{deal.pk}/{verb}", body)
    deal.refresh_from_db()
    return answer.status_code, f"{deal.stage} {deal.status}"


def moves(deal: Opportunity) -> list[tuple[str, str]]:
    """Return the way of a deal through the stages."""
    changes = StageChange.objects.filter(opportunity=deal).order_by("changed_at")
    return [(one.from_stage.name, one.to_stage.name) for one in changes]


def test_a_deal_moves_is_won_and_opened_again_where_it_was(client: Any, deal: Opportunity) -> None:
    assert did(client, deal, "move", stage=str(stage("Proposal").pk)) == (200, "Proposal open")
    assert did(client, deal, "win") == (200, "Won won")
    assert (deal.closed_at is not None, deal.forecast_category) == (True, "closed")
    assert deal.customer.lifecycle == "customer"
    assert did(client, deal, "reopen") == (200, "Proposal open")
    assert (deal.closed_at, deal.forecast_category) == (None, "pipeline")
    assert moves(deal) == [("Qualification", "Proposal"), ("Proposal", "Won"), ("Won", "Proposal")]


def test_a_deal_is_lost_for_a_reason(client: Any, deal: Opportunity) -> None:
    assert did(client, deal, "lose") == (400, "Qualification open")
    assert did(client, deal, "lose", reason=str(reason().pk), note="Too dear") == (200, "Lost lost")
    assert (deal.lost_reason, deal.lost_note, deal.forecast_category) == (reason(), "Too dear", "omitted")
    assert did(client, deal, "reopen") == (200, "Qualification open")
    assert (deal.lost_reason, deal.lost_note, deal.forecast_category) == (None, "", "pipeline")


def test_what_is_closed_stays_closed_until_it_is_reopened(client: Any, deal: Opportunity) -> None:
    assert did(client, deal, "reopen") == (409, "Qualification open")
    did(client, deal, "win")
    assert did(client, deal, "win") == (409, "Won won")
    assert did(client, deal, "lose", reason=str(reason().pk)) == (409, "Won won")
    assert did(client, deal, "move", stage=str(stage("Proposal").pk)) == (409, "Won won")
    assert StageChange.objects.count() == 1


def test_a_verb_leads_to_stages_of_its_kind_only(client: Any, deal: Opportunity) -> None:
    assert did(client, deal, "move", stage=str(stage("Won").pk)) == (422, "Qualification open")
    assert did(client, deal, "win", stage=str(stage("Lost").pk)) == (422, "Qualification open")
    Stage.objects.filter(kind="won").delete()
    assert did(client, deal, "win") == (422, "Qualification open")
    assert StageChange.objects.count() == 0


def test_a_reason_out_of_use_is_refused(client: Any, deal: Opportunity) -> None:
    LossReason.objects.update(is_active=False)
    assert did(client, deal, "lose", reason=str(reason().pk)) == (422, "Qualification open")


@pytest.mark.django_db(transaction=True)
def test_a_move_says_who_moved_and_how_long_the_deal_had_stayed(client: Any, seller: User, deal: Opportunity) -> None:
    since = timezone.now() - datetime.timedelta(days=2)
    Opportunity.objects.filter(pk=deal.pk).update(stage_since=since)
    did(client, deal, "move", stage=str(stage("Proposal").pk))
    change = StageChange.objects.get()
    assert (change.changed_by, change.owner, change.team) == (seller, seller, seller.team)
    assert abs(change.seconds - 2 * 86400) < 60
    assert change.changed_at == deal.stage_since
    assert Change.objects.filter(model="sales.stagechange", customer=deal.customer_id).count() == 1


def test_a_stage_that_is_patched_moves_the_deal_too(client: Any, deal: Opportunity) -> None:
    address = f"/api/v1/opportunities/{deal.pk}"
    answer = client.patch(address, {"stage": str(stage("Won").pk)}).json()
    assert (answer["status"], answer["forecast_category"]) == ("won", "closed")
    assert client.patch(address, {"stage": str(stage("Proposal").pk)}).status_code == 422
    deal.refresh_from_db()
    assert (deal.status, deal.customer.lifecycle) == ("won", "customer")
    assert moves(deal) == [("Qualification", "Won")]


def test_a_batch_moves_deals_too(client: Any, deal: Opportunity) -> None:
    items = [{"operation": "update", "id": str(deal.pk), "data": {"stage": str(stage("Negotiation").pk)}}]
    answer = client.post("/api/v1/opportunities/batch", {"items": items})
    assert [one["status"] for one in answer.json()["results"]] == [200]
    assert moves(deal) == [("Qualification", "Negotiation")]


def test_sql_moves_deals_too(deal: Opportunity) -> None:
    Opportunity.objects.filter(pk=deal.pk).update(stage=stage("Won"))
    deal.refresh_from_db()
    assert (deal.status, deal.closed_at is not None) == ("won", True)
    assert moves(deal) == [("Qualification", "Won")]


@pytest.mark.parametrize(
    "body",
    [
        {"stage": "Lost"},
        {"lost_reason": "Price"},
        {"lost_note": "Too dear"},
        {"forecast_category": "closed"},
        {"stage": "Lost", "lost_reason": None},
        {"amount": "-1.00"},
        {"probability": 101},
        {"currency": "ABC"},
        {"status": "won"},
        {"pipeline": None},
    ],
)
def test_what_a_deal_cannot_be_is_refused(client: Any, deal: Opportunity, body: dict[str, Any]) -> None:
    known = {"Lost": str(stage("Lost").pk), "Price": str(reason().pk)}
    data = {name: known.get(value, value) if isinstance(value, str) else value for name, value in body.items()}
    before = Opportunity.objects.values().get(pk=deal.pk)
    assert client.patch(f"/api/v1/opportunities/{deal.pk}", data).status_code in {400, 422}
    assert Opportunity.objects.values().get(pk=deal.pk) == before


def test_a_new_deal_begins_in_the_first_stage(client: Any, deal: Opportunity) -> None:
    body = {"customer": str(deal.customer_id), "name": "Chairs", "expected_close_on": "2026-12-31"}
    answer = client.post("/api/v1/opportunities", body)
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["stage"], made["currency"], made["amount"]) == (str(stage("Qualification").pk), "EUR", "0.00")
    assert made["pipeline"] == str(Pipeline.objects.get(is_default=True).pk)


def test_an_organization_is_no_contact(client: Any, deal: Opportunity, seller: User) -> None:
    from customers.models import Customer

    company = make(Customer, kind="organization", owner=seller)
    answer = client.patch(f"/api/v1/opportunities/{deal.pk}", {"contact": str(company.pk)})
    assert (answer.status_code, Opportunity.objects.get().contact) == (422, None)


def test_a_deal_that_is_restored_has_its_way_again(
    client: Any, deal: Opportunity, api_client: Any, integration: Any
) -> None:
    move_opportunity(opportunity=deal, stage=stage("Proposal"))
    program = api_client(integration, "sales:read", "sales:write")
    address = f"/api/v1/opportunities/{deal.pk}"
    assert program.delete(address).status_code == 204
    assert program.post(f"{address}/restore").status_code == 201
    assert moves(deal) == [("Qualification", "Proposal")]


def test_taking_a_move_back_is_a_move(client: Any, deal: Opportunity) -> None:
    did(client, deal, "win")
    (change, *_others) = client.get(f"/api/v1/opportunities/{deal.pk}/history").json()["results"]
    answer = client.post(f"/api/v1/opportunities/{deal.pk}/restore", {"change": change["id"]})
    assert answer.status_code == 200, answer.content
    assert answer.json()["status"] == "open"
    assert moves(deal) == [("Qualification", "Won"), ("Won", "Qualification")]


def test_the_database_refuses_a_loss_without_a_reason(deal: Opportunity) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Opportunity.objects.filter(pk=deal.pk).update(stage=stage("Lost"))
    assert Opportunity.objects.get().status == "open"


def test_a_deal_is_stale_when_its_stage_says_so(deal: Opportunity) -> None:
    assert not Opportunity.objects.stale().exists()
    Opportunity.objects.update(stage_since=timezone.now() - datetime.timedelta(days=15))
    assert Opportunity.objects.stale().get() == deal
    win_opportunity(opportunity=deal)
    assert not Opportunity.objects.stale().exists()


def test_likelihood_is_the_stages_unless_a_colleague_knows_better(deal: Opportunity) -> None:
    assert Opportunity.objects.with_likelihood().get().likelihood == 10
    Opportunity.objects.update(probability=80, amount=Decimal(100))
    assert Opportunity.objects.with_likelihood().get().likelihood == 80


def test_a_deal_of_others_does_not_exist(client: Any) -> None:
    other = make(Opportunity)
    for verb in ("win", "reopen"):
        assert did(client, other, verb)[0] == 404
    assert client.get("/api/v1/opportunities").json()["results"] == []
    assert StageChange.objects.count() == 0


def test_without_a_stage_to_begin_in_a_deal_names_one(client: Any, deal: Opportunity) -> None:
    Pipeline.objects.update(is_default=False)
    body = {"customer": str(deal.customer_id), "expected_close_on": "2026-03-02", "name": "Ten desks"}
    answer = client.post("/api/v1/opportunities", body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/stage")
    lead = make(Lead, owner=deal.owner)
    answer = client.post(f"/api/v1/leads/{lead.pk}/convert", {})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/stage")
    assert client.post("/api/v1/opportunities", {**body, "stage": str(deal.stage_id)}).status_code == 201


def test_a_pipeline_out_of_use_takes_no_new_deals_and_keeps_its_own(client: Any, deal: Opportunity) -> None:
    closed = make(Stage, pipeline=make(Pipeline, is_active=False))
    assert did(client, deal, "move", stage=str(closed.pk)) == (409, "Qualification open")
    body = {"customer": str(deal.customer_id), "expected_close_on": "2026-03-02", "name": "A", "stage": str(closed.pk)}
    answer = client.post("/api/v1/opportunities", body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "inactive_pipeline")
    Pipeline.objects.filter(pk=closed.pipeline_id).update(is_active=True)
    key = client.post("/api/v1/opportunities", body).json()["id"]
    Pipeline.objects.filter(pk=closed.pipeline_id).update(is_active=False)
    assert client.patch(f"/api/v1/opportunities/{key}", {"name": "B"}).status_code == 200


def test_a_whole_new_version_of_a_won_deal_stays_won(client: Any, deal: Opportunity) -> None:
    did(client, deal, "win")
    body = {"customer": str(deal.customer_id), "expected_close_on": "2026-03-02", "name": "Twelve desks"}
    answer = client.put(f"/api/v1/opportunities/{deal.pk}", body)
    assert (answer.status_code, answer.json()["forecast_category"]) == (200, "closed")


def test_who_takes_over_a_deal_takes_over_what_follows_from_it(client: Any, deal: Opportunity) -> None:
    did(client, deal, "win")
    other = make(Customer, lifecycle="lead")
    Opportunity.objects.filter(pk=deal.pk).update(customer=other)
    other.refresh_from_db()
    assert other.lifecycle == "customer"


@pytest.mark.django_db(transaction=True)
def test_a_stage_does_not_change_its_kind_while_a_deal_comes_to_it(deal: Opportunity) -> None:
    new = make(Stage, pipeline=deal.pipeline)

    def close() -> None:
        with suppress(IntegrityError):
            Stage.objects.filter(pk=new.pk).update(kind="won", probability=100)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Opportunity.objects.filter(pk=deal.pk).update(stage=new)
            later = pool.submit(close)
            time.sleep(0.3)
        later.result()
    new.refresh_from_db()
    assert new.kind == "open"
