"""A visitor without scripts, on a phone, fills in a form, and a colleague finds the lead; managers set the form up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from customers.models import Consent, Purpose
from sales.models import AssignmentRule, Lead, LeadForm, ScoreRule
from tests.browser.layout import fits
from tests.crm.auth.conftest import at
from tests.samples import make
from tests.staff import colleague, page, team

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(locale="en-US", java_script_enabled=False, viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


@pytest.fixture
def form(live_server: Any, settings: Any) -> LeadForm:
    at(settings, live_server.url)
    words = {"channel": "email", "label": "News", "description": "We write to you."}
    purpose, _made = Purpose.objects.update_or_create(name="marketing_email", defaults=words)
    fields = ["name", "email", "country", "message"]
    known = {"name": "Contact", "title": "Talk to us", "introduction": "We answer within a day.", "purpose": purpose}
    return make(LeadForm, **known, asked_fields=fields, required_fields=["name", "email"])  # type: ignore[no-any-return]


def test_a_visitor_fills_in_the_form_and_a_manager_finds_the_lead(phone: Page, form: LeadForm, sign_in: Any) -> None:
    manager = colleague("Sales manager", team=team("North"))
    make(AssignmentRule, name="All", method="user", user=manager)
    phone.goto(f"{form.address}?utm_source=news")
    phone.fill("[name=name]", "Ada Lovelace")
    phone.fill("[name=email]", "ada")
    phone.click("button.primary")
    assert phone.locator("#id_email_error").inner_text() == "Enter a valid email address."
    assert phone.input_value("[name=name]") == "Ada Lovelace"
    phone.fill("[name=email]", "ada@lovelace.example")
    phone.select_option("[name=country]", "DE")
    phone.check("[name=consent]")
    phone.click("button.primary")
    assert phone.locator("[role=status]").inner_text() == "Thank you. We will be in touch soon."
    lead = Lead.objects.get()
    assert (lead.owner, lead.utm, lead.customer.country) == (manager, {"utm_source": "news"}, "DE")
    assert Consent.objects.get().evidence == "News: We write to you."


@pytest.mark.parametrize("width", [1280, 390])
def test_managers_see_the_form_and_the_rules(sign_in: Any, form: LeadForm, width: int) -> None:
    make(ScoreRule, name="Free address", field="email_kind", operator="is", value="free", points=-10)
    make(AssignmentRule, name="Asia", method="load", team=team("Asia"), countries=["CN", "JP"])
    screen = sign_in(colleague("Sales manager"), width=width, language="zh-CN" if width == 390 else "en-US")
    screen.goto(page(form, "preview"))
    assert "<iframe" in screen.locator("textarea[readonly]").first.input_value()
    for model in (LeadForm, ScoreRule, AssignmentRule):
        screen.goto(page(model, "changelist"))
        assert screen.locator("#result_list tbody tr").count() == 1
        screen.goto(page(model, "add"))
        assert fits(screen)
