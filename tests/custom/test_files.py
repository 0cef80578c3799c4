"""Custom fields in exports and imports."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from customers.models import Customer
from tests.contract.test_import import counts, imported
from tests.custom.fields import CUSTOMERS, add
from tests.worker import no_jobs

__all__ = ["no_jobs"]
pytestmark = pytest.mark.django_db(transaction=True)
VALUES = {"size": "l", "staff": 2.5, "vip": False, "hobbies": ["a", "b, c"], "seen": "2026-01-02T03:04:05.000000Z"}


@pytest.fixture(autouse=True)
def clean_queue(no_jobs: None) -> None:
    """Begin without jobs."""


@pytest.fixture
def fields(no_jobs: None) -> None:
    add("size", "choice", choices=["s", "l"], choice_labels={"l": "Large"})
    add("staff", "number")
    add("vip", "boolean")
    add("hobbies", "choices", choices=["a", "b, c"])
    add("seen", "datetime")


@pytest.mark.usefixtures("fields")
def test_a_table_has_a_column_for_each_field(client: Any, create: Any) -> None:
    assert create(**VALUES).status_code == 201
    text = b"".join(client.get(f"{CUSTOMERS}/export").streaming_content).decode()
    (row,) = csv.DictReader(io.StringIO(text))
    assert {name: cell for name, cell in row.items() if name.startswith("custom.")} == {
        "custom.size": "l",
        "custom.staff": "2.5",
        "custom.vip": "false",
        "custom.hobbies": '["a", "b, c"]',
        "custom.seen": "2026-01-02T03:04:05.000000Z",
    }
    few = b"".join(client.get(f"{CUSTOMERS}/export", {"fields": "name"}).streaming_content)
    assert few == b"name\nACME\n"


@pytest.mark.usefixtures("fields")
def test_a_page_as_csv_has_the_columns_of_an_export(client: Any, create: Any) -> None:
    create(**VALUES)
    create("Without")
    page = client.get(CUSTOMERS, {"format": "csv", "ordering": "created_at"}).content.decode()
    export = b"".join(client.get(f"{CUSTOMERS}/export?ordering=created_at").streaming_content).decode()
    listed, exported = (list(csv.DictReader(io.StringIO(text))) for text in (page, export))
    own = [name for name in exported[0] if name.startswith("custom.")]
    assert len(own) == 5
    assert list(listed[0])[-5:] == own
    assert [[row[name] for name in own] for row in listed] == [[row[name] for name in own] for row in exported]
    empty = client.get(CUSTOMERS, {"format": "csv", "name": "None such"}).content.decode()
    assert empty == page.splitlines(keepends=True)[0]
    assert client.get(CUSTOMERS, {"format": "csv", "fields": "name"}).content == b"name\r\nACME\r\nWithout\r\n"


@pytest.mark.usefixtures("fields")
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_what_is_exported_is_imported_without_a_change(client: Any, create: Any, make_user: Any, ending: str) -> None:
    create(**VALUES)
    content = b"".join(client.get(f"{CUSTOMERS}/export?format={ending}").streaming_content)
    one = imported(CUSTOMERS, make_user("Integration"), f"all.{ending}", content, key="id")
    assert (one.status, counts(one)) == ("done", (0, 0, 1, 0))
    assert Customer.objects.get().custom == VALUES


@pytest.mark.usefixtures("fields")
def test_cells_are_read_as_people_write_them(make_user: Any) -> None:
    content = 'name,size,vip,hobbies\nOne,Large,是,"a,a"\nTwo,s,no,"b, c"\n'.encode()
    one = imported(CUSTOMERS, make_user("Integration"), "some.csv", content)
    assert counts(one) == (2, 0, 0, 0), [row.reasons for row in one.refusals.all()]
    assert dict(Customer.objects.values_list("name", "custom")) == {
        "One": {"size": "l", "vip": True, "hobbies": ["a"]},
        "Two": {"size": "s", "vip": False, "hobbies": ["b, c"]},
    }


def test_a_column_under_a_former_name_is_known(make_user: Any) -> None:
    add("format", former_names=["size"])
    content = b"name,custom.size\nOne,large\n"
    one = imported(CUSTOMERS, make_user("Integration"), "some.csv", content)
    assert counts(one) == (1, 0, 0, 0)
    assert Customer.objects.get().custom == {"format": "large"}
