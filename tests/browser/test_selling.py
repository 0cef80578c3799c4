"""A visitor's answer to a form is worked on the screens until it is a won deal, which the reports tell of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from sales.models import AssignmentRule, Lead, LeadForm, LossReason, Opportunity, Pipeline, Stage
from sales.models.standard import add_standard
from tests.samples import make
from tests.staff import colleague, page, team

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from crm.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def manager() -> User:
    """Return who gets the leads."""
    add_standard(Pipeline.objects, Stage.objects, LossReason.objects)
    made = colleague("Sales manager", team=team("North"))
    make(AssignmentRule, method="user", user=made, team=None)
    return made


def do(window: Page, verb: str, **said: str) -> None:
    """Do something to the record that is shown, by its button and the page that asks again."""
    window.locator(".task-verbs").get_by_role("link", name=verb, exact=True).click()
    for name, value in said.items():
        window.fill(f"[name={name}]", value)
    window.locator(".small-form-buttons").get_by_role("button", name=verb).click()


def test_an_answer_to_a_form_becomes_a_won_deal_that_the_report_shows(
    sign_in: Callable[..., Page], manager: User, live_server: Any
) -> None:
    form = make(LeadForm, asked_fields=["name", "email"], required_fields=["name"])
    Client().post(reverse("lead-form", args=[form.key]), {"name": "Ada Lovelace", "email": "ada@lovelace.example"})
    window = sign_in(manager)
    window.goto(page(Lead.objects.get(), "change"))
    for verb in ("Start working", "Qualify"):
        do(window, verb)
    do(window, "Convert", amount="1200.50")
    window.goto(page(Opportunity.objects.get(), "change"))
    do(window, "Win")
    window.goto(f"{live_server.url}/admin/reports/win-rate/")
    drawn = "Chart.getChart(document.querySelector('.report-chart canvas')).data.datasets[0].data"
    assert window.evaluate(drawn) == [1]
    expect(window.locator(".report-table tbody")).to_contain_text("1,200.50")
    with window.expect_download() as download:
        window.get_by_role("link", name="CSV").click()
    assert b"1200.50" in download.value.path().read_bytes()
