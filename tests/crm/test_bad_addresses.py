"""Addresses and parameters that no client should send: each a clear problem, nothing written."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.refusals import CUSTOMERS, refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(api_client: Any, integration: Any) -> Any:
    return api_client(integration, "customers:read", "customers:write")


@pytest.mark.parametrize(
    "query",
    [
        "search=%00",
        "search=%ff%fe",
        "search=" + "a" * 201,
        "name=%00",
        "name=%ed%a0%80",
        "email=" + "a" * 300,
        "limit=0",
        "limit=201",
        "limit=1e2",
        "limit=٣",
        "limit=" + "9" * 1000,
        "limit=1&limit=1",
        "cursor=%00",
        "cursor=!",
        "fields=",
        "fields=name,name",
        "fields=name,no_such",
        "expand=owner.team.manager",
        "expand=name",
        "ordering=email",
        "ordering=name,name",
        "count=maybe",
        "created_at__gt=2026-02-30T00:00:00Z",
        "is_active=yes",
        "organization=1",
        "id__in=1",
        "id__in=" + ",".join([str(uuid4())] * 51),
        "custom.no_such=1",
        "custom.=1",
        "no_such=1",
        "%00=1",
        "=1",
    ],
)
def test_a_parameter_that_says_nothing_is_refused(client: Any, query: str) -> None:
    problem = refusal(client.get(f"{CUSTOMERS}?{query}"), 400)
    assert problem["errors"][0]["parameter"] is not None


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_outside_of_the_calendar_is_refused(client: Any, moment: str) -> None:
    problem = refusal(client.get(f"{CUSTOMERS}?created_at__gt={moment}"), 422)
    assert problem["errors"] == [{"parameter": "created_at__gt", "code": "overflow", "detail": "Out of range."}]


def test_a_moment_in_a_time_zone_that_no_place_has_is_understood(client: Any) -> None:
    answer = client.get(f"{CUSTOMERS}?created_at__gt=2026-01-01T00:00:00-18:59")
    assert (answer.status_code, answer.json()["results"]) == (200, [])


def test_a_cursor_that_no_list_gave_is_refused(client: Any) -> None:
    problem = refusal(client.get(f"{CUSTOMERS}?cursor=WyJuYW1lIixbMV0sZmFsc2Vd"), 422)
    assert problem["errors"] == [
        {
            "parameter": "cursor",
            "code": "unknown_cursor",
            "detail": "Not a cursor of this list; start again without it.",
        }
    ]


@pytest.mark.parametrize(
    "path",
    ["1", "%00", "%ff", "../users", "01A20BC8-E024-7036-AC4F-D2410E571F18", "x" * 3000],
)
def test_an_address_of_nothing_is_404(client: Any, path: str) -> None:
    refusal(client.get(f"{CUSTOMERS}/{path}"), 404)


@pytest.mark.parametrize(
    ("system", "external_id"), [("erp", "a%00b"), ("erp", "%1b"), ("e" * 51, "A"), ("erp", "A" * 201)]
)
def test_a_name_elsewhere_that_cannot_be_kept_is_refused(client: Any, system: str, external_id: str) -> None:
    refusal(client.put(f"{CUSTOMERS}/by-external-id/{system}/{external_id}", {"name": "A"}), 400)
