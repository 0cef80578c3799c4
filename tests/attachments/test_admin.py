"""Attachments on the screens: on a page beside every record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from crm.models import Attachment
from customers.models import Customer, Interaction
from tests.attachments import samples
from tests.samples import make
from tests.staff import colleague, page, signed_in, superuser, team

if TYPE_CHECKING:
    from django.test import Client

    from crm.models import Record

pytestmark = pytest.mark.django_db


def files_of(record: Record) -> str:
    options = record._meta
    return reverse(f"admin:{options.app_label}_{options.model_name}_attachments", args=(record.pk,))


def upload(client: Client, record: Record, name: str = "a.png", content: bytes = samples.PNG) -> Any:
    return client.post(files_of(record), {"attach": "1", "file": SimpleUploadedFile(name, content)}, follow=True)


@pytest.mark.parametrize("model", [Customer, Interaction])
def test_a_file_is_attached_fetched_and_deleted(model: type[Record]) -> None:
    record, client = make(model), signed_in(superuser())
    assert "a.png" in upload(client, record).content.decode()
    one = Attachment.objects.get()
    content = client.get(reverse("admin:crm_attachment_content", args=(one.pk,)))
    assert b"".join(content.streaming_content) == samples.PNG  # type: ignore[attr-defined]
    assert content.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    client.post(files_of(record), {"delete": str(one.pk)})
    assert not Attachment.objects.exists()


def test_a_refusal_says_why(customer: Customer) -> None:
    answer = upload(signed_in(superuser()), customer, "a.png", samples.HTML)
    assert "The content is not what the ending .png says." in answer.content.decode()
    assert not Attachment.objects.exists()


def test_a_file_may_be_larger_than_other_bodies(customer: Customer, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE, settings.ATTACHMENT_BYTES = 1000, 5000
    assert upload(signed_in(superuser()), customer, "a.txt", b"x" * 4000).status_code == 200
    assert Attachment.objects.get().size == 4000


def test_an_auditor_sees_and_changes_nothing(customer: Customer) -> None:
    upload(signed_in(superuser()), customer)
    auditor = signed_in(colleague("Auditor"))
    assert b"a.png" in auditor.get(files_of(customer)).content
    assert upload(auditor, customer).status_code == 403
    assert auditor.post(files_of(customer), {"delete": str(Attachment.objects.get().pk)}).status_code == 403
    assert Attachment.objects.count() == 1


def test_files_of_a_record_out_of_sight_do_not_exist(customer: Customer) -> None:
    upload(signed_in(superuser()), customer)
    one = Attachment.objects.get()
    outsider = signed_in(colleague("Sales representative", team=team("Elsewhere")))
    assert outsider.get(reverse("admin:crm_attachment_content", args=(one.pk,))).status_code == 404
    assert b"a.png" not in outsider.get(page(Attachment, "changelist")).content
    assert upload(outsider, customer).status_code in {302, 404, 200}
    assert Attachment.objects.count() == 1


def test_only_a_file_of_the_record_is_deleted_there(customer: Customer) -> None:
    client = signed_in(superuser())
    upload(client, customer)
    for key in (str(Attachment.objects.get().pk), "x"):
        assert client.post(files_of(make(Customer)), {"delete": key}).status_code == 404
    assert Attachment.objects.count() == 1


def test_the_list_and_the_page_of_a_file_lead_to_its_record(customer: Customer) -> None:
    client = signed_in(superuser(), language="zh-hans")
    upload(client, customer)
    one = Attachment.objects.get()
    for address in (page(Attachment, "changelist"), page(one, "change")):
        assert page(customer, "change") in client.get(address).content.decode()
