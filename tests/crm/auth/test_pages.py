from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client
from oauth2_provider.models import AccessToken

from crm.models import User
from tests.crm.auth.flows import signed_in

pytestmark = pytest.mark.django_db
PAGES = ("/account/applications", "/o/device", "/o/authorize")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_to_sign_in_first(page: str) -> None:
    answer = Client().get(page)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/account/sign-in?next={page}"


@pytest.mark.parametrize("target", ["https://attacker.example/", "//attacker.example", "/\\attacker.example", "x:y"])
def test_a_sign_in_leads_to_this_host_only(make_user: Any, target: str) -> None:
    user = make_user(password="correct-horse-battery")
    body = {"username": user.username, "password": "correct-horse-battery", "next": target}
    answer = Client().post("/account/sign-in", body)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/account/applications")


def test_the_pages_hold_to_the_strict_policy() -> None:
    answer = Client().get("/account/sign-in")
    assert "script-src 'self'; style-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.content.decode()
    assert "style=" not in answer.content.decode()


def test_people_withdraw_what_they_gave_and_nobody_elses(person: Any, token_for: Any, make_user: Any) -> None:
    stranger = make_user()
    token_for(person, "customers:read")
    token_for(stranger, "customers:read")
    client = signed_in(person)
    shown = client.get("/account/applications").content.decode()
    assert "See customers, their addresses and the history with them" in shown
    number = AccessToken.objects.filter(user=person).values_list("application", flat=True).get()
    assert client.get(f"/account/applications/{number}/withdraw").status_code == 405
    client.post(f"/account/applications/{number}/withdraw")
    assert list(AccessToken.objects.values_list("user", flat=True)) == [stranger.pk]
    assert "None." in client.get("/account/applications").content.decode()


def test_a_form_from_elsewhere_is_refused(person: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person, backend="crm.auth.accounts.Accounts")
    for address in ("/account/applications/1/withdraw", "/o/device", "/o/authorize", "/account/sign-out"):
        assert client.post(address).status_code == 403, address


def test_the_trail_says_who_did_what_and_no_secret(
    caplog: pytest.LogCaptureFixture, make_user: Any, client_without_token: Any
) -> None:
    caplog.set_level(logging.INFO, "crm.audit")
    user = make_user("Auditor", password="correct-horse-battery")
    body = {"username": user.username, "password": "correct-horse-battery"}
    tokens = client_without_token.post("/api/v1/auth/token", body).json()
    client_without_token.post("/api/v1/auth/token", {**body, "password": "wrong-horse"})
    User.objects.get(pk=user.pk).groups.clear()
    trail = [record.__dict__["event"] for record in caplog.records if record.name == "crm.audit"]
    assert trail == ["account_made", "rights_changed", "signed_in", "token", "sign_in_failed", "rights_changed"]
    for secret in ("correct-horse", "wrong-horse", tokens["access_token"], tokens["refresh_token"]):
        assert secret not in caplog.text


def test_the_trail_follows_accounts(caplog: pytest.LogCaptureFixture, make_user: Any) -> None:
    user = make_user()
    caplog.set_level(logging.INFO, "crm.audit")
    caplog.clear()
    user.is_superuser, user.first_name = True, "Ann"
    user.set_password("correct-horse-battery")
    user.save()
    user.save()
    (line,) = [record.__dict__ for record in caplog.records]
    assert (line["event"], line["user"], line["what"]) == (
        "account_changed",
        str(user.pk),
        "is_superuser True, password",
    )
