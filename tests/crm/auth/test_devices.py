from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone
from oauth2_provider.models import AccessToken

from crm.models import DeviceGrant
from tests.crm.auth.flows import DEVICE, SCOPES, me, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(register: Any) -> Any:
    return register(DEVICE, client_type="public", redirect_uris="")


def start(server: str, box: Any) -> dict[str, Any]:
    data = {"client_id": box.client_id, "scope": SCOPES}
    answer = requests.post(f"{server}/o/device-authorization", data=data, timeout=60)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def poll(server: str, box: Any, code: str) -> tuple[int, dict[str, Any]]:
    data = {"grant_type": DEVICE, "client_id": box.client_id, "device_code": code}
    answer = requests.post(f"{server}/o/token", data=data, timeout=60)
    return answer.status_code, answer.json()


def test_a_device_is_let_in_by_its_code(server: str, box: Any, person: Any) -> None:
    given = start(server, box)
    assert given["verification_uri"] == f"{server}/o/device"
    assert DeviceGrant.objects.get().device_code == hashlib.sha256(given["device_code"].encode()).hexdigest()
    assert poll(server, box, given["device_code"])[1]["error"] == "authorization_pending"
    browser = signed_in(person)
    code = f"{given['user_code'][:4].lower()}-{given['user_code'][4:]}"
    assert "See customers" in browser.post("/o/device", {"user_code": code}).content.decode()
    browser.post("/o/device", {"user_code": code, "decision": "allow"})
    status, token = poll(server, box, given["device_code"])
    assert (status, token["scope"]) == (200, SCOPES)
    assert me(server, token["access_token"]).json()["username"] == person.username
    assert poll(server, box, given["device_code"])[1]["error"] == "invalid_grant"


def test_a_device_refused_is_told_so(server: str, box: Any, person: Any) -> None:
    given = start(server, box)
    signed_in(person).post("/o/device", {"user_code": given["user_code"], "decision": "deny"})
    assert poll(server, box, given["device_code"]) == (400, {"error": "access_denied"})
    assert not AccessToken.objects.exists()


def test_a_device_that_waits_too_long_or_asks_too_often_is_told_so(server: str, box: Any, settings: Any) -> None:
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "DEVICE_FLOW_INTERVAL": 5}
    given = start(server, box)
    assert poll(server, box, given["device_code"])[1]["error"] == "slow_down"
    DeviceGrant.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert poll(server, box, given["device_code"])[1]["error"] == "expired_token"
    assert poll(server, box, "unknown")[1]["error"] == "invalid_grant"
    assert poll(server, box, "")[1]["error"] == "invalid_request"


def test_only_programs_registered_for_devices_get_codes(server: str, web: Any, box: Any) -> None:
    for client, error in (
        (web.client_id, "unauthorized_client"),
        ("unknown", "invalid_request"),
        ("", "invalid_request"),
    ):
        answer = requests.post(f"{server}/o/device-authorization", data={"client_id": client}, timeout=60)
        assert answer.status_code in {400, 401}
        assert error in answer.json()["error"]
    assert not DeviceGrant.objects.exists()


def test_a_wrong_user_code_opens_nothing(server: str, box: Any, person: Any) -> None:
    start(server, box)
    for code in ("WRONG", "", "\0", "x" * 500):
        assert signed_in(person).post("/o/device", {"user_code": code, "decision": "allow"}).status_code == 400
    assert DeviceGrant.objects.get().status == DeviceGrant.AUTHORIZATION_PENDING
