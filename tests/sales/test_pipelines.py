"""Pipelines, stages and loss reasons: what managers set up, and what stays as it is once deals are in it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from sales.models import LossReason, Opportunity, Pipeline, Stage
from tests.sales.stages import stage


@pytest.fixture
def manager(api_client: Any, make_user: Any) -> Any:
    return api_client(make_user("Sales manager"), "sales:read", "sales:write")


def test_an_installation_begins_with_a_pipeline(client: Any) -> None:
    (pipeline,) = client.get("/api/v1/pipelines", {"expand": "stages"}).json()["results"]
    names = ["Qualification", "Needs analysis", "Proposal", "Negotiation", "Won", "Lost"]
    assert (pipeline["is_default"], [one["name"] for one in pipeline["stages"]]) == (True, names)
    listed = client.get("/api/v1/stages", {"pipeline": pipeline["id"], "ordering": "order"}).json()["results"]
    assert [one["probability"] for one in listed] == [10, 25, 50, 75, 100, 0]
    assert client.get("/api/v1/loss-reasons", {"name": "Price"}).json()["results"][0]["is_active"]


def test_a_manager_adds_a_pipeline_with_stages(manager: Any) -> None:
    pipeline = manager.post("/api/v1/pipelines", {"name": "Partners"}).json()
    assert Pipeline.objects.get(name="Partners").problems() != []
    for name, kind in (("Talk", "open"), ("Signed", "won"), ("Gone", "lost")):
        body = {"pipeline": pipeline["id"], "name": name, "kind": kind}
        answer = manager.post("/api/v1/stages", body)
        assert answer.status_code == 201, answer.content
    assert Stage.objects.get(name="Signed").probability == 100
    assert Pipeline.objects.get(name="Partners").problems() == []


@pytest.mark.parametrize("name", ["pipelines", "stages", "loss-reasons"])
def test_a_seller_sets_nothing_up(client: Any, name: str) -> None:
    assert client.post(f"/api/v1/{name}", {"name": "Mine"}).status_code == 403
    (first, *_others) = client.get(f"/api/v1/{name}").json()["results"]
    assert client.patch(f"/api/v1/{name}/{first['id']}", {"name": "Mine"}).status_code == 403
    assert client.delete(f"/api/v1/{name}/{first['id']}").status_code == 403
    assert client.get(f"/api/v1/{name}/{first['id']}").json() == first


def test_a_stage_with_deals_keeps_its_kind(manager: Any, deal: Opportunity) -> None:
    address = f"/api/v1/stages/{deal.stage_id}"
    assert manager.patch(address, {"kind": "won"}).status_code == 422
    assert manager.delete(address).status_code == 409
    with pytest.raises(IntegrityError), transaction.atomic():
        Stage.objects.filter(pk=deal.stage_id).update(kind="won", probability=100)
    assert manager.patch(address, {"name": "First talk", "probability": 15}).json()["probability"] == 15
    assert Stage.objects.get(pk=deal.stage_id).kind == "open"


def test_there_is_one_default_pipeline(manager: Any) -> None:
    answer = manager.post("/api/v1/pipelines", {"name": "Other", "is_default": True})
    assert (answer.status_code, Pipeline.objects.count()) == (409, 1)
    default = Pipeline.objects.get()
    answer = manager.patch(f"/api/v1/pipelines/{default.pk}", {"is_active": False})
    assert (answer.status_code, Pipeline.objects.get().is_active) == (422, True)


def test_a_reason_that_deals_have_is_taken_out_of_use_only(manager: Any, deal: Opportunity) -> None:
    reason = LossReason.objects.get(name="Price")
    Opportunity.objects.filter(pk=deal.pk).update(stage=stage("Lost"), lost_reason=reason)
    address = f"/api/v1/loss-reasons/{reason.pk}"
    assert manager.delete(address).status_code == 409
    assert manager.patch(address, {"is_active": False}).json()["is_active"] is False
    assert manager.post("/api/v1/loss-reasons", {"name": "Price"}).status_code == 409
    assert LossReason.objects.filter(name="Price").count() == 1
