"""Applications that are switched off, on again, and deleted."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from crm.auth.applications import IsFirstParty, remove, switch
from crm.models import Application, Change, DeviceGrant, Grant
from customers.models import Customer
from tests.crm.auth.conftest import CALLBACK, SECRET
from tests.crm.auth.flows import DEVICE, VERIFIER, allow, exchanged, me, query, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


def refreshed(server: str, application: Application, token: str) -> requests.Response:
    data = {"grant_type": "refresh_token", "refresh_token": token}
    return requests.post(f"{server}/o/token", data, auth=(application.client_id, SECRET), timeout=60)


def test_what_an_application_holds_counts_only_while_it_is_on(
    server: str, web: Application, session: Any, person: Any
) -> None:
    token = exchanged(server, web, session, person)
    switch(application=web, is_active=False, by=person)
    assert me(server, token["access_token"]).status_code == 401
    assert refreshed(server, web, token["refresh_token"]).json()["error"] == "invalid_client"
    switch(application=web, is_active=True, by=person)
    assert me(server, token["access_token"]).json()["username"] == person.username
    assert refreshed(server, web, token["refresh_token"]).status_code == 200


def test_a_code_is_not_exchanged_while_the_application_is_off(
    server: str, web: Application, session: Any, person: Any
) -> None:
    code = allow(person, web)["code"]
    program = session(web, redirect_uri=CALLBACK)
    switch(application=web, is_active=False, by=person)
    with pytest.raises(OAuthError, match="invalid_client"):
        program.fetch_token(f"{server}/o/token", code=code, code_verifier=VERIFIER)
    assert not AccessToken.objects.exists()
    switch(application=web, is_active=True, by=person)
    assert program.fetch_token(f"{server}/o/token", code=code, code_verifier=VERIFIER)["access_token"]


def test_nobody_lets_an_application_in_that_is_off(server: str, web: Application, person: Any) -> None:
    switch(application=web, is_active=False, by=person)
    answer = signed_in(person).get("/o/authorize", query(web))
    assert answer.status_code == 400
    assert answer.context["error"].error == "invalid_request"


def test_a_program_that_acts_for_itself_gets_nothing_while_it_is_off(
    server: str, robot: Application, session: Any, person: Any
) -> None:
    switch(application=robot, is_active=False, by=person)
    with pytest.raises(OAuthError, match="invalid_client"):
        session(robot).fetch_token(f"{server}/o/token", grant_type="client_credentials")
    assert not AccessToken.objects.exists()


def test_a_device_of_an_application_that_is_off_is_not_let_in(server: str, register: Any, person: Any) -> None:
    screen = register(DEVICE, client_type="public", redirect_uris="")
    asked = requests.post(f"{server}/o/device-authorization", {"client_id": screen.client_id}, timeout=60).json()
    switch(application=screen, is_active=False, by=person)
    answer = signed_in(person).post("/o/device", {"user_code": asked["user_code"], "decision": "allow"})
    assert answer.status_code == 400
    assert DeviceGrant.objects.get().status == DeviceGrant.AUTHORIZATION_PENDING
    data = {"grant_type": DEVICE, "device_code": asked["device_code"], "client_id": screen.client_id}
    assert requests.post(f"{server}/o/token", data, timeout=60).json()["error"] == "invalid_client"
    again = requests.post(f"{server}/o/device-authorization", {"client_id": screen.client_id}, timeout=60)
    assert (again.status_code, "device_code" in again.json()) == (400, False)


def test_introspection_calls_the_token_of_an_application_that_is_off_inactive(
    server: str, web: Application, robot: Application, session: Any, person: Any
) -> None:
    token = session(robot).fetch_token(f"{server}/o/token", grant_type="client_credentials")["access_token"]
    switch(application=robot, is_active=False, by=person)
    asked = requests.post(f"{server}/o/introspect", {"token": token}, auth=(web.client_id, SECRET), timeout=60)
    assert asked.json() == {"active": False}


def test_the_api_of_ones_own_sign_in_is_never_off(person: Any) -> None:
    own = Application.objects.get(client_id="crm")
    with pytest.raises(IsFirstParty):
        switch(application=own, is_active=False, by=person)
    with pytest.raises(IsFirstParty):
        remove(application=own, by=person)
    own.refresh_from_db()
    assert own.is_active


def test_a_registration_of_an_application_that_is_off_cannot_be_changed(settings: Any, person: Any) -> None:
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "DCR_ENABLED": True}
    settings.INITIAL_ACCESS_TOKEN = "let-me-in-for-the-first-time"
    client = Client(headers={"Authorization": f"Bearer {settings.INITIAL_ACCESS_TOKEN}"})
    body = {"client_name": "Shop", "redirect_uris": ["https://shop.example/"]}
    made = client.post("/o/register", body, "application/json").json()
    switch(application=Application.objects.get(client_id=made["client_id"]), is_active=False, by=person)
    own = Client(headers={"Authorization": f"Bearer {made['registration_access_token']}"})
    changed = {**body, "client_name": "Another"}
    assert own.put(f"/o/register/{made['client_id']}/", changed, "application/json").status_code == 401
    assert Application.objects.get(client_id=made["client_id"]).name == "Shop"


def test_a_deleted_application_leaves_nothing_behind(server: str, web: Application, session: Any, person: Any) -> None:
    token = exchanged(server, web, session, person)["access_token"]
    allow(person, web)
    codes = {"device_code": "d", "user_code": "u", "interval": 5, "expires": timezone.now()}
    DeviceGrant.objects.create(client_id=web.client_id, **codes)
    DeviceGrant.objects.create(client_id="another", **codes | {"device_code": "e", "user_code": "v"})
    remove(application=web, by=person)
    assert me(server, token).status_code == 401
    for kind in (AccessToken, RefreshToken, Grant):
        assert not kind.objects.exists(), kind
    assert list(DeviceGrant.objects.values_list("client_id", flat=True)) == ["another"]
    assert list(Application.objects.values_list("client_id", flat=True)) == ["crm"]


def test_the_history_names_a_deleted_application_as_before(
    server: str, web: Application, session: Any, person: Any
) -> None:
    token = exchanged(server, web, session, person, scope="customers:write")["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    body = {"kind": "person", "name": "Ann"}
    made = requests.post(f"{server}/api/v1/customers", json=body, headers=headers, timeout=60).json()
    remove(application=web, by=person)
    change = Change.objects.get(record=made["id"], action="created")
    assert (change.application, change.user_id) == (web.client_id, person.pk)
    assert Customer.objects.get(pk=made["id"]).name == "Ann"
