"""The API says what there is in it to who knows only where it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings

from tests.resources import RESOURCES, scope_to_read

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db


def listed(client: Client) -> dict[str, Any]:
    return {row["name"]: row for row in client.get("/api/v1").json()["results"]}


def test_every_resource_is_listed_with_its_address_and_scope(client: Client) -> None:
    found = {row["url"].removeprefix(settings.BASE_URL): row["scopes"]["read"] for row in listed(client).values()}
    assert {path: found.get(path) for path in RESOURCES} == {path: scope_to_read(path) for path in RESOURCES}
    assert {name for name in found if name not in RESOURCES and "/reports/" not in name} == {
        "/api/v1/changes",
        "/api/v1/customers/duplicates",
        "/api/v1/me",
        "/api/v1/reports",
    } - set(RESOURCES)


@pytest.mark.parametrize(
    ("name", "scopes"),
    [
        ("customers", {"read": "customers:read", "write": "customers:write"}),
        ("orders", {"read": "sales:read", "write": "sync:run"}),
        ("pipelines", {"read": "sales:read", "write": "sales:write"}),
        ("imports", {"read": "imports:manage", "write": "imports:manage"}),
        ("changes", {"read": "changes:read", "write": None}),
        ("stage-changes", {"read": "sales:read", "write": None}),
        ("me", {"read": "", "write": None}),
        ("reports/win-rate", {"read": "sales:read", "write": None}),
    ],
)
def test_scopes_are_those_that_the_operations_ask_for(client: Client, name: str, scopes: dict[str, Any]) -> None:
    assert listed(client)[name]["scopes"] == scopes


def test_it_is_read_as_xml_too_and_by_anybody(client: Client) -> None:
    answer = client.get("/api/v1", headers={"Accept": "application/xml", "Authorization": "Bearer nonsense"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/xml")
    assert f"<url>{settings.BASE_URL}/api/v1/customers</url>" in answer.text


def test_an_unknown_parameter_is_refused(client: Client) -> None:
    assert client.get("/api/v1?no_such=1").json()["errors"][0]["parameter"] == "no_such"
