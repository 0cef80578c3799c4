"""The pipeline board: what stands on it, who sees it, and how deals are moved."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from customers.models import Customer
from sales import actions
from sales.admin import columns
from sales.models import ExchangeRate, Lead, LossReason, Opportunity, Pipeline, Stage
from tests.staff import colleague, signed_in, team

if TYPE_CHECKING:
    from crm.models import User

pytestmark = pytest.mark.django_db
BOARD = "/admin/pipeline/"
ALONE = {"X-Live": "1"}


@pytest.fixture
def seller() -> User:
    return colleague("Sales representative", team=team("Board north"))


@pytest.fixture
def window(seller: User) -> Client:
    return signed_in(seller)


def named(name: str) -> Stage:
    return Stage.objects.get(name=name, pipeline__is_default=True)


def deal(owner: User, stage: str = "Proposal", **fields: Any) -> Opportunity:
    people = {"owner": owner, "team": owner.team}
    customer = Customer.objects.create(name="Acme", kind="organization", **people)
    day = timezone.localdate() + datetime.timedelta(days=5)
    values = {"name": "Forklifts", "amount": 100, "currency": "EUR", "expected_close_on": day, **people, **fields}
    made: Opportunity = Opportunity.objects.create(customer=customer, stage=named(stage), **values)
    return made


def lane(window: Client, name: str, **asked: Any) -> columns.Lane:
    lanes: list[columns.Lane] = window.get(BOARD, asked).context["board"].lanes
    return next(one for one in lanes if one.stage.name == name)


def moving(window: Client, opportunity: Opportunity, stage: str, **more: Any) -> Any:
    """Send what the board's script sends."""
    body = {"version": opportunity.updated_at.isoformat(), "stage": str(named(stage).pk), **more}
    return window.post(f"{BOARD}{opportunity.pk}/move/", body, headers=ALONE)


def stage_of(opportunity: Opportunity) -> str:
    return Opportunity.objects.get(pk=opportunity.pk).stage.name


def test_a_lane_adds_up_its_deals_in_the_reporting_currency(window: Client, seller: User) -> None:
    ExchangeRate.objects.create(currency="USD", on="2026-01-01", rate="0.5")
    deal(seller, amount=100)
    deal(seller, amount=10, currency="USD", probability=90)
    deal(seller, amount=7, currency="GBP")
    found = lane(window, "Proposal")
    assert (found.number, found.total, found.weighted, found.without_rate) == (3, 105, Decimal("54.50"), 1)


def test_deals_that_stay_too_long_are_marked(window: Client, seller: User) -> None:
    now = timezone.now()
    for days in (20, 22):
        deal(seller, name=f"{days} days", stage_since=now - datetime.timedelta(days=days))
    marks = {card.name: card.is_stale for card in lane(window, "Proposal").cards}
    assert marks == {"20 days": False, "22 days": True}


def test_what_was_decided_long_ago_is_not_on_the_board(window: Client, seller: User) -> None:
    recent, old = deal(seller), deal(seller)
    for one in (recent, old):
        actions.win_opportunity(opportunity=one)
    Opportunity.objects.filter(pk=old.pk).update(closed_at=timezone.now() - datetime.timedelta(days=31))
    assert [card.id for card in lane(window, "Won").cards] == [recent.pk]


def test_only_deals_that_may_be_seen_are_shown_counted_and_moved(window: Client, seller: User) -> None:
    theirs = deal(colleague("Sales representative", team=team("Board south")))
    assert lane(window, "Proposal").number == 0
    assert moving(window, theirs, "Negotiation").status_code == 404
    assert stage_of(theirs) == "Proposal"


def test_a_customer_out_of_sight_is_not_named(window: Client, seller: User) -> None:
    mine = deal(seller)
    Customer.objects.filter(pk=mine.customer_id).update(owner=None, team=None)
    assert [card.customer for card in lane(window, "Proposal").cards] == [""]


def test_the_board_is_narrowed_to_an_owner_a_team_and_words(window: Client, seller: User) -> None:
    mate = colleague("Sales representative", team=seller.team)
    deal(seller, name="Cranes")
    deal(mate, name="Forklifts")
    for asked in ({"owner": mate.pk}, {"q": "orkl"}, {"owner": mate.pk, "team": seller.team_id}):
        assert [card.name for card in lane(window, "Proposal", **asked).cards] == ["Forklifts"]
    assert lane(window, "Proposal", team=team("Board empty").pk).number == 0


def test_a_long_lane_leads_to_the_list(window: Client, seller: User) -> None:
    for number in range(columns.MOST + 2):
        deal(seller, name=f"Deal {number}")
    found = lane(window, "Proposal")
    assert (len(found.cards), found.hidden) == (columns.MOST, 2)
    shown = window.get(found.link).context["cl"]
    assert (shown.result_count, {one.stage_id for one in shown.result_list}) == (52, {found.stage.pk})


