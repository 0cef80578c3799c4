"""What campaigns are owed sums up to what was won, to the cent."""

from __future__ import annotations

import datetime
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.reports.reports import REPORTS
from customers.models import Customer
from marketing.attribution import Owing, Touch, selling
from marketing.models import Campaign, CampaignMember
from sales.models import Lead, Opportunity, Pipeline, Stage
from tests.samples import make

pytestmark = pytest.mark.django_db
PATH = "/api/v1/reports/campaign-results"
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
DEALS = st.lists(
    st.fixed_dictionaries(
        {
            "amount": st.decimals(0, 10**9, places=2),
            "is_won": st.booleans(),
            "touches": st.lists(
                st.tuples(st.integers(0, 3), st.integers(1, 8), st.sampled_from(["customer", "contact"])), max_size=4
            ),
            "lead": st.none() | st.tuples(st.integers(0, 3), st.integers(1, 8)),
        }
    ),
    max_size=4,
)
CLOSED = datetime.datetime(2026, 1, 5, 12, tzinfo=datetime.UTC)


def on(day: int) -> datetime.datetime:
    return datetime.datetime(2026, 1, day, 12, tzinfo=datetime.UTC)


def split(amount: Decimal, touches: list[Any], touch: Touch) -> dict[Any, Decimal]:
    """Return the parts of an amount that campaigns are owed, as anyone would work them out by hand."""
    if not touches:
        return {None: amount}
    if touch is not Touch.LINEAR:
        return {touches[0 if touch is Touch.FIRST else -1]: amount}
    part, left = divmod(int(amount * 100), len(touches))
    return {one: Decimal(part + (place < left)) / 100 for place, one in enumerate(touches)}


class World:
    """Campaigns, and deals whose customers they reached."""

    def __init__(self) -> None:
        self.campaigns = [make(Campaign, started_at="2026-01-01T00:00:00Z") for _number in range(4)]
        pipeline = make(Pipeline)
        kinds = {True: {"kind": "won", "probability": 100}, False: {"kind": "open", "probability": 10}}
        self.stages = {won: make(Stage, pipeline=pipeline, **kind) for won, kind in kinds.items()}

    def deal(self, given: dict[str, Any]) -> list[Any]:
        """Make a deal; return the campaigns that touched it, in order."""
        people = {name: make(Customer) for name in ("customer", "contact")}
        deal = make(Opportunity, stage=self.stages[given["is_won"]], amount=given["amount"], currency="EUR", **people)
        if given["is_won"]:
            Opportunity.objects.filter(pk=deal.pk).update(closed_at=CLOSED)
        found: dict[Any, list[Any]] = defaultdict(list)
        for number, day, whom in given["touches"]:
            campaign = self.campaigns[number]
            if not CampaignMember.objects.of(campaign).filter(customer=people[whom]).exists():
                make(CampaignMember, campaign=campaign, customer=people[whom], state="sent", sent_at=on(day))
                found[campaign.pk].append(on(day))
        if given["lead"]:
            number, day = given["lead"]
            converted = {"status": "converted", "converted_at": CLOSED, "opportunity": deal}
            lead = make(Lead, campaign=self.campaigns[number], customer=people["customer"], **converted)
            Lead.objects.filter(pk=lead.pk).update(created_at=on(day))
            found[self.campaigns[number].pk].append(on(day))
        latest = CLOSED if given["is_won"] else timezone.now()
        firsts = [
            (min(days), key) for key, several in found.items() if (days := [at for at in several if at <= latest])
        ]
        return [key for _at, key in sorted(firsts)]


@pytest.fixture
def world() -> World:
    return World()


@given(deals=DEALS)
@settings(max_examples=10, deadline=None, suppress_health_check=QUIET)
def test_what_is_owed_is_what_deals_are_worth_to_the_cent(world: World, integration: Any, deals: list[Any]) -> None:
    with transaction.atomic():
        touched = [(one, world.deal(one)) for one in deals]
        owed = selling().owed(integration, {})
        for touch in Touch:
            expected: dict[Any, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
            for one, touches in touched:
                for key, part in split(one["amount"], touches, touch).items():
                    expected[key][0 if one["is_won"] else 1] += part
            found = {key: [one.by(touch).won, one.by(touch).pipeline] for key, one in owed.items()}
            assert {key: pair for key, pair in found.items() if any(pair)} == {
                key: pair for key, pair in expected.items() if any(pair)
            }
        transaction.set_rollback(True)


def test_who_asks_for_one_campaign_gets_what_all_say_of_it(world: World, integration: Any) -> None:
    touches = [(0, 1, "customer"), (1, 2, "contact"), (2, 3, "customer")]
    world.deal({"amount": Decimal("100.00"), "is_won": True, "touches": touches, "lead": None})
    world.deal({"amount": Decimal(7), "is_won": False, "touches": [(3, 1, "customer")], "lead": (1, 1)})
    everything = selling().owed(integration, {})
    parts = [everything[one.pk].linear.won for one in world.campaigns[:3]]
    assert parts == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]
    for campaign in world.campaigns:
        alone = selling().owed(integration, {"campaigns": [campaign.pk]})
        assert alone.get(campaign.pk, Owing()) == everything[campaign.pk]


