"""The public form: what visitors send becomes a lead once, from where it may, and tells nobody anything."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from crm.models import User
from customers.models import Consent, Customer, Purpose
from sales import jobs
from sales.models import AssignmentRule, Lead, LeadForm, LeadFormReceipt
from tests.samples import make

pytestmark = pytest.mark.django_db
SITE = "https://www.example.com"
ANSWER = {"name": "Ada Lovelace", "email": "ada@lovelace.example", "message": "A pump, please"}


def a_form(**values: Any) -> LeadForm:
    values = {"name": "Contact", "title": "Talk to us", "allowed_origins": [SITE], **values}
    form = LeadForm(**values)
    form.full_clean()
    form.save()
    return form


def purpose() -> Purpose:
    known = {"channel": "email", "label": "News", "description": "We write to you."}
    return Purpose.objects.update_or_create(name="marketing_email", defaults=known)[0]


def path(form: LeadForm) -> str:
    return f"/forms/{form.key}"


def token_in(answer: Any) -> str:
    found = re.search(r'name="token" value="([^"]+)"', answer.content.decode())
    assert found
    return unescape(found[1])


def test_an_answer_becomes_a_lead_of_a_new_customer() -> None:
    owner = make(User)
    form = a_form(owner=owner, source="landing page")
    answer = Client().post(path(form), ANSWER)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{path(form)}?sent")
    lead = Lead.objects.select_related("customer").get()
    assert (lead.subject, lead.message, lead.source) == ("Contact", "A pump, please", "landing page")
    assert (lead.owner, lead.form, lead.status) == (owner, form, "new")
    assert (lead.customer.name, lead.customer.email) == ("Ada Lovelace", "ada@lovelace.example")
    assert (lead.customer.lifecycle, lead.customer.owner) == ("lead", owner)


def test_who_is_known_is_recognised_and_nobody_can_tell() -> None:
    form = a_form()
    known = make(Customer, name="Ada", email="ada@lovelace.example", phone="")
    answers = [Client().post(path(form), {**ANSWER, "email": email}) for email in (known.email, "new@x.example")]
    assert len({(one.status_code, one.headers["Location"], one.content) for one in answers}) == 1
    known.refresh_from_db()
    assert (known.name, Lead.objects.filter(customer=known).count(), Customer.objects.count()) == ("Ada", 1, 2)


def test_the_thanks_are_shown_or_the_page_that_the_form_names() -> None:
    assert "Until soon" in Client().get(f"{path(a_form(thank_you='Until soon'))}?sent").content.decode()
    there = a_form(name="Other", redirect_url=f"{SITE}/thanks")
    answer = Client().post(path(there), ANSWER)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{SITE}/thanks")
    assert f"form-action 'self' {SITE}" in Client().get(path(there)).headers["Content-Security-Policy"]


def test_what_is_wrong_is_shown_with_what_was_typed() -> None:
    form = a_form(required_fields=["email"])
    answer = Client().post(path(form), {**ANSWER, "email": "not an address"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Ada Lovelace"' in text
    assert 'value="not an address"' in text
    assert "A pump, please</textarea>" in text
    assert 'aria-invalid="true"' in text
    assert not Lead.objects.exists()
    assert not Customer.objects.exists()


def test_a_form_that_was_refused_and_sent_again_is_one_lead() -> None:
    form = a_form()
    token = token_in(Client().get(path(form)))
    refused = Client().post(path(form), {"message": "x", "token": token})
    assert (refused.status_code, Lead.objects.count()) == (422, 0)
    Client().post(path(form), {**ANSWER, "token": token_in(refused)})
    assert Lead.objects.count() == 1


def test_a_double_submit_is_one_lead() -> None:
    form = a_form()
    body = {**ANSWER, "token": token_in(Client().get(path(form)))}
    assert [Client().post(path(form), body).status_code for _time in range(3)] == [303] * 3
    assert Lead.objects.count() == 1
    Client().post(path(form), {**body, "token": token_in(Client().get(path(form)))})
    assert Lead.objects.count() == 2
    Client().post(path(form), {**body, "email": "other@example.com"})
    assert Lead.objects.count() == 3


def test_an_address_that_no_form_can_have_is_not_found() -> None:
    assert Client().get("/forms/a%00b").status_code == 404


def test_the_same_content_without_a_token_is_one_lead_for_some_minutes() -> None:
    form = a_form()
    for message in ("one", "one", "two"):
        Client().post(path(form), {**ANSWER, "message": message})
    assert Lead.objects.count() == 2
    LeadFormReceipt.objects.update(received_at=timezone.now() - timedelta(minutes=11))
    Client().post(path(form), {**ANSWER, "message": "one"})
    assert Lead.objects.count() == 3
    jobs.forget_receipts(0)
    assert LeadFormReceipt.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_double_click_is_one_lead() -> None:
    form = a_form()
    body = {**ANSWER, "token": token_in(Client().get(path(form)))}

    def send(_number: int) -> int:
        try:
            return Client().post(path(form), body).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(send, range(6))) == [303] * 6
    assert (Lead.objects.count(), Customer.objects.count()) == (1, 1)


def test_a_machine_that_fills_the_trap_hears_what_everybody_hears() -> None:
    form = a_form()
    caught = Client().post(path(form), {**ANSWER, "homepage": "https://spam.example"})
    honest = Client().post(path(form), ANSWER)
    assert (caught.status_code, caught.headers["Location"]) == (honest.status_code, honest.headers["Location"])
    assert Lead.objects.count() == 1


def test_consent_is_kept_with_the_text_that_was_shown() -> None:
    form = a_form(purpose=purpose())
    browser = Client(headers={"user-agent": "Browser/1"}, REMOTE_ADDR="203.0.113.9")
    token = token_in(browser.get(path(form)))
    Purpose.objects.update(description="Quite another text.")
    browser.post(path(form), {**ANSWER, "consent": "on", "token": token})
    consent = Consent.objects.get()
    assert (consent.evidence, consent.source, consent.recorded_by) == ("News: We write to you.", "form", None)
    assert (consent.ip_address, consent.user_agent, consent.is_granted) == ("203.0.113.9", "Browser/1", True)
    assert consent.customer == Lead.objects.get().customer


def test_who_does_not_tick_the_box_agrees_to_nothing() -> None:
    form = a_form(purpose=purpose())
    Client().post(path(form), {**ANSWER, "token": token_in(Client().get(path(form)))})
    assert (Lead.objects.count(), Consent.objects.count()) == (1, 0)


@pytest.mark.parametrize("token", ["", "made-up", "of another form"])
def test_consent_to_a_text_that_nobody_showed_is_refused(token: str) -> None:
    form = a_form(purpose=purpose())
    other = a_form(name="Other", purpose=purpose())
    token = token_in(Client().get(path(other))) if token == "of another form" else token
    answer = Client().post(path(form), {**ANSWER, "consent": "on", "token": token})
    assert (answer.status_code, Lead.objects.count(), Consent.objects.count()) == (422, 0, 0)


def test_consent_may_be_required() -> None:
    form = a_form(purpose=purpose(), is_consent_required=True)
    answer = Client().post(path(form), {**ANSWER, "token": token_in(Client().get(path(form)))})
    assert (answer.status_code, Lead.objects.count()) == (422, 0)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": SITE}, 303),
        ({"origin": "http://127.0.0.1:8000"}, 303),
        ({"referer": f"{SITE}/page?x=1"}, 303),
        ({}, 303),
        ({"origin": "https://www.example.com.evil.example"}, 403),
        ({"origin": "http://www.example.com"}, 403),
        ({"origin": "null"}, 403),
        ({"referer": "https://evil.example/https://www.example.com"}, 403),
    ],
)
def test_only_allowed_web_sites_send_the_form(headers: dict[str, str], status: int) -> None:
    form = a_form()
    answer = Client(headers=headers).post(path(form), ANSWER)
    assert (answer.status_code, Lead.objects.count()) == (status, 1 if status == 303 else 0)


def test_only_allowed_web_sites_show_the_form() -> None:
    own, other = a_form(), a_form(name="Alone", allowed_origins=[])
    answer = Client().get(path(own))
    assert f"frame-ancestors {SITE};" in answer.headers["Content-Security-Policy"] + ";"
    assert "frame-ancestors 'none'" in Client().get(path(other)).headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer.headers
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert (answer.headers["Cache-Control"], answer.headers["X-Robots-Tag"]) == ("no-store", "noindex")
    assert "<script" not in answer.content.decode()


def test_a_script_of_an_allowed_web_site_reads_and_sends_the_form() -> None:
    form = a_form(purpose=purpose())
    script = Client(headers={"origin": SITE, "accept": "application/json"})
    asked = script.options(path(form))
    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (204, SITE)
    shown = script.get(path(form)).json()
    assert [one["name"] for one in shown["fields"]] == ["name", "email", "message", "consent"]
    body = {**ANSWER, "consent": True, "token": shown["token"], "utm_source": "x"}
    answer = script.post(path(form), body, content_type="application/json")
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (201, SITE)
    thanks = "Thank you. We will be in touch soon."
    assert answer.json() == {"status": "received", "thank_you": thanks, "redirect_url": None}
    assert (Lead.objects.get().utm, Consent.objects.count()) == ({"utm_source": "x"}, 1)


def test_a_script_of_another_web_site_reads_nothing() -> None:
    answer = Client(headers={"origin": "https://evil.example"}).options(path(a_form()))
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_script_hears_what_is_wrong_field_by_field() -> None:
    answer = Client().post(path(a_form()), {"email": "x"}, content_type="application/json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    entry = {"pointer": "/email", "code": "invalid", "detail": "Enter a valid email address."}
    assert answer.json()["errors"] == [entry]


@pytest.mark.parametrize("body", ["[]", "{", '{"name": 5}', '{"owner": "x"}', '{"name": {"a": 1}}'])
def test_a_body_that_cannot_be_read_is_refused(body: str) -> None:
    answer = Client().post(path(a_form()), body, content_type="application/json")
    assert (answer.status_code, Lead.objects.count()) == (400, 0)


def test_a_form_takes_so_many_answers_a_minute(settings: Any) -> None:
    settings.RATE_LIMIT_FORM = 2
    form = a_form()
    answers = [Client(REMOTE_ADDR=f"203.0.113.{n}").post(path(form), {**ANSWER, "name": f"{n}"}) for n in range(3)]
    assert ([one.status_code for one in answers], Lead.objects.count()) == ([303, 303, 429], 2)


def test_an_address_that_sends_too_often_has_to_wait(settings: Any) -> None:
    settings.RATE_LIMIT_ADDRESS = 2
    form = a_form()
    answers = [Client().post(path(form), {**ANSWER, "message": f"{n}"}).status_code for n in range(3)]
    assert (answers, Lead.objects.count()) == ([303, 303, 429], 2)


def test_a_form_that_is_not_in_use_looks_like_none() -> None:
    retired = a_form(is_active=False)
    answers = [Client().post(one, ANSWER) for one in (path(retired), "/forms/nothing")]
    assert ([one.status_code for one in answers], len({one.content for one in answers})) == ([404, 404], 1)
    assert not Lead.objects.exists()


def test_parameters_of_the_campaign_are_kept() -> None:
    form = a_form()
    page = Client().get(f"{path(form)}?utm_source=news&utm_campaign=<b>&other=1").content.decode()
    hidden = dict(re.findall(r'type="hidden" name="(utm_\w+)" value="([^"]*)"', page))
    assert hidden == {"utm_source": "news", "utm_campaign": "&lt;b&gt;"}
    Client().post(path(form), {**ANSWER, "utm_source": "news", "utm_campaign": "x" * 300})
    assert Lead.objects.get().utm == {"utm_source": "news", "utm_campaign": "x" * 200}


def test_what_the_data_refuse_is_shown_too(settings: Any) -> None:
    form = a_form(asked_fields=["name", "phone"])
    answer = Client().post(path(form), {"name": "A\x07da", "phone": "1"})
    assert (answer.status_code, Lead.objects.count()) == (422, 0)


def test_the_rules_say_whose_a_lead_is() -> None:
    form, chosen = a_form(), make(User)
    AssignmentRule.objects.create(name="Form", form=form, method="user", user=chosen)
    Client().post(path(form), ANSWER)
    Client().post(path(a_form(name="Other")), {**ANSWER, "message": "2"})
    assert list(Lead.objects.order_by("created_at").values_list("owner", flat=True)) == [chosen.pk, None]
