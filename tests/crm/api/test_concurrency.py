"""Two clients at the same moment, on a real database."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from customers.models import Customer

CUSTOMERS = "/api/v1/customers"


@pytest.fixture
def client(transactional_db: None, api_client: Any, make_user: Any) -> Any:
    return api_client(make_user("Integration"), "customers:read", "customers:write")


def at_once(calls: list[Any]) -> list[Any]:
    """Run the calls in threads of their own and return their answers."""

    def run(call: Any) -> Any:
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_of_two_changes_to_one_version_one_wins(client: Any) -> None:
    made = client.post(CUSTOMERS, {"name": "ACME"})
    address, tag = made.headers["Location"], made.headers["ETag"]
    calls = [
        lambda name=name: client.patch(address, {"name": name}, headers={"If-Match": tag})
        for name in ("A", "B", "C", "D")
    ]
    answers = at_once(calls)
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    (winner,) = [answer.json()["name"] for answer in answers if answer.status_code == 200]
    assert Customer.objects.get().name == winner


def test_simultaneous_upserts_of_one_external_id_make_one_record(client: Any) -> None:
    address = f"{CUSTOMERS}/by-external-id/erp/42"
    answers = at_once([lambda n=n: client.put(address, {"name": f"Name {n}"}) for n in range(6)])
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert Customer.objects.count() == 1


def test_of_two_records_with_one_external_id_one_is_refused(client: Any) -> None:
    body = {"name": "ACME", "external_references": [{"system": "erp", "external_id": "7"}]}
    answers = at_once([lambda: client.post(CUSTOMERS, body)] * 4)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert Customer.objects.count() == 1


def test_a_person_joins_no_organization_that_becomes_a_person(client: Any) -> None:
    company = client.post(CUSTOMERS, {"name": "ACME", "kind": "organization"}).json()
    person = client.post(CUSTOMERS, {"name": "Ann"}).json()
    answers = at_once(
        [
            lambda: client.patch(f"{CUSTOMERS}/{company['id']}", {"kind": "person"}),
            lambda: client.patch(f"{CUSTOMERS}/{person['id']}", {"organization": company["id"]}),
        ]
    )
    assert sum(answer.status_code == 200 for answer in answers) == 1
    employed = Customer.objects.filter(organization__isnull=False)
    assert all(row.organization.kind == "organization" for row in employed)