def test_a_message_that_came_back_touched_nobody(world: World, integration: Any) -> None:
    world.deal({"amount": Decimal(5), "is_won": True, "touches": [(0, 1, "customer")], "lead": None})
    CampaignMember.objects.update(bounced_at=on(1), state="bounced")
    assert selling().owed(integration, {}).keys() == {None}


def reached(campaign: Any, customer: Any, day: str) -> None:
    """Let a campaign have reached a customer on a day."""
    at = datetime.datetime.fromisoformat(f"{day}T12:00:00+00:00")
    make(CampaignMember, campaign=campaign, customer=customer, state="sent", sent_at=at)


@pytest.mark.parametrize(("touch", "spring", "autumn"), [("first", 100, 0), ("last", 0, 100), ("linear", 50, 50)])
def test_the_report_says_what_campaigns_brought(
    api_client: Any, integration: Any, touch: str, spring: int, autumn: int
) -> None:
    begun = {"started_at": "2026-01-01T00:00:00Z", "actual_cost": 20, "currency": "EUR"}
    one, other = make(Campaign, name="A spring", **begun), make(Campaign, name="B autumn", **begun)
    stage = make(Stage, kind="won", probability=100)
    won, _alone = (make(Opportunity, stage=stage, amount=100, currency="EUR") for _time in range(2))
    reached(one, won.customer, "2026-01-02")
    reached(other, won.customer, "2026-02-02")
    make(Lead, campaign=one)
    rows = api_client(integration, "marketing:read").get(PATH, {"touch": touch}).json()["results"]
    assert [(row["campaign"], float(row["won"])) for row in rows] == [
        ("A spring", spring), ("B autumn", autumn), ("no campaign", 100)
    ]  # fmt: skip
    assert (rows[0]["leads"], float(rows[0]["cost_per_lead"]), float(rows[0]["roi"])) == (1, 20, 5 * spring - 100)


def test_campaigns_are_chosen_and_only_those_that_the_reader_sees(api_client: Any, integration: Any) -> None:
    one, other, third = (make(Campaign, name=name) for name in ("A", "B", "C"))
    client = api_client(integration, "marketing:read")
    found = client.get(PATH, {"campaigns": f"{one.pk},{third.pk}"}).json()["results"]
    assert [row["campaign"] for row in found] == ["A", "C"]
    narrowed = client.get(PATH, {"campaigns": str(other.pk), "owner": str(integration.pk)}).json()["results"]
    assert narrowed == []
    gone = client.get(PATH, {"campaigns": f"{one.pk},019a1c5e-7b3a-7c52-9d1f-3f6a2b8c4d10"})
    assert (gone.status_code, gone.json()["errors"][0]["code"]) == (422, "does_not_exist")
    assert client.get(PATH, {"campaigns": "spring"}).json()["errors"][0]["code"] == "invalid_choice"


def test_a_campaign_out_of_sight_cannot_be_asked_for(api_client: Any, make_user: Any, make_team: Any) -> None:
    from django.contrib.auth.models import Permission

    user = make_user(team=make_team("North"))
    user.user_permissions.add(Permission.objects.get(codename="view_own_campaign"))
    hidden, own = make(Campaign, name="Hidden"), make(Campaign, name="Own", owner=user)
    client = api_client(user, "marketing:read")
    answer = client.get(PATH, {"campaigns": str(hidden.pk)})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "does_not_exist")
    assert [row["campaign"] for row in client.get(PATH, {"campaigns": str(own.pk)}).json()["results"]] == ["Own"]


def test_the_report_takes_as_many_queries_for_one_campaign_as_for_many(
    integration: Any, django_assert_num_queries: Any
) -> None:
    for number in range(5):
        make(Campaign, started_at="2026-01-01T00:00:00Z", actual_cost=number + 1, currency="EUR")
    with django_assert_num_queries(6):  # one of them is for the permissions of who asks
        assert len(list(REPORTS["campaign-results"].rows(integration, {}))) == 5
