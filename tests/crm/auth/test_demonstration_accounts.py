"""Accounts whose passwords everyone knows are let in for development only, by whatever door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crm import checks, demonstration
from crm.auth.sessions import begin
from crm.models import User
from tests.demonstration import data, made

if TYPE_CHECKING:
    from django.test import Client

__all__ = ["data", "made"]
pytestmark = pytest.mark.django_db
PROGRAM = {"client_id": demonstration.CLIENT_ID, "client_secret": demonstration.CLIENT_SECRET}
FORM = {"username": "emma", "password": demonstration.PASSWORD}


def by_token(client: Client, user: User) -> int:
    token = begin(user=user, scopes=("customers:read",)).access_token
    return client.get("/api/v1/customers", headers={"authorization": f"Bearer {token}"}).status_code


def test_no_demonstration_account_signs_in_where_the_crm_is_not_for_development(
    data: None, client: Client, settings: Any
) -> None:
    settings.SERVES_DEMONSTRATION = False
    assert client.post("/admin/login/?next=/admin/", FORM).status_code == 200
    assert "_auth_user_id" not in client.session
    answer = client.post("/api/v1/auth/token", FORM, content_type="application/json")
    assert answer.status_code == 401
    answer = client.post("/o/token/", {**PROGRAM, "grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


def test_what_they_were_let_in_for_before_ends(data: None, client: Client, settings: Any) -> None:
    emma = User.objects.get(username="emma")
    pair = begin(user=emma, scopes=("customers:read",))
    client.force_login(emma, backend="crm.auth.accounts.Accounts")
    assert (client.get("/admin/").status_code, by_token(client, emma)) == (200, 200)
    settings.SERVES_DEMONSTRATION = False
    assert (client.get("/admin/").status_code, by_token(client, emma)) == (302, 401)
    body = {"refresh_token": pair.refresh_token}
    assert client.post("/api/v1/auth/refresh", body, content_type="application/json").status_code == 401


def test_others_are_served_beside_them(data: None, client: Client, settings: Any, make_user: Any) -> None:
    settings.SERVES_DEMONSTRATION = False
    other = make_user("Sales representative", is_staff=True)
    client.force_login(other, backend="crm.auth.accounts.Accounts")
    assert (client.get("/admin/").status_code, by_token(client, other)) == (200, 200)


@pytest.mark.parametrize("serves", ["", "yes"])
def test_the_server_says_loudly_that_it_refuses_them(data: None, settings: Any, caplog: Any, serves: str) -> None:
    settings.SERVES_DEMONSTRATION = bool(serves)
    checks.warn_of_demonstration_accounts()
    assert ("Nobody can sign in with them here" in caplog.text) is not bool(serves)


def test_readyz_says_that_they_are_there_where_nobody_may_use_them(data: None, client: Client, settings: Any) -> None:
    assert "demonstration" not in client.get("/readyz").json()
    settings.SERVES_DEMONSTRATION = False
    assert client.get("/readyz").json()["demonstration"] == "present"
    demonstration.remove()
    assert "demonstration" not in client.get("/readyz").json()
