"""The history of records in the staff site."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from crm.models import Change
from customers.models import Customer, Interaction
from tests.samples import make
from tests.staff import page, signed_in, superuser

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Any:
    return signed_in(superuser())


def history(record: Customer) -> str:
    return f"/admin/customers/customer/{record.pk}/history/"


def latest(record: Customer) -> int:
    return int(Change.objects.filter(record=record.pk).order_by("-sequence")[0].sequence)


def renamed() -> Customer:
    customer: Customer = make(Customer, name="Ada")
    customer.name = "Eve"
    customer.save()
    return customer


def test_a_history_names_fields_and_values_for_people(client: Any) -> None:
    customer = renamed()
    customer.lifecycle = "former"
    customer.save()
    text = client.get(history(customer)).content.decode()
    assert "<del>Ada</del>" in text
    assert "<ins>Eve</ins>" in text
    assert "<ins>former customer</ins>" in text


def test_a_change_is_taken_back(client: Any) -> None:
    customer = renamed()
    answer = client.post(history(customer), {"change": latest(customer)})
    assert answer.headers["Location"] == f"/admin/customers/customer/{customer.pk}/change/"
    customer.refresh_from_db()
    assert customer.name == "Ada"


def test_a_deleted_record_is_brought_back(client: Any) -> None:
    customer = make(Customer, name="Ada")
    key = customer.pk
    customer.delete()
    deleted = "/admin/customers/customer/deleted/"
    change = Change.objects.get(record=key, action="deleted").sequence
    assert "Ada" in client.get(deleted).content.decode()
    client.post(deleted, {"change": change})
    assert Customer.objects.get().pk == key
    assert client.get(deleted).context["rows"] == []


@pytest.mark.parametrize("change", ["", "x", "0", "9" * 19, "9" * 30])
def test_a_change_that_there_is_not_is_404(client: Any, change: str) -> None:
    customer = renamed()
    assert client.post(history(customer), {"change": change}).status_code == 404


def test_an_auditor_reads_the_history_and_takes_nothing_back(make_user: Any) -> None:
    customer = renamed()
    client = signed_in(make_user("Auditor", is_staff=True))
    text = client.get(history(customer)).content.decode()
    assert "<del>Ada</del>" in text
    assert "Take back" not in text
    assert client.post(history(customer), {"change": latest(customer)}).status_code == 403
    customer.refresh_from_db()
    assert customer.name == "Eve"


def test_another_teams_history_does_not_exist(make_user: Any, make_team: Any) -> None:
    client = signed_in(make_user("Sales representative", is_staff=True, team=make_team()))
    assert client.get(history(renamed())).status_code == 404
    assert client.get(f"/admin/customers/customer/{uuid4()}/history/").status_code == 404
    assert client.get("/admin/customers/customer/x/history/").status_code == 404


def test_a_name_out_of_sight_is_not_told(make_user: Any, make_team: Any) -> None:
    team = make_team()
    firm = make(Customer, name="Secret Ltd", kind="organization")
    person = make(Customer, name="Ada", team=team, organization=firm)
    client = signed_in(make_user("Sales representative", is_staff=True, team=team))
    text = client.get(history(person)).content.decode()
    assert "Secret" not in text
    assert "a record that you may not see" in text


def test_a_long_history_goes_on_where_the_page_ends(client: Any) -> None:
    customer = make(Customer, name="first")
    for number in range(55):
        Customer.objects.filter(pk=customer.pk).update(name=f"name {number}")
    first = client.get(history(customer))
    older = first.context["older"]
    assert len(first.context["rows"]) == 50
    assert len(client.get(history(customer), {"before": older}).context["rows"]) == 6


def test_the_timeline_shows_interactions_and_changes_by_day(client: Any) -> None:
    customer = renamed()
    make(Interaction, customer=customer, subject="First call")
    timeline = f"/admin/customers/customer/{customer.pk}/timeline/"
    text = client.get(timeline).content.decode()
    assert "First call" in text
    assert "<ins>Eve</ins>" in text
    assert "First call" not in client.get(timeline, {"kind": "changes"}).content.decode()
    assert client.get(timeline, {"before": "x"}).status_code == 200


def test_the_feed_is_for_administrators_and_auditors(make_user: Any) -> None:
    renamed()
    assert signed_in(make_user("Auditor", is_staff=True)).get(page(Change, "changelist")).status_code == 200
    assert signed_in(make_user("Sales manager", is_staff=True)).get(page(Change, "changelist")).status_code == 403
