"""The pages where everybody changes their own password."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from crm.models import User
from tests.staff import PASSWORD, colleague, signed_in

pytestmark = pytest.mark.django_db
PAGES = ("/account/password", "/admin/password_change/")
NEW = "another-battery-staple"


def said(old: str = PASSWORD, new: str = NEW, again: str = "") -> dict[str, str]:
    return {"old_password": old, "new_password1": new, "new_password2": again or new}


def test_who_is_no_staff_finds_the_page_and_changes_the_password(make_user: Any) -> None:
    user = make_user("Marketer", password=PASSWORD)
    client = signed_in(user)
    assert 'href="/account/password"' in client.get("/account/applications").content.decode()
    assert client.get("/account/password").status_code == 200
    done = client.post("/account/password", said(), follow=True)
    assert "You are still signed in here, and nowhere else." in done.content.decode()
    assert User.objects.get(pk=user.pk).check_password(NEW)


@pytest.mark.parametrize("page", PAGES)
def test_who_is_not_signed_in_is_asked_to(page: str) -> None:
    assert Client().post(page, said()).status_code == 302
    assert "sign-in" in Client().get("/account/password").headers["Location"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (said(old="wrong-horse-battery"), "Your old password was entered incorrectly"),
        (said(new="short-horse"), "at least 12 characters"),
        (said(new="qwerty123456"), "too common"),
        (said(new="926418205873415"), "entirely numeric"),
        (said(new="colleague-of-mine"), "too similar"),
        (said(again="another-battery-stable"), "didn’t match"),
    ],
    ids=["old", "short", "common", "numeric", "similar", "different"],
)
def test_a_password_that_will_not_do_is_refused(page: str, fields: dict[str, str], text: str) -> None:
    user = colleague("Auditor", first_name="Colleague of mine")
    client = signed_in(user)
    answer = client.post(page, fields)
    assert (answer.status_code, text in answer.content.decode()) == (200, True)
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
    assert client.get("/account/password").status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_who_tries_old_passwords_has_to_wait(page: str) -> None:
    user = colleague("Auditor")
    client = signed_in(user)
    for number in range(5):
        client.post(page, said(old=f"wrong-horse-{number}"))
    assert client.post(page, said()).status_code == 429
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)


def test_the_page_speaks_chinese_and_holds_to_the_strict_policy() -> None:
    answer = signed_in(colleague("Auditor"), language="zh-hans").get("/account/password")
    text = answer.content.decode()
    assert "修改您的密码" in text
    assert "旧密码" in text
    assert "script-src 'self'; style-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "style=" not in text
    assert answer.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")


def test_a_form_from_elsewhere_changes_no_password() -> None:
    user = colleague("Auditor")
    client = Client(enforce_csrf_checks=True)
    client.force_login(user, backend="crm.auth.accounts.Accounts")
    for page in PAGES:
        assert client.post(page, said()).status_code == 403
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
