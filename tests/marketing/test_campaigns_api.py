"""Campaigns over REST and on the screens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core import mail

from marketing import actions
from marketing.models import CampaignMember
from tests.calls import TOMORROW
from tests.staff import signed_in

if TYPE_CHECKING:
    from marketing.models import Campaign

pytestmark = pytest.mark.django_db
PATH = "/api/v1/campaigns"


@pytest.fixture
def client(api_client: Any, marketer: Any) -> Any:
    return api_client(marketer, "marketing:read", "marketing:write", "customers:read")


def test_a_campaign_goes_from_draft_to_cancelled_and_no_other_way(client: Any, campaign: Campaign) -> None:
    def said(verb: str, body: Any = None) -> Any:
        answer = client.post(f"{PATH}/{campaign.pk}/{verb}", body)
        return answer.json()["status"] if answer.status_code == 200 else answer.status_code

    assert [said("pause"), said("resume"), said("unschedule")] == [409, 409, 409]
    assert said("schedule", {"at": TOMORROW}) == "scheduled"
    assert [said("start"), said("start")] == ["sending", 409]
    assert [said("pause"), said("pause"), said("resume"), said("finish")] == ["paused", 409, "sending", 409]
    assert [said("cancel"), said("cancel"), said("start")] == ["cancelled", 409, 409]


def test_a_campaign_without_what_it_needs_does_not_start(client: Any, campaign: Campaign) -> None:
    campaign.template = None
    campaign.save()
    answer = client.post(f"{PATH}/{campaign.pk}/start")
    assert (answer.status_code, answer.json()["detail"]) == (409, "Choose a template first.")
    assert not CampaignMember.objects.exists()


def test_a_template_with_an_error_is_refused_over_rest(client: Any) -> None:
    answer = client.post("/api/v1/templates", {"name": "A", "html": "one\n{{ customer.secret }}"})
    assert answer.status_code == 422
    assert "Line 2: there is no placeholder" in answer.content.decode()


def test_the_preview_is_what_one_customer_would_get(client: Any, campaign: Campaign, recipient: Any) -> None:
    answer = client.post(f"{PATH}/{campaign.pk}/preview", {"customer": str(recipient("Ada").pk)})
    assert answer.status_code == 200
    assert answer.json()["subject"] == "News for Ada"
    assert "<p>Hello Ada</p>" in answer.json()["html"]
    assert "/m/c/" not in answer.json()["html"]


def test_a_test_goes_to_the_address_that_is_given(client: Any, campaign: Campaign, recipient: Any) -> None:
    body = {"customer": str(recipient("Ada").pk), "to": "me@example.com"}
    assert client.post(f"{PATH}/{campaign.pk}/test", body).status_code == 204
    assert [(one.to, one.subject) for one in mail.outbox] == [(["me@example.com"], "[Test] News for Ada")]
    assert not CampaignMember.objects.exists()


def test_what_to_look_at_before_sending_is_found(client: Any, campaign: Campaign) -> None:
    template: Any = campaign.template
    template.subject, template.html = "BUY NOW!!", '<a href="/sale">Sale</a><a href="http://x.example">X</a>'
    template.save()
    found = client.get(f"{PATH}/{campaign.pk}/findings").json()["results"]
    assert [one["code"] for one in found if one["is_error"]] == ["relative_link"]
    others = {"insecure_link", "no_unsubscribe_link", "no_text", "capitals", "exclamation"}
    assert {one["code"] for one in found if not one["is_error"]} == others


def test_the_results_count_who_came_how_far(client: Any, campaign: Campaign, recipient: Any) -> None:
    for name in ("Ada", "Bob", "Cy"):
        recipient(name)
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    ada, bob, _cy = CampaignMember.objects.order_by("customer__name")
    CampaignMember.objects.filter(pk__in=[ada.pk, bob.pk]).update(state="sent", sent_at="2026-01-01T00:00:00Z")
    actions.note_click(member=ada.pk, url="https://shop.example/sale?x=1")
    found = client.get(f"{PATH}/{campaign.pk}/results").json()
    assert (found["members"], found["states"]) == (3, {"clicked": 1, "queued": 1, "sent": 1})
    steps = {name: found["funnel"][name] for name in ("sent", "opened", "clicked", "bounced")}
    assert steps == {"sent": 2, "opened": 1, "clicked": 1, "bounced": 0}
    assert found["links"] == [{"url": "https://shop.example/sale", "clicks": 1, "customers": 1}]


def test_the_pages_of_a_campaign_open(campaign: Campaign, marketer: Any, recipient: Any) -> None:
    recipient("Ada")
    browser = signed_in(marketer)
    page = f"/admin/marketing/campaign/{campaign.pk}"
    assert b"Start now" in browser.get(f"{page}/change/").content
    assert b"News for Ada" in browser.post(f"{page}/preview", {"customer": "ada@example.com"}).content
    browser.post(f"{page}/do/start")
    campaign.refresh_from_db()
    assert campaign.status == "sending"
    assert b"How many came how far" in browser.get(f"{page}/results").content
    assert b"Members,1" in browser.get(f"{page}/results.csv").content


def test_an_address_that_is_suppressed_is_told_and_let_go(client: Any) -> None:
    answer = client.post("/api/v1/suppressions", {"address": "Ada@Example.com", "reason": "manual"})
    assert (answer.status_code, answer.json()["address"]) == (201, "ada@example.com")
    assert client.post("/api/v1/suppressions", {"address": "ada@example.com"}).status_code == 409
    assert client.get("/api/v1/suppressions?reason=manual").json()["results"][0]["id"] == answer.json()["id"]
