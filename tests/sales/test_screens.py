"""Sales in the staff site: the verbs on a record's page do what the API does, and refuse what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from sales.models import Lead, Opportunity, OpportunityLine, Pipeline
from tests.sales.stages import reason, stage
from tests.samples import make
from tests.staff import colleague, form_of, page, signed_in, superuser, team

if TYPE_CHECKING:
    from django.db.models import Model
    from django.test import Client


@pytest.fixture
def staff() -> Client:
    return signed_in(superuser())


def do(client: Client, record: Model, name: str, **body: Any) -> Any:
    """Do something on the page of a record, and return the answer; the record is as it is then."""
    address = reverse(f"admin:sales_{record._meta.model_name}_do", args=[record.pk, name])
    assert client.get(address).status_code == 200
    answer = client.post(address, body, follow=True)
    record.refresh_from_db()
    return answer


def buttons(client: Client, record: Model) -> list[str]:
    """Return the verbs on a record's page."""
    return [str(verb["title"]) for verb in client.get(page(record, "change")).context["verbs"]]


def test_a_lead_is_worked_and_converted_on_its_page(staff: Client) -> None:
    lead = make(Lead, subject="Ten desks")
    assert buttons(staff, lead) == ["Convert", "Start working", "Qualify", "Assign", "Disqualify"]
    do(staff, lead, "start")
    do(staff, lead, "qualify")
    assert buttons(staff, lead) == ["Convert", "Assign", "Disqualify"]
    answer = do(staff, lead, "convert", amount="12.50", currency="CNY", expected_close_on="2027-01-31")
    deal = Opportunity.objects.get()
    assert answer.redirect_chain[-1][0] == page(deal, "change")
    assert (lead.status, deal.name, str(deal.amount), deal.currency) == ("converted", "Ten desks", "12.50", "CNY")
    assert buttons(staff, lead) == []


def test_a_lead_is_given_up_and_opened_again_on_its_page(staff: Client) -> None:
    lead = make(Lead)
    do(staff, lead, "disqualify", reason="no_budget", note="Next year")
    assert (lead.status, lead.disqualified_reason) == ("disqualified", "no_budget")
    assert buttons(staff, lead) == ["Reopen"]
    do(staff, lead, "reopen")
    assert lead.status == "working"


def test_a_deal_moves_and_is_lost_on_its_page(staff: Client, deal: Opportunity) -> None:
    assert buttons(staff, deal) == ["Move", "Win", "Lose", "Assign"]
    do(staff, deal, "move", stage=str(stage("Proposal").pk))
    assert deal.stage == stage("Proposal")
    assert "field is required" in do(staff, deal, "lose").content.decode()
    do(staff, deal, "lose", reason=str(reason().pk))
    assert (deal.status, deal.lost_reason, buttons(staff, deal)) == ("lost", reason(), ["Reopen"])
    do(staff, deal, "reopen")
    assert deal.stage == stage("Proposal")


def test_what_no_longer_goes_says_so(staff: Client, deal: Opportunity) -> None:
    do(staff, deal, "win")
    answer = do(staff, deal, "win")
    assert "The deal is won or lost already." in answer.content.decode()
    assert (deal.status, deal.stage_changes.count()) == ("won", 1)


def test_a_record_is_given_to_a_colleague_on_its_page(staff: Client, deal: Opportunity) -> None:
    other = colleague("Sales representative", team=team("South"))
    do(staff, deal, "assign", to=str(other.pk))
    assert (deal.owner, deal.team) == (other, other.team)


@pytest.mark.parametrize(("role", "code"), [("Auditor", 403), ("Service agent", 403), ("Sales representative", 302)])
def test_verbs_are_for_those_who_may_change(deal: Opportunity, role: str, code: int) -> None:
    client = signed_in(colleague(role, team=deal.team))
    address = reverse("admin:sales_opportunity_do", args=[deal.pk, "win"])
    assert client.post(address).status_code in {code, 404}
    deal.refresh_from_db()
    assert deal.status == ("won" if code == 302 else "open")


def test_what_is_out_of_sight_or_unknown_is_404(deal: Opportunity) -> None:
    outsider = signed_in(colleague("Sales representative", team=team("South")))
    assert outsider.post(reverse("admin:sales_opportunity_do", args=[deal.pk, "win"])).status_code == 404
    assert signed_in(superuser()).get(reverse("admin:sales_opportunity_do", args=[deal.pk, "eat"])).status_code == 404
    deal.refresh_from_db()
    assert deal.status == "open"


def test_a_deal_is_changed_on_its_page_but_for_its_stage(staff: Client, deal: Opportunity) -> None:
    address = page(deal, "change")
    form = form_of(staff, address)
    assert "stage" not in form
    answer = staff.post(address, {**form, "name": "Eleven desks", "amount": "7.00"})
    assert answer.status_code == 302, answer.context["errors"]
    deal.refresh_from_db()
    assert (deal.name, str(deal.amount), deal.stage.name) == ("Eleven desks", "7.00", "Qualification")


def test_the_amount_of_a_deal_with_lines_is_not_typed(staff: Client, deal: Opportunity) -> None:
    make(OpportunityLine, opportunity=deal, unit_price=7)
    assert "amount" not in form_of(staff, page(deal, "change"))


def test_a_pipeline_says_what_it_lacks(staff: Client) -> None:
    body = {"name": "Partners", "is_active": "on", "stages-TOTAL_FORMS": 0, "stages-INITIAL_FORMS": 0}
    text = staff.post(page(Pipeline, "add"), body, follow=True).content.decode()
    assert "It has no stage for deals that are won." in text
    assert Pipeline.objects.get(name="Partners").stages.count() == 0


def test_orders_are_read_only(staff: Client) -> None:
    from sales.models import Order

    order = make(Order, number="4711")
    assert staff.get(page(Order, "add")).status_code == 403
    assert "4711" in staff.get(page(order, "change")).content.decode()
    assert staff.post(page(order, "change"), {"number": "1"}).status_code == 403
    order.refresh_from_db()
    assert order.number == "4711"
