"""Attachments over REST: who sends, sees and fetches them, and how they leave."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from crm.attachments.actions import erase
from crm.models import Attachment, Change
from customers.models import Address, Customer
from tests.attachments import samples
from tests.samples import make

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.django_db
PATH = "/api/v1/attachments"


def kept(folder: Path) -> list[bytes]:
    return [one.read_bytes() for one in folder.rglob("*") if one.is_file()]


def test_a_file_is_attached_and_fetched(send: Any, client: Client, integration: Any, customer: Customer) -> None:
    answer = send("picture.png")
    made = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"http://testserver{PATH}/{made['id']}")
    assert (made["size"], made["sha256"]) == (len(samples.PNG), sha256(samples.PNG).hexdigest())
    assert (made["customer"], made["uploaded_by"]) == (str(customer.pk), str(integration.pk))
    content = client.get(f"{PATH}/{made['id']}/content")
    assert b"".join(content.streaming_content) == samples.PNG  # type: ignore[attr-defined]


def test_a_name_in_the_store_is_none_that_somebody_wrote(send: Any, folder: Path) -> None:
    key = send("../../secret.png").json()["id"].replace("-", "")
    assert [one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()] == [f"{key[-2:]}/{key}"]


@pytest.mark.parametrize("name", ["合同.png", "a;b'c.png", "a b.png"])
def test_a_file_is_to_be_saved_and_never_shown(send: Any, client: Client, name: str) -> None:
    key = send(name, samples.PNG).json()["id"]
    answer = client.get(f"{PATH}/{key}/content")
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment; filename")
    assert "\n" not in disposition
    if not name.isascii():
        assert disposition == f"attachment; filename*=utf-8''{quote(name)}"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_polyglot_leaves_as_the_picture_that_it_is_too(send: Any, client: Client) -> None:
    made = send("a.gif", samples.POLYGLOT).json()
    answer = client.get(f"{PATH}/{made['id']}/content")
    assert (answer.headers["Content-Type"], answer.headers["X-Content-Type-Options"]) == ("image/gif", "nosniff")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a.gif"'


@pytest.mark.parametrize(
    ("content", "limit", "code"), [(b"", 100, "empty"), (b"x" * 101, 100, "too_large"), (b"x" * 60, 50, "too_large")]
)
def test_an_empty_and_a_too_large_file_are_refused(
    send: Any, folder: Path, settings: Any, content: bytes, limit: int, code: str
) -> None:
    settings.ATTACHMENT_BYTES = limit
    answer = send("a.txt", content)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    assert (kept(folder), Attachment.objects.count()) == ([], 0)


def test_a_body_that_is_far_too_large_is_not_read(send: Any, settings: Any) -> None:
    settings.ATTACHMENT_BYTES, settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000, 1000
    assert send("a.txt", b"x" * 3000).status_code == 413


def test_the_files_of_a_record_have_a_limit_together(send: Any, folder: Path, settings: Any) -> None:
    settings.ATTACHMENT_RECORD_BYTES = 15
    assert send("a.txt", b"x" * 10).status_code == 201
    answer = send("b.txt", b"x" * 6)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "too_much")
    assert kept(folder) == [b"x" * 10]


def test_a_file_follows_its_record(send: Any, client_for: Any, make_user: Any, make_team: Any, customer: Any) -> None:
    key = send().json()["id"]
    outsider = make_user("Sales representative", team=make_team())
    elsewhere = client_for(outsider)
    assert elsewhere.get(PATH).json()["results"] == []
    assert {elsewhere.get(f"{PATH}/{key}{more}").status_code for more in ("", "/content", "/history")} == {404}
    assert elsewhere.post(f"{PATH}/{key}/link").status_code == 404
    Customer.objects.filter(pk=customer.pk).update(owner=outsider)
    assert [one["id"] for one in elsewhere.get(PATH).json()["results"]] == [key]


def test_nothing_is_attached_to_a_record_out_of_sight(
    client_for: Any, make_user: Any, make_team: Any, customer: Any, folder: Path
) -> None:
    outsider = client_for(make_user("Sales representative", team=make_team()))
    body = {"about_type": "customers.customer", "about_id": str(customer.pk)}
    answer = outsider.post(PATH, {**body, "file": SimpleUploadedFile("a.png", samples.PNG)})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/about_id")
    assert kept(folder) == []


@pytest.mark.parametrize("kind", ["crm.attachment", "crm.user", "no.such"])
def test_nothing_is_attached_to_what_is_no_record(send: Any, kind: str, folder: Path) -> None:
    assert send(about_type=kind).status_code == 422
    assert kept(folder) == []


def test_an_auditor_sees_and_does_not_attach(send: Any, client_for: Any, make_user: Any) -> None:
    key = send().json()["id"]
    auditor = client_for(make_user("Auditor"))
    assert auditor.get(f"{PATH}/{key}/content").status_code == 200
    assert auditor.post(PATH, {}).status_code == 403
    assert auditor.delete(f"{PATH}/{key}").status_code == 403


def test_a_link_works_without_a_token_for_a_while(
    send: Any, client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = client.post(f"{PATH}/{send().json()['id']}/link").json()["url"]
    answer = Client().get(url)
    assert b"".join(answer.streaming_content) == samples.PNG  # type: ignore[attr-defined]
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert Client().get(url[:-1] + ("a" if url[-1] != "a" else "b")).status_code == 404
    settings.ATTACHMENT_LINK_SECONDS = -1
    assert Client().get(url).status_code == 404


def test_a_link_is_worth_what_its_maker_may_see(send: Any, client: Client, integration: Any) -> None:
    url = client.post(f"{PATH}/{send().json()['id']}/link").json()["url"]
    integration.groups.clear()
    assert Client().get(url).status_code == 404


def test_a_deleted_file_comes_back_with_its_content(send: Any, client: Client) -> None:
    made = send().json()
    address = f"{PATH}/{made['id']}"
    assert client.delete(address).status_code == 204
    assert client.get(f"{address}/content").status_code == 404
    answer = client.post(f"{address}/restore", content_type="application/json")
    assert (answer.status_code, answer.json()["sha256"]) == (201, made["sha256"])
    assert b"".join(client.get(f"{address}/content").streaming_content) == samples.PNG  # type: ignore[attr-defined]


def test_a_file_whose_content_is_gone_does_not_come_back(send: Any, client: Client) -> None:
    key = send().json()["id"]
    storages["attachments"].delete(Attachment.objects.get().key)
    assert client.get(f"{PATH}/{key}/content").status_code == 404
    client.delete(f"{PATH}/{key}")
    assert client.post(f"{PATH}/{key}/restore", content_type="application/json").status_code == 409
    assert not Attachment.objects.exists()


def test_the_feed_knows_the_file_and_not_its_content(send: Any, customer: Customer) -> None:
    key = send().json()["id"]
    change = Change.objects.get(record=key)
    assert (change.customer, (change.after or {})["name"]) == (customer.pk, "picture.png")
    assert "content" not in (change.after or {})


def test_a_file_of_an_address_concerns_its_customer(send: Any, customer: Customer) -> None:
    address = make(Address, customer=customer)
    made = send(about_type="customers.address", about_id=str(address.pk)).json()
    assert made["customer"] == str(customer.pk)


@pytest.mark.django_db(transaction=True)
def test_an_erased_file_is_gone_for_good(send: Any, folder: Path) -> None:
    send()
    erase(attachment=Attachment.objects.get())
    assert (kept(folder), Attachment.objects.exists()) == ([], False)
