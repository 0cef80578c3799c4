"""Where attachments lie: nothing is left behind, nothing is lost, in a folder or in a bucket."""

from __future__ import annotations

import os
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from django.core.files.storage import storages
from django.utils import timezone
from moto.server import ThreadedMotoServer

from crm.attachments import sweeping
from crm.attachments.settings import store_settings
from crm.models import Attachment, Change
from tests.attachments import samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from customers.models import Customer

pytestmark = pytest.mark.django_db
LONG_AGO = timezone.now() - timedelta(days=99)


def age(folder: Path) -> None:
    """Let everything in the store be old."""
    for one in folder.rglob("*"):
        os.utime(one, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))


def test_content_with_a_row_stays(send: Any, folder: Path) -> None:
    send()
    age(folder)
    assert sweeping.remove_content() == 0
    assert storages["attachments"].exists(Attachment.objects.get().key)


def test_content_of_a_deleted_row_stays_as_long_as_it_may_come_back(send: Any, folder: Path) -> None:
    send()
    key = Attachment.objects.get().key
    Attachment.objects.all().delete()
    age(folder)
    assert sweeping.remove_content() == 0
    Change.objects.filter(action="deleted").update(at=LONG_AGO)
    assert sweeping.remove_content() == 1
    assert not storages["attachments"].exists(key)


def test_content_whose_row_never_came_goes_after_a_day(folder: Path) -> None:
    key = Attachment(about_type="customers.customer").key
    storages["attachments"].save(key, BytesIO(b"x"))
    assert sweeping.remove_content() == 0
    age(folder)
    assert sweeping.remove_content() == 1
    assert not storages["attachments"].exists(key)


def test_what_is_not_ours_in_the_store_stays(folder: Path) -> None:
    (folder / "aa").mkdir()
    (folder / "aa" / "readme.txt").write_text("mine")
    age(folder)
    assert sweeping.remove_content() == 0
    assert (folder / "aa" / "readme.txt").exists()


def test_files_go_some_time_after_their_record(send: Any, customer: Customer) -> None:
    send()
    key = customer.pk
    customer.delete()
    Attachment.objects.update(created_at=LONG_AGO)
    assert sweeping.remove_rows() == 0
    Change.objects.filter(record=key, action="deleted").update(at=LONG_AGO)
    assert sweeping.remove_rows() == 1
    assert not Attachment.objects.exists()


def test_a_folder_is_private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ATTACHMENTS_DIR", str(tmp_path / "elsewhere"))
    store = store_settings(tmp_path)
    assert store["OPTIONS"]["location"] == str(tmp_path / "elsewhere")
    assert (store["OPTIONS"]["file_permissions_mode"], store["OPTIONS"]["directory_permissions_mode"]) == (0o600, 0o700)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Iterator[Any]:
    """Let attachments lie in a bucket of a server of somebody else's making."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    known = {"ENDPOINT": f"http://{host}:{port}", "REGION": "us-east-1", "ACCESS_KEY": "key", "SECRET_KEY": "secret"}
    for name, value in {"BUCKET": "files", **known}.items():
        monkeypatch.setenv(f"ATTACHMENTS_S3_{name}", value)
    access = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=known["ENDPOINT"], **access)
    client.create_bucket(Bucket="files")
    settings.STORAGES = {**settings.STORAGES, "attachments": store_settings(tmp_path)}
    yield client
    server.stop()


def test_a_bucket_keeps_and_gives_back(bucket: Any, send: Any, client: Any) -> None:
    made = send("picture.png").json()
    (listed,) = bucket.list_objects_v2(Bucket="files")["Contents"]
    assert listed["Key"] == Attachment.objects.get().key
    answer = client.get(f"/api/v1/attachments/{made['id']}/content")
    assert b"".join(answer.streaming_content) == samples.PNG
    Attachment.objects.all().delete()
    Change.objects.filter(action="deleted").update(at=LONG_AGO)
    assert sweeping.remove_content() == 0  # it has just arrived
    assert list(sweeping.all_keys()) == [listed["Key"]]
