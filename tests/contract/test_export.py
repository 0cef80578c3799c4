"""The whole of a list in one answer: every resource that the URL map has."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from tests.samples import make

pytestmark = pytest.mark.django_db


def exported(client: Any, path: str, **params: Any) -> bytes:
    answer = client.get(f"{path}/export", params)
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def test_an_export_says_what_the_list_says(client: Any, path: str, model: Any, user: Any) -> None:
    for _number in range(3):
        record = make(model, owner=user)
        record.external_references.create(system="erp", external_id=f'{record.pk} \\ "')
    listed = client.get(path).json()["results"]
    assert [json.loads(line) for line in exported(client, path, format="jsonl").splitlines()] == listed


def test_a_table_has_the_columns_and_cells_of_the_list(client: Any, path: str, model: Any, user: Any) -> None:
    make(model, owner=user)
    listed = list(csv.reader(io.StringIO(client.get(path, {"format": "csv"}).content.decode())))
    table = list(csv.reader(io.StringIO(exported(client, path).decode())))
    assert table[0] == listed[0]
    assert [json.loads(cell) if cell[:1] in {"[", "{"} else cell for cell in table[1]] == [
        json.loads(cell) if cell[:1] in {"[", "{"} else cell for cell in listed[1]
    ]


def test_filters_order_and_fields_are_those_of_the_list(client: Any, path: str, model: Any, user: Any) -> None:
    records = [make(model, owner=user) for _number in range(3)]
    params = {"id__in": f"{records[0].pk},{records[2].pk}", "ordering": "-id", "fields": "id"}
    assert exported(client, path, **params).decode() == f"id\n{records[2].pk}\n{records[0].pk}\n"


def test_an_export_leaves_out_what_one_may_not_see(outsider: Any, path: str, model: Any, user: Any) -> None:
    make(model, owner=user)
    assert exported(outsider, path, format="jsonl") == b""


@pytest.mark.parametrize("params", [{"limit": 1}, {"cursor": "x"}, {"no_such": 1}, {"expand": "owner"}])
def test_what_an_export_does_not_know_is_refused(client: Any, path: str, params: dict[str, Any]) -> None:
    assert client.get(f"{path}/export", params).status_code == 400


def test_an_export_is_a_file_of_lines(client: Any, path: str) -> None:
    answer = client.get(f"{path}/export", headers={"Accept": "application/jsonl"})
    assert answer.headers["Content-Type"] == "application/jsonl"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="')
    assert client.get(f"{path}/export", {"format": "json"}).status_code == 406
