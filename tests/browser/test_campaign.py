"""A campaign in a real browser: from the segment to the click that its results show."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from customers.actions import grant_consent
from customers.models import Customer, Purpose
from marketing.jobs import look_after_campaigns
from marketing.models import Campaign, CampaignMember, Segment, Template
from tests.marketing.conftest import mail_server
from tests.staff import colleague
from tests.worker import do_all, no_jobs

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.marketing.smtp import Keeper

__all__ = ["mail_server", "no_jobs"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_jobs")]
HTML = '<p>Hello {{ customer.first_name }}</p><p><a href="https://shop.example/sale">Sale</a></p>'
PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def people() -> None:
    """Make two customers of whom one agrees to news, and one elsewhere who agrees."""
    purpose, _is_new = Purpose.objects.get_or_create(
        name="marketing_email", defaults={"channel": "email", "label": "News by e-mail"}
    )
    for name, country, agrees in (("Ada", "DE", True), ("Bob", "DE", False), ("Cy", "FR", True)):
        customer = Customer.objects.create(
            name=name, given_name=name, kind="person", country=country, email=f"{name.lower()}@example.com"
        )
        if agrees:
            grant_consent(customer=customer, purpose=purpose, source="form", by=None)


def save(window: Page) -> None:
    window.get_by_role("button", name="Save", exact=True).click()


def build_segment(window: Page) -> None:
    """Put a segment together, and wait for its count."""
    window.goto("/admin/marketing/segment/add/")
    window.get_by_label("Name").fill("Germans")
    window.get_by_role("button", name="Add a condition").click()
    window.get_by_label("Field", exact=True).select_option("country")
    window.get_by_label("Value").fill("DE")
    expect(window.get_by_text("Customers that you see: 2")).to_be_visible()
    save(window)
    window.wait_for_url("**/marketing/segment/")


def write_template(window: Page) -> None:
    window.goto("/admin/marketing/template/add/")
    for name, value in {"name": "Sale", "subject": "Sale for {{ customer.name }}", "html": HTML}.items():
        window.fill(f"[name={name}]", value)
    save(window)
    window.wait_for_url("**/marketing/template/")


def choose(window: Page, name: str, value: Any) -> None:
    """Choose a record in a select."""
    window.locator(f"select[name={name}]").select_option(str(value.pk), force=True)


def plan_campaign(window: Page) -> Campaign:
    """Make a campaign of the segment and the template."""
    window.goto("/admin/marketing/campaign/add/")
    window.fill("[name=name]", "Spring")
    choose(window, "segment", Segment.objects.get())
    choose(window, "template", Template.objects.get())
    choose(window, "purpose", Purpose.objects.get(name="marketing_email"))
    save(window)
    window.wait_for_url("**/marketing/campaign/")
    return Campaign.objects.get()


def try_it(window: Page, campaign: Campaign) -> None:
    """Look at the message for one customer, and send a test of it."""
    window.goto(f"/admin/marketing/campaign/{campaign.pk}/preview")
    window.fill("[name=customer]", "ada@example.com")
    window.fill("[name=to]", "me@shop.example")
    window.get_by_role("button", name="Show").click()
    expect(window.get_by_role("heading", name="Sale for Ada")).to_be_visible()
    expect(window.frame_locator("iframe").get_by_text("Hello Ada")).to_be_visible()


def start(window: Page, campaign: Campaign) -> None:
    """Start the campaign by its button, and let the worker send."""
    window.goto(f"/admin/marketing/campaign/{campaign.pk}/change/")
    window.get_by_role("link", name="Start now").click()
    window.locator(".small-form-buttons").get_by_role("button", name="Start now").click()
    window.wait_for_url("**/change/")
    look_after_campaigns()
    do_all()


def click(window: Page, server: Keeper) -> None:
    """Follow the link of the message as its reader's browser does, a minute later."""
    CampaignMember.objects.update(claimed_at=timezone.now() - timedelta(minutes=1))
    text = str(list(server.message(1).iter_parts())[1].get_content())
    path = re.search(r"(/m/c/[^\"]+)", text)
    assert path is not None
    answer = window.request.get(path[1], headers={"User-Agent": PERSON}, max_redirects=0)
    assert answer.headers["location"].startswith("https://shop.example/sale")


def test_a_campaign_goes_from_a_segment_to_a_click_that_its_results_show(
    sign_in: Callable[..., Page], people: None, mail_server: Keeper
) -> None:
    window = sign_in(colleague("Marketer"))
    build_segment(window)
    write_template(window)
    campaign = plan_campaign(window)
    try_it(window, campaign)
    assert mail_server.recipients == ["me@shop.example"]
    start(window, campaign)
    assert mail_server.recipients == ["ada@example.com", "me@shop.example"]
    window.goto(f"/admin/marketing/campaign/{campaign.pk}/results")
    row = window.get_by_role("row").filter(has=window.get_by_role("cell", name="Clicked", exact=True))
    expect(row).to_contain_text("0.0 %")
    click(window, mail_server)
    expect(row).to_contain_text("100.0 %", timeout=30_000)  # the page renews itself
    expect(window.locator(".campaign-tables")).to_contain_text("https://shop.example/sale")
    drawn = "Chart.getChart(document.querySelector('.report-chart canvas')).data.datasets[0].data"
    assert window.evaluate(drawn)[:4] == [2, 1, 1, 1]
