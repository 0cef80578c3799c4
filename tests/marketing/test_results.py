"""What became of a campaign: the same figures over REST, on the page and in the file."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from marketing import actions
from marketing.models import Campaign, CampaignMember
from sales.models import ExchangeRate, Lead, Opportunity, Pipeline, Stage
from tests.samples import make
from tests.staff import colleague, permitted, signed_in

if TYPE_CHECKING:
    from customers.models import Customer

pytestmark = pytest.mark.django_db
AT = timezone.now() - timedelta(days=3)
# How far each came: name, subject, and the moments that are noted.
MEMBERS = [
    ("Ada", "a", ("sent", "opened", "clicked")),
    ("Bob", "a", ("sent", "opened")),
    ("Cy", "b", ("sent", "clicked", "replied")),
    ("Dora", "b", ("bounced",)),
    ("Eve", "b", ("sent", "bounced")),
    ("Fay", "a", ()),
]


@pytest.fixture
def members(campaign: Campaign, recipient: Any) -> dict[str, CampaignMember]:
    """Return the members of a campaign that was sent, all in another state."""
    Campaign.objects.filter(pk=campaign.pk).update(subject_b="Other news", winner="b", started_at=AT, actual_cost=50)
    campaign.refresh_from_db()
    found = {}
    for name, variant, steps in MEMBERS:
        moments = {f"{step}_at": AT + timedelta(hours=30) for step in steps}
        state = steps[-1] if steps else "queued"
        customer = recipient(name)
        found[name] = make(
            CampaignMember, campaign=campaign, customer=customer, state=state, variant=variant, **moments
        )
    return found


def sell(customer: Customer, campaign: Campaign | None, *, amount: int, kind: str) -> None:
    """Make a lead of a campaign that became a deal."""
    stage = make(Stage, pipeline=make(Pipeline), kind=kind, probability=100 if kind == "won" else 10)
    deal = make(Opportunity, customer=customer, stage=stage, amount=amount, currency="EUR")
    made = {"status": "converted", "converted_at": timezone.now(), "opportunity": deal}
    make(Lead, customer=customer, campaign=campaign, **made)


def results(client: Any, campaign: Campaign) -> Any:
    answer = client.get(f"/api/v1/campaigns/{campaign.pk}/results")
    assert answer.status_code == 200
    return answer.json()


@pytest.fixture
def client(api_client: Any, marketer: Any) -> Any:
    return api_client(marketer, "marketing:read")


def test_what_was_sent_arrived_or_came_back(client: Any, campaign: Campaign, members: Any) -> None:
    found = results(client, campaign)
    assert found["members"] == 6
    steps = ("sent", "delivered", "bounced", "opened", "clicked", "replied")
    assert [found["funnel"][name] for name in steps] == [5, 3, 2, 3, 2, 1]
    shares = ["83.33", "60.00", "40.00", "100.00", "66.67", "33.33"]
    assert [found["rates"][name] for name in steps] == shares
    assert found["rates"]["clicked_of_opened"] == "66.67"


def test_the_two_subjects_stand_side_by_side(client: Any, campaign: Campaign, members: Any) -> None:
    one, other = results(client, campaign)["variants"]
    columns = ("subject", "is_winner", "members", "sent", "delivered", "opened", "clicked", "open_rate", "click_rate")
    assert [one[name] for name in columns] == [
        "News for {{ customer.name }}", False, 3, 2, 2, 2, 1, "100.00", "50.00"
    ]  # fmt: skip
    assert [other[name] for name in columns] == ["Other news", True, 3, 3, 1, 1, 1, "100.00", "100.00"]


def test_links_count_clicks_and_people(client: Any, campaign: Campaign, members: Any) -> None:
    for name, url in [("Ada", "/a?x=1"), ("Ada", "/a?x=2"), ("Cy", "/a"), ("Cy", "/b")]:
        actions.note_click(member=members[name].pk, url=f"https://shop.example{url}")
    assert results(client, campaign)["links"] == [
        {"url": "https://shop.example/a", "clicks": 3, "customers": 2},
        {"url": "https://shop.example/b", "clicks": 1, "customers": 1},
    ]


def test_cost_leads_and_what_is_owed(client: Any, campaign: Campaign, members: Any) -> None:
    before = make(Campaign, started_at=AT)
    ada, bob = members["Ada"].customer, members["Bob"].customer
    make(CampaignMember, campaign=before, customer=ada, state="sent", sent_at=AT - timedelta(days=1))
    sell(ada, campaign, amount=300, kind="won")
    sell(bob, campaign, amount=80, kind="open")
    make(Lead, campaign=campaign)
    found = results(client, campaign)["returns"]
    assert [found[name] for name in ("leads", "deals", "won", "cost", "cost_per_lead", "currency")] == [
        3, 2, 1, "50.00", "16.67", "EUR"
    ]  # fmt: skip
    assert [(one["touch"], one["pipeline"], one["won"], one["roi"]) for one in found["owed"]] == [
        ("first", "80.00", "0.00", "-100.00"),
        ("last", "80.00", "300.00", "500.00"),
        ("linear", "80.00", "150.00", "200.00"),
    ]


def test_a_cost_in_another_currency_is_brought_into_that_of_reports(
    client: Any, campaign: Campaign, members: Any
) -> None:
    make(ExchangeRate, currency="USD", on="2020-01-01", rate=Decimal("0.8"))
    Campaign.objects.filter(pk=campaign.pk).update(currency="USD")
    assert results(client, campaign)["returns"]["cost"] == "40.00"
    Campaign.objects.filter(pk=campaign.pk).update(currency="GBP")
    assert results(client, campaign)["returns"]["cost"] is None


def test_when_messages_were_opened_is_told_by_the_day(client: Any, campaign: Campaign, members: Any) -> None:
    found = results(client, campaign)["course"]
    day = timezone.localtime(AT + timedelta(hours=30)).date()
    assert len(found) == 4
    busy = [one for one in found if one["opened"] or one["clicked"]]
    assert [(one["opened"], one["clicked"]) for one in busy] == [(2, 2)]
    assert timezone.localtime(datetime.fromisoformat(busy[0]["at"])).date() == day


def test_who_sees_no_deals_sees_no_money(api_client: Any, campaign: Campaign, members: Any) -> None:
    reader = permitted_to_see_marketing()
    assert results(api_client(reader, "marketing:read"), campaign)["returns"] is None
    page = signed_in(reader).get(f"/admin/marketing/campaign/{campaign.pk}/results").content.decode()
    assert "How many came how far" in page
    assert "Cost and leads" not in page


def permitted_to_see_marketing() -> Any:
    from django.contrib.auth.models import Permission

    user = colleague()
    names = [f"view_all_{kind}" for kind in ("campaign", "campaignmember", "customer")]
    user.user_permissions.add(*Permission.objects.filter(codename__in=names))
    return user


def test_only_members_that_the_reader_sees_are_counted(api_client: Any, campaign: Campaign, members: Any) -> None:
    reader = permitted(colleague(), "view_own")
    Campaign.objects.filter(pk=campaign.pk).update(owner=reader)
    ada = members["Ada"].customer
    ada.owner = reader
    ada.save()
    actions.note_click(member=members["Cy"].pk, url="https://shop.example/b")
    found = results(api_client(reader, "marketing:read"), campaign)
    assert (found["members"], found["funnel"]["clicked"], found["links"]) == (1, 1, [])


def test_the_page_shows_the_figures_in_tables(campaign: Campaign, marketer: Any, members: Any) -> None:
    actions.note_click(member=members["Ada"].pk, url="https://shop.example/a")
    browser = signed_in(marketer)
    page = browser.get(f"/admin/marketing/campaign/{campaign.pk}/results")
    tables = {one["name"]: one for one in page.context["tables"]}
    funnel = [[cell["text"] for cell in line["cells"]] for line in tables["funnel"]["lines"]]
    assert funnel[:3] == [
        ["Members", "6", "–", "–"],
        ["Sent", "5", "83.3 %", "members"],
        ["Delivered", "3", "60.0 %", "sent"],
    ]
    assert list(tables) == ["funnel", "variants", "links", "cost", "owed"]


def test_the_file_has_all_tables(campaign: Campaign, marketer: Any, members: Any) -> None:
    actions.note_click(member=members["Ada"].pk, url="https://shop.example/a")
    browser = signed_in(marketer)
    file = browser.get(f"/admin/marketing/campaign/{campaign.pk}/results.csv")
    lines = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert lines[:4] == [
        ["How many came how far"],
        ["step", "number", "share", "of"],
        ["Members", "6", "", ""],
        ["Sent", "5", "83.33", "members"],
    ]
    assert ["https://shop.example/a", "1", "1", "50.00"] in lines


def test_the_script_is_answered_only_what_has_changed(campaign: Campaign, marketer: Any, members: Any) -> None:
    browser = signed_in(marketer)
    address = f"/admin/marketing/campaign/{campaign.pk}/results"
    first = browser.get(address, headers={"X-Live": "1"})
    assert first.content.decode().lstrip().startswith("<p")
    again = browser.get(address, headers={"X-Live": "1", "If-None-Match": first["ETag"]})
    assert again.status_code == 304
    actions.note_outcome(member=members["Fay"].pk, state="unsubscribed")
    assert browser.get(address, headers={"X-Live": "1", "If-None-Match": first["ETag"]}).status_code == 200


def test_a_campaign_out_of_sight_has_no_results(campaign: Campaign) -> None:
    reader = permitted(colleague(), "view_own")
    assert signed_in(reader).get(f"/admin/marketing/campaign/{campaign.pk}/results").status_code == 404
    assert signed_in(reader).get(f"/admin/marketing/campaign/{campaign.pk}/results.csv").status_code == 404


def test_results_take_as_many_queries_for_one_member_as_for_many(
    campaign: Campaign, marketer: Any, members: Any, django_assert_num_queries: Any
) -> None:
    from marketing.results import results_of

    marketer.has_perm("sales.view_all_lead")  # permissions are read once
    with django_assert_num_queries(11):
        results_of(campaign, marketer)


def test_campaigns_that_were_chosen_are_compared(campaign: Campaign, marketer: Any, members: Any) -> None:
    other = make(Campaign, name="Autumn")
    make(Campaign, name="Neither", started_at=AT)
    browser = signed_in(marketer)
    chosen = {"action": "compare", "_selected_action": [str(campaign.pk), str(other.pk)]}
    answer = browser.post("/admin/marketing/campaign/", chosen)
    page = browser.get(answer["Location"])
    shown = [[cell["text"] for cell in line["cells"]] for line in page.context["lines"]]
    assert [line[:4] for line in shown] == [["Autumn", "0", "0", "0"], ["Spring", "6", "5", "3"]]
    assert f"/admin/marketing/campaign/{campaign.pk}/results" in page.content.decode()
    file = browser.get(f"{answer['Location']}&csv=1").content.decode("utf-8-sig")
    assert [line.split(",")[0] for line in file.splitlines()] == ["campaign", "Autumn", "Spring"]
