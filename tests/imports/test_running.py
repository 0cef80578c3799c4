"""What a job of the worker does to its import, and to no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F
from django.test.client import MULTIPART_CONTENT

from crm.imports import actions, running
from crm.jobs import Again
from crm.models import ExternalReference, Import
from customers.models import Customer
from tests.imports.conftest import IMPORTS
from tests.imports.test_rows import counts
from tests.imports.test_stale import Context
from tests.samples import make
from tests.worker import do_all

if TYPE_CHECKING:
    from crm.models import User


@pytest.fixture
def two(client: Any) -> list[Import]:
    """Upload two files."""
    for name in ("Ada", "Bob"):
        body = {"resource": "customers", "file": SimpleUploadedFile("people.csv", f"name\n{name}\n".encode())}
        assert client.post(IMPORTS, body, content_type=MULTIPART_CONTENT).status_code == 201
    return list(Import.objects.select_related("user").order_by("pk"))


def known_as(customer: Customer, system: str, external_id: str) -> None:
    ExternalReference.objects.create(record=customer, system=system, external_id=external_id)


def run(one: Import, *, is_ending: bool = False) -> None:
    running.run.func(Context(is_ending=is_ending), one=str(one.pk), language="en")  # type: ignore[arg-type]  # as far as is asked


def states() -> list[tuple[str, bool, bool]]:
    """Return how each import stands, and whether it has begun and ended."""
    return [(one.status, one.started_at is not None, one.ended_at is not None) for one in Import.objects.order_by("pk")]


@pytest.mark.parametrize(("place", "name"), [(0, "Ada"), (1, "Bob")])
def test_a_job_does_its_own_import(two: list[Import], place: int, name: str) -> None:
    run(two[place])
    assert (states()[place], states()[1 - place]) == (("done", True, True), ("waiting", False, False))
    assert list(Customer.objects.values_list("name", flat=True)) == [name]


def test_what_was_cancelled_before_it_began_never_began(two: list[Import]) -> None:
    actions.cancel(one=two[0])
    do_all()
    assert states() == [("cancelled", False, True), ("done", True, True)]


def test_a_job_that_comes_again_has_begun_when_it_began_first(two: list[Import]) -> None:
    with pytest.raises(Again):
        run(two[0], is_ending=True)
    began = Import.objects.get(pk=two[0].pk).started_at
    assert began is not None
    run(two[0])
    assert Import.objects.filter(pk=two[0].pk, status="done", started_at=began, ended_at__gt=F("started_at")).exists()


def test_a_stale_job_does_not_begin_what_was_started_anew(two: list[Import]) -> None:
    stale = running.Run(two[0])
    actions.start(one=actions.cancel(one=two[0]), is_dry_run=False)
    with pytest.raises(running.Ended):
        stale.go(Context())  # type: ignore[arg-type]  # as far as is asked
    assert states() == [("waiting", False, False)] * 2


@pytest.mark.parametrize(("length", "kept"), [(0, 0), (499, 499), (500, 500), (501, 500), (9000, 500)])
def test_why_an_import_ended_is_kept_as_far_as_there_is_room(two: list[Import], length: int, kept: int) -> None:
    running.end(two[0], Import.Status.FAILED, "x" * length)
    assert states() == [("failed", False, True), ("waiting", False, False)]
    assert list(Import.objects.order_by("pk").values_list("error", flat=True)) == ["x" * kept, ""]


@pytest.mark.parametrize(("system", "named"), [("", "import"), ("erp", "erp")])
@pytest.mark.parametrize("key", ["", "external_id"])
def test_a_row_with_a_name_elsewhere_is_found_by_it(send: Any, key: str, system: str, named: str) -> None:
    how = {name: value for name, value in (("key", key), ("system", system)) if value}
    assert counts(send("number,name\nA1,Ada\nA2,Bob\n", **how)) == (2, 0, 0, 0)
    assert counts(send("number,name\nA1,Ada Lovelace\nA2,Bob\n", **how)) == (0, 1, 1, 0)
    names = dict(Customer.objects.values_list("pk", "name"))
    found = {one.external_id: (one.system, names[one.object_id]) for one in ExternalReference.objects.all()}
    assert found == {"A1": (named, "Ada Lovelace"), "A2": (named, "Bob")}


def test_where_a_key_is_asked_for_nothing_else_finds_the_record(send: Any, integration: User) -> None:
    ada, bob = (make(Customer, name=name, email=f"{name}@example.com", owner=integration) for name in ("ada", "bob"))
    known_as(ada, "import", "A1")
    assert counts(send("number,name,email\nA1,Bob,bob@example.com\n", key="email")) == (0, 1, 0, 0)
    assert dict(Customer.objects.values_list("pk", "name")) == {ada.pk: "ada", bob.pk: "Bob"}


@pytest.mark.parametrize("text", ["x", "0", "00000000-0000-0000-0000-000000000000", "ffffffff"])
def test_what_is_no_id_finds_nothing_and_the_other_rows_are_taken(send: Any, integration: User, text: str) -> None:
    ada = make(Customer, name="Ada", owner=integration)
    assert counts(send(f"id,name\n{text},Nobody\n{ada.pk},Ada Lovelace\n", key="id")) == (0, 1, 0, 1)
    assert list(Customer.objects.values_list("name", flat=True)) == ["Ada Lovelace"]


def test_a_line_that_is_no_row_is_kept_as_it_is(send: Any) -> None:
    one = Import.objects.get(pk=send('{"name": "Ada"}\nnot\u0000 json\n{"name": ""}\n', "people.jsonl")["id"])
    assert list(one.refusals.order_by("line").values_list("line", "cells")) == [
        (2, {"": "not\ufffd json"}),
        (3, {"name": ""}),
    ]
    assert (one.created, one.refused, one.lines_done) == (1, 2, 3)
