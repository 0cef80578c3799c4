"""Applications that register themselves: they act for nobody who did not let them in."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from crm.models import Application
from tests.crm.auth.flows import DEVICE, signed_in

pytestmark = pytest.mark.django_db
INITIAL = "let-me-in-for-the-first-time"
BODY = {"client_name": "Shop", "redirect_uris": ["https://shop.example/"]}


@pytest.fixture(autouse=True)
def is_open(settings: Any) -> None:
    """Let applications register themselves."""
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "DCR_ENABLED": True}
    settings.INITIAL_ACCESS_TOKEN = INITIAL


def bearer(token: str) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token}"}, "content_type": "application/json"}


def registered(client: Client | None = None, **said: Any) -> Any:
    return (client or Client()).post("/o/register", {**BODY, **said}, **bearer(INITIAL))


def changed(made: Any, **said: Any) -> Any:
    client = Client(enforce_csrf_checks=True)
    return client.put(
        f"/o/register/{made['client_id']}/", {**BODY, **said}, **bearer(made["registration_access_token"])
    )


@pytest.mark.parametrize("grant", ["client_credentials", "password", "implicit"])
def test_no_application_registers_to_act_without_being_let_in(make_user: Any, grant: str) -> None:
    for client in (Client(), signed_in(make_user("Administrator"))):
        answer = registered(client, grant_types=[grant])
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert not Application.objects.filter(name="Shop").exists()


@pytest.mark.parametrize("grant", ["authorization_code", DEVICE])
def test_an_application_that_people_let_in_is_nobodys_who_registers_it(make_user: Any, grant: str) -> None:
    made = registered(signed_in(make_user("Administrator")), grant_types=[grant])
    assert made.status_code == 201
    assert Application.objects.get(client_id=made.json()["client_id"]).user is None


@pytest.mark.parametrize("grant", ["client_credentials", "password", "implicit"])
def test_a_registration_never_becomes_one_that_acts_without_being_let_in(make_user: Any, grant: str) -> None:
    made = registered().json()
    Application.objects.filter(client_id=made["client_id"]).update(user=make_user("Administrator"))
    assert changed(made, grant_types=[grant]).status_code == 400
    after = Application.objects.get(client_id=made["client_id"])
    assert after.authorization_grant_type == "authorization-code"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ({"client_name": "Shop 2"}, 1),
        ({"redirect_uris": ["https://mole.example/"]}, 0),
        ({"token_endpoint_auth_method": "none"}, 0),
    ],
)
def test_who_let_it_in_is_asked_again_where_others_could_get_in(make_user: Any, said: Any, left: int) -> None:
    made = registered().json()
    held = {"user": make_user("Sales manager"), "application": Application.objects.get(client_id=made["client_id"])}
    AccessToken.objects.create(token="a", token_checksum="a", expires=timezone.now(), **held)
    RefreshToken.objects.create(token="r", token_checksum="r", **held)
    again = changed(made, **said)
    assert again.status_code == 200
    assert AccessToken.objects.filter(**held).count() == left
    assert RefreshToken.objects.filter(**held, revoked=None).count() == left
    assert changed(again.json(), **said).status_code == 200


@pytest.mark.parametrize(
    "body", [b'{"client_name": "a\\u0000"}', b'{"client_name": "\\ud800"}', b"[" * 100_000, b"{", b"7"]
)
def test_metadata_that_cannot_be_kept_is_refused(body: bytes) -> None:
    answer = Client().post("/o/register", body, **bearer(INITIAL))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert list(Application.objects.values_list("client_id", flat=True)) == ["crm"]


def test_a_registration_that_nobody_can_have_is_unknown() -> None:
    assert Client().get("/o/register/a%00b/", **bearer("x")).status_code == 401
