"""The preferences page: whoever has the link sees and changes their own consent, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from crm.privacy.actions import erase_person
from customers.actions import grant_consent, revoke_preferences_links
from customers.models import Consent, Customer, Purpose
from customers.preferences import SALT, link_for
from tests.samples import make

pytestmark = pytest.mark.django_db
WORDS = {
    "channel": "email",
    "label": "News",
    "label_zh": "资讯",
    "description": "We write.",
    "description_zh": "我们写信。",
}


@pytest.fixture(autouse=True)
def purposes() -> list[Purpose]:
    Purpose.objects.all().delete()
    return [Purpose.objects.create(name=name, **WORDS) for name in ("marketing_email", "sms")]


@pytest.fixture
def customer() -> Customer:
    return make(Customer, name="Ada Lovelace", email="ada@lovelace.example")  # type: ignore[no-any-return]


def path(customer: Customer) -> str:
    return link_for(customer).removeprefix("http://127.0.0.1:8000")


def test_the_page_shows_purposes_and_little_of_the_customer(customer: Customer) -> None:
    text = Client().get(path(customer)).content.decode()
    assert (text.count('type="checkbox"'), text.count("checked")) == (2, 0)
    assert "a•••@l•••.example" in text
    assert "Ada" not in text
    assert "ada@" not in text


def test_what_is_chosen_is_recorded_with_its_evidence(customer: Customer) -> None:
    browser = Client(headers={"user-agent": "Browser/1", "accept-language": "en"}, REMOTE_ADDR="203.0.113.9")
    answer = browser.post(path(customer), {"purpose": ["sms", "no_such"]})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{path(customer)}?saved")
    consent = Consent.objects.get()
    assert (consent.purpose.name, consent.is_granted, consent.source) == ("sms", True, "preferences")
    assert (consent.evidence, consent.ip_address, consent.user_agent) == ("News: We write.", "203.0.113.9", "Browser/1")
    assert consent.recorded_by is None
    assert browser.get(path(customer)).content.decode().count("checked") == 1


def test_the_same_choice_twice_is_recorded_once(customer: Customer) -> None:
    for _time in range(2):
        Client().post(path(customer), {"purpose": "sms"})
    assert Consent.objects.count() == 1


def test_all_is_withdrawn_at_once(customer: Customer, purposes: list[Purpose]) -> None:
    for purpose in purposes:
        grant_consent(customer=customer, purpose=purpose, source="form", by=None)
    Client().post(path(customer), {"purpose": ["sms"], "withdraw": "all"})
    assert not Customer.objects.consenting("sms").exists()
    assert list(Consent.objects.newest().values_list("is_granted", flat=True)) == [False, False]


def test_a_form_from_elsewhere_changes_nothing(customer: Customer) -> None:
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(path(customer), {"purpose": "sms"}).status_code == 403
    assert not Consent.objects.exists()


def test_wrong_and_revoked_links_look_alike(customer: Customer) -> None:
    revoked = path(customer)
    revoke_preferences_links(customer=customer)
    nobody = signing.dumps([uuid4().hex, 1], salt=SALT)
    other = signing.dumps([customer.pk.hex, 2], salt="another")
    answers = [Client().get(one) for one in (revoked, *(f"/preferences/{key}" for key in ("x", nobody, other)))]
    assert {one.status_code for one in answers} == {404}
    assert len({one.content for one in answers}) == 1
    assert Client().get(path(customer)).status_code == 200


def test_nothing_is_recorded_of_who_was_erased(customer: Customer, integration: Any) -> None:
    address = path(customer)
    erase_person(customer=customer, by=integration, reason="Asked for it.")
    assert Client().post(address, {"purpose": "sms"}).status_code == 404
    assert not Consent.objects.exists()


def test_an_old_link_has_expired(customer: Customer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    address = path(customer)
    settings.PREFERENCES_LINK_DAYS = 1
    assert Client().get(address).status_code == 200
    later = timezone.now().timestamp() + 2 * 24 * 3600
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    answer = Client().post(address, {"purpose": "sms"})
    assert (answer.status_code, Consent.objects.exists()) == (410, False)


def test_where_the_setting_says_so_links_work_for_ever(
    api_client: Any, integration: Any, customer: Customer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PREFERENCES_LINK_DAYS = 0
    client = api_client(integration, "customers:read", "customers:write")
    made = client.post(f"/api/v1/customers/{customer.pk}/preferences-link").json()
    assert made["expires_at"] is None
    later = timezone.now().timestamp() + 9000 * 24 * 3600
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    assert Client().get(made["url"]).status_code == 200


@pytest.mark.parametrize("address", ["good", "/preferences/x"])
def test_nobody_else_is_to_keep_find_or_hear_of_the_page(customer: Customer, address: str) -> None:
    answer = Client().get(path(customer) if address == "good" else address)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_an_address_that_asks_too_often_has_to_wait(customer: Customer, settings: Any) -> None:
    settings.RATE_LIMIT_ADDRESS = 2
    answers = [Client().post(path(customer), {"purpose": "sms"}).status_code for _time in range(3)]
    assert answers == [302, 302, 429]


@pytest.mark.parametrize(
    ("language", "browser", "expected"),
    [("zh-Hans", "en", "资讯"), ("en-GB", "zh-hans", "News"), ("de", "zh-hans", "资讯"), ("", "en", "News")],
)
def test_the_page_speaks_the_customers_language(language: str, browser: str, expected: str) -> None:
    customer = make(Customer, language=language)
    answer = Client(headers={"accept-language": browser}).get(path(customer))
    assert expected in answer.content.decode()
    chosen = Client(headers={"accept-language": browser})
    chosen.cookies["django_language"] = "zh-hans"
    assert "资讯" in chosen.get(path(customer)).content.decode()


def test_staff_get_the_link_and_revoke_it(api_client: Any, integration: Any, customer: Customer) -> None:
    client = api_client(integration, "customers:read", "customers:write")
    address = f"/api/v1/customers/{customer.pk}/preferences-link"
    made = client.post(address).json()
    left = datetime.fromisoformat(made["expires_at"]) - timezone.now()
    assert (round(left / timedelta(days=1)), Client().get(made["url"]).status_code) == (365, 200)
    assert client.delete(address).status_code == 204
    assert Client().get(made["url"]).status_code == 404


def test_a_link_for_a_customer_out_of_sight_is_not_made(api_client: Any, make_user: Any, make_team: Any) -> None:
    customer = make(Customer)
    client = api_client(make_user("Sales representative", team=make_team()), "customers:read", "customers:write")
    assert client.post(f"/api/v1/customers/{customer.pk}/preferences-link").status_code == 404
    assert client.get(f"/api/v1/customers/{customer.pk}/consents").status_code == 404