def test_the_number_of_queries_does_not_grow(window: Client, seller: User, django_assert_num_queries: Any) -> None:
    deal(seller)
    for name in ("Qualification", "Negotiation"):
        deal(seller, name)
    window.get(BOARD)
    with django_assert_num_queries(9):
        window.get(BOARD, headers=ALONE)
    for number in range(20):
        deal(seller, name=str(number))
    with django_assert_num_queries(9):
        window.get(BOARD, headers=ALONE)


def test_who_asks_again_is_told_that_nothing_changed(window: Client, seller: User) -> None:
    one = deal(seller)
    first = window.get(BOARD, headers=ALONE)
    again = window.get(BOARD, headers={**ALONE, "If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    actions.move_opportunity(opportunity=one, stage=named("Negotiation"))
    assert window.get(BOARD, headers={**ALONE, "If-None-Match": first["ETag"]}).status_code == 200


def test_a_move_answers_the_board_as_it_is_then(window: Client, seller: User) -> None:
    one = deal(seller)
    answer = moving(window, one, "Negotiation")
    assert "“Forklifts” is in “Negotiation” now." in answer.content.decode()
    assert stage_of(one) == "Negotiation"


def test_a_deal_that_was_moved_meanwhile_stays_where_it_is(window: Client, seller: User) -> None:
    one = deal(seller)
    actions.move_opportunity(opportunity=one, stage=named("Negotiation"))
    answer = moving(window, one, "Qualification")
    assert "somebody changed it meanwhile" in answer.content.decode()
    assert stage_of(one) == "Negotiation"


def test_a_loss_needs_a_reason(window: Client, seller: User) -> None:
    one = deal(seller)
    assert "Say why the deal was lost." in moving(window, one, "Lost").content.decode()
    assert stage_of(one) == "Proposal"
    moving(window, one, "Lost", reason=str(LossReason.objects.get(name="Price").pk), note="By 5 %")
    found = Opportunity.objects.get(pk=one.pk)
    assert (found.status, str(found.lost_reason), found.lost_note) == ("lost", "Price", "By 5 %")


def test_a_closed_deal_goes_back_to_an_open_stage_only(window: Client, seller: User) -> None:
    one = deal(seller)
    actions.win_opportunity(opportunity=one)
    one.refresh_from_db()
    moving(window, one, "Lost", reason=str(LossReason.objects.get(name="Price").pk))
    assert stage_of(one) == "Won"
    moving(window, one, "Proposal")
    assert (stage_of(one), Opportunity.objects.get(pk=one.pk).status) == ("Proposal", "open")


def test_a_deal_is_moved_by_a_form_without_javascript(window: Client, seller: User) -> None:
    one = deal(seller)
    address = f"{BOARD}{one.pk}/move/?q=fork"
    form = window.get(address).context["form"]
    answer = window.post(address, {"version": form["version"].value(), "stage": str(named("Won").pk)})
    assert answer["Location"] == f"{BOARD}?q=fork"
    assert stage_of(one) == "Won"


def test_who_may_only_read_moves_nothing() -> None:
    reader = signed_in(colleague("Auditor"))
    one = deal(colleague("Sales representative"))
    assert "board-grip" not in reader.get(BOARD).content.decode()
    assert moving(reader, one, "Negotiation").status_code == 403
    assert stage_of(one) == "Proposal"


def test_a_move_needs_the_token_against_forgery(seller: User) -> None:
    one = deal(seller)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(seller, backend="crm.auth.accounts.Accounts")
    assert moving(strict, one, "Negotiation").status_code == 403
    assert stage_of(one) == "Proposal"


def test_who_sees_no_deals_sees_no_board() -> None:
    assert signed_in(colleague()).get(BOARD).status_code == 403


def test_a_board_without_a_pipeline_says_so(window: Client) -> None:
    Pipeline.objects.all().delete()
    assert "There is no pipeline yet." in window.get(BOARD).content.decode()


def test_the_home_page_tells_of_ones_deals_and_leads(window: Client, seller: User) -> None:
    mine = deal(seller, expected_close_on=timezone.localdate(), amount=250)
    Lead.objects.create(customer=mine.customer, owner=seller, team=seller.team)
    panels = {str(panel.title): panel.data for panel in window.get("/admin/").context["panels"]}
    mine_now = panels["My pipeline this quarter"]
    assert (mine_now["number"], mine_now["total"], mine_now["weighted"], mine_now["deals"]) == (1, 250, 125, [mine])
    assert [figure.value for figure in panels["Leads waiting"]] == [1, 0, 1]
    assert "250.0" in panels["Forecast"]["chart"]
