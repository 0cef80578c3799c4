"""Files of rows become records: every kind of record that the URL map has."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from crm.imports import actions
from crm.models import Import
from tests.samples import body_for, make
from tests.worker import do_all, no_jobs

__all__ = ["no_jobs"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs("batch")]


@pytest.fixture(autouse=True)
def clean_queue(no_jobs: None) -> None:
    """Begin without jobs."""


def imported(path: str, user: Any, filename: str, content: bytes, **how: Any) -> Import:
    """Import a file, and return how that went."""
    one = actions.upload(user=user, resource=path.rpartition("/")[2], filename=filename, content=content)
    actions.start(one=one, is_dry_run=False, **how)
    do_all()
    return Import.objects.get(pk=one.pk)


def counts(one: Import) -> tuple[int, int, int, int]:
    return one.created, one.updated, one.unchanged, one.refused


def test_what_is_exported_is_imported_without_a_change(client: Any, path: str, model: Any, user: Any) -> None:
    made = [make(model, owner=user) for _number in range(2)]
    for ending in ("csv", "jsonl"):
        answer = client.get(f"{path}/export?format={ending}")
        one = imported(path, user, f"all.{ending}", b"".join(answer.streaming_content), key="id")
        assert (one.status, counts(one)) == ("done", (0, 0, 2, 0))
    assert model.objects.filter(pk__in=[record.pk for record in made]).count() == 2


def test_rows_become_records_once(path: str, viewset: Any, model: Any, user: Any) -> None:
    content = orjson.dumps(body_for(viewset.serializer_class, owner=user))
    first, second = (imported(path, user, "one.jsonl", content) for _time in range(2))
    assert (counts(first), counts(second)) == ((1, 0, 0, 0), (0, 0, 1, 0)), [
        row.reasons for row in first.refusals.all()
    ]
