"""Erasing and handing out over REST: what is answered, and to whom."""

from __future__ import annotations

import io
import json
import zipfile
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from crm.models import Attachment, Erasure
from customers.models import Address, Customer, Interaction
from tests.samples import make

if TYPE_CHECKING:
    from pathlib import Path

REASON = {"reason": "Asked for it."}


def archive(answer: Any) -> dict[str, bytes]:
    """Return the files of a ZIP file by name."""
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def test_the_answer_is_a_certificate_that_proves_itself(client: Any, integration: Any) -> None:
    customer = make(Customer, name="Ada Lovelace", owner=integration)
    made = client.post(f"/api/v1/customers/{customer.pk}/erase", REASON)
    assert made.status_code == 200
    told = made.json()
    assert (told["customer"], told["by"], told["reason"]) == (str(customer.pk), str(integration.pk), "Asked for it.")
    assert told["counts"]["customers.customer"] == 1
    content = Erasure.objects.get(pk=told["id"]).content()
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert told["sha256"] == sha256(text.encode()).hexdigest()
    assert client.get("/api/v1/erasures").json()["results"] == [told]


def test_sent_again_the_certificate_is_the_same(client: Any) -> None:
    customer = make(Customer, name="Ada Lovelace")
    first = client.post(f"/api/v1/customers/{customer.pk}/erase", REASON).json()
    assert client.post(f"/api/v1/customers/{customer.pk}/erase", REASON).json() == first


def test_what_was_added_since_is_erased_too(client: Any) -> None:
    customer = make(Customer, name="Ada Lovelace")
    client.post(f"/api/v1/customers/{customer.pk}/erase", REASON)
    body = {"customer": str(customer.pk), "kind": "note", "subject": "Ada called again"}
    made = client.post("/api/v1/interactions", body).json()
    client.post(f"/api/v1/customers/{customer.pk}/erase", REASON)
    assert client.get(f"/api/v1/interactions/{made['id']}").json()["subject"] == "Erased"
    assert Erasure.objects.count() == 2


@pytest.mark.parametrize("resource", ["customers", "interactions", "addresses"])
def test_no_erasure_is_taken_back(client: Any, resource: str) -> None:
    customer = make(Customer, name="Ada Lovelace")
    kinds = {"interactions": Interaction, "addresses": Address}
    record = make(kinds[resource], customer=customer) if resource in kinds else customer
    client.post(f"/api/v1/customers/{customer.pk}/erase", REASON)
    address = f"/api/v1/{resource}/{record.pk}"
    erased, last = client.get(address).json(), client.get(f"{address}/history").json()["results"][0]
    assert last["action"] == "erased"
    assert client.post(f"{address}/restore", {"change": last["id"]}).status_code == 422
    assert client.get(address).json() == erased


def test_a_reason_that_names_the_customer_is_refused(client: Any) -> None:
    customer = make(Customer, name="Ada Lovelace")
    answer = client.post(f"/api/v1/customers/{customer.pk}/erase", {"reason": "Ada Lovelace asked."})
    assert answer.status_code == 422
    assert Customer.objects.get(pk=customer.pk).name == "Ada Lovelace"


def test_who_does_not_see_a_customer_learns_nothing(api_client: Any, make_user: Any, make_team: Any) -> None:
    customer = make(Customer, name="Ada Lovelace", owner=make_user(team=make_team("South")))
    seller = make_user("Sales representative", team=make_team("North"))
    client = api_client(seller, "customers:read", "customers:write")
    assert client.get(f"/api/v1/customers/{customer.pk}/personal-data").status_code == 404
    Erasure.objects.create(model=Customer.label(), customer=customer.pk, reason="Asked for it.", sha256="0")
    assert client.get("/api/v1/erasures").json()["results"] == []


def test_erasing_needs_leave_to_delete(api_client: Any, make_user: Any, make_team: Any) -> None:
    north = make_team("North")
    seller = make_user("Sales representative", team=north)
    customer = make(Customer, name="Ada Lovelace", owner=seller, team=north)
    client = api_client(seller, "customers:read", "customers:write")
    assert client.post(f"/api/v1/customers/{customer.pk}/erase", REASON).status_code == 403
    assert Customer.objects.get(pk=customer.pk).name == "Ada Lovelace"


def test_all_that_is_held_comes_in_one_file(client: Any, marta: Customer, other: Customer, folder: Path) -> None:
    answer = client.get(f"/api/v1/customers/{marta.pk}/personal-data")
    assert answer["Content-Type"] == "application/zip"
    files = archive(answer)
    told = json.loads(files["contents.json"])
    assert json.loads(files["customers.json"])[0]["name"] == "Marta zzmarker"
    assert (told["kinds"]["interactions"], told["kinds"]["tasks"], told["files"]) == (2, 1, 1)
    assert [content for name, content in files.items() if name.startswith("files/")] == [b"of zzmarker"]
    assert b"yyother" not in b"".join(files.values())
    assert "customers" in json.dumps(told["kinds"])


def test_what_the_token_does_not_reach_is_named(api_client: Any, integration: Any, marta: Customer) -> None:
    client = api_client(integration, "customers:read")
    files = archive(client.get(f"/api/v1/customers/{marta.pk}/personal-data"))
    assert {"attachments", "tasks"} <= set(json.loads(files["contents.json"])["left_out"])
    assert "tasks.json" not in files


def test_a_store_that_fails_does_not_undo_the_certificate(client: Any, marta: Customer, folder: Path) -> None:
    file = next(path for path in folder.rglob("*") if path.is_file())
    file.unlink()
    (file / "in the way").mkdir(parents=True)
    answer = client.post(f"/api/v1/customers/{marta.pk}/erase", REASON)
    assert (answer.status_code, answer.json()["customer"]) == (200, str(marta.pk))
    assert Erasure.objects.get().pk
    assert not Attachment.objects.exists()
