"""Tasks: what can be done to them, who sees them, and on whose timeline they stand."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from crm.models import Task
from crm.tasks import actions
from customers.models import Customer, Interaction
from tests.samples import make

pytestmark = pytest.mark.django_db
TASKS = "/api/v1/tasks"
SCOPES = ("tasks:read", "tasks:write", "customers:read", "customers:write", "changes:read")
TOMORROW = timezone.now() + datetime.timedelta(days=1)


@pytest.fixture
def client(api_client: Any, integration: Any) -> Any:
    return api_client(integration, *SCOPES)


def about(record: Any) -> dict[str, str]:
    return {"about_type": record.label(), "about_id": str(record.pk)}


def titles(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["title"] for row in answer.json()["results"]]


def test_a_new_task_is_its_makers_and_open(client: Any, integration: Any) -> None:
    made = client.post(TASKS, {"title": "Call back"}).json()
    assert (made["assignee"], made["status"], made["priority"]) == (str(integration.pk), "open", "normal")
    assert (made["completed_at"], made["customer"], made["due_at"]) == (None, None, None)


def test_a_task_is_completed_once_and_reopened(client: Any, integration: Any) -> None:
    address = client.post(TASKS, {"title": "Call back"}).headers["Location"]
    done = client.post(f"{address}/complete").json()
    assert (done["status"], done["completed_by"]) == ("done", str(integration.pk))
    assert done["completed_at"] is not None
    assert client.post(f"{address}/complete").status_code == 409
    again = client.post(f"{address}/reopen").json()
    assert (again["status"], again["completed_at"], again["completed_by"]) == ("open", None, None)
    assert client.post(f"{address}/reopen").status_code == 409


def test_a_cancelled_task_is_neither_done_nor_moved(client: Any) -> None:
    address = client.post(TASKS, {"title": "Call back"}).headers["Location"]
    assert client.post(f"{address}/cancel").json()["status"] == "cancelled"
    later = {"until": TOMORROW.isoformat()}
    codes = [
        client.post(f"{address}/{verb}", body).status_code
        for verb, body in (("complete", None), ("cancel", None), ("snooze", later), ("assign", {"assignee": None}))
    ]
    assert codes == [409] * 4
    assert Task.objects.get().due_at is None


def test_the_status_is_changed_by_verbs_alone(client: Any) -> None:
    address = client.post(TASKS, {"title": "Call back"}).headers["Location"]
    answer = client.patch(address, {"status": "done"}, content_type="application/merge-patch+json")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "read_only")
    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.update(status="done")
    assert Task.objects.get().status == "open"


def test_a_task_is_put_off_and_its_reminder_with_it(client: Any) -> None:
    due = TOMORROW.replace(microsecond=0)
    body = {"title": "x", "due_at": due.isoformat(), "remind_at": (due - datetime.timedelta(hours=1)).isoformat()}
    address = client.post(TASKS, body).headers["Location"]
    later = due + datetime.timedelta(days=7)
    moved = client.post(f"{address}/snooze", {"until": later.isoformat()}).json()
    assert datetime.datetime.fromisoformat(moved["due_at"]) == later
    assert datetime.datetime.fromisoformat(moved["remind_at"]) == later - datetime.timedelta(hours=1)
    answer = client.post(f"{address}/snooze", {"until": "2020-01-01T00:00:00Z"})
    assert answer.status_code == 422
    assert Task.objects.get().due_at == later


def test_a_task_is_given_to_a_colleague_who_then_sees_it(api_client: Any, client: Any, make_user: Any) -> None:
    seller = make_user("Sales representative")
    own = api_client(seller, "tasks:read", "tasks:write")
    address = client.post(TASKS, {"title": "Call back"}).headers["Location"]
    assert own.get(address).status_code == 404
    client.post(f"{address}/assign", {"assignee": str(seller.pk)})
    assert titles(own.get(TASKS)) == ["Call back"]
    assert own.post(f"{address}/complete").json()["completed_by"] == str(seller.pk)
    gone = make_user(is_active=False)
    client.post(f"{address}/reopen")
    assert client.post(f"{address}/assign", {"assignee": str(gone.pk)}).status_code == 422
    assert Task.objects.get().assignee == seller


def test_a_task_about_a_customers_call_is_about_the_customer(client: Any) -> None:
    customer = make(Customer, name="Acme")
    call = make(Interaction, customer=customer)
    first = client.post(TASKS, {"title": "a", **about(customer)}).json()
    second = client.post(TASKS, {"title": "b", **about(call)}).json()
    assert first["customer"] == second["customer"] == str(customer.pk)
    assert titles(client.get(TASKS, {"customer": str(customer.pk)})) == ["a", "b"]
    moved = client.patch(f"{TASKS}/{first['id']}", {"about_type": "", "about_id": None})
    assert moved.json()["customer"] is None


def test_a_task_is_about_a_record_that_its_maker_sees(api_client: Any, make_user: Any, client: Any) -> None:
    customer = make(Customer, name="Acme")
    seller = api_client(make_user("Sales representative"), *SCOPES)
    assert seller.post(TASKS, {"title": "a", **about(customer)}).status_code == 422
    assert client.post(TASKS, {"title": "a", "about_type": "crm.user", "about_id": str(customer.pk)}).status_code == 422
    assert client.post(TASKS, {"title": "a", "about_type": "customers.customer"}).status_code == 422
    assert not Task.objects.exists()


def test_a_batch_asks_once_what_many_tasks_are_about(client: Any, django_assert_max_num_queries: Any) -> None:
    customers = [make(Customer) for _number in range(50)]
    items = [{"operation": "create", "data": {"title": "x", **about(one)}} for one in customers]
    with django_assert_max_num_queries(25):
        answer = client.post(f"{TASKS}/batch", {"items": items})
    assert {one["status"] for one in answer.json()["results"]} == {201}
    assert set(Task.objects.values_list("customer", flat=True)) == {one.pk for one in customers}


def test_a_task_and_what_becomes_of_it_stand_on_the_timeline(client: Any) -> None:
    customer = make(Customer, name="Acme")
    task = client.post(TASKS, {"title": "a", **about(customer)}).json()
    client.post(f"{TASKS}/{task['id']}/complete")
    entries = client.get(f"/api/v1/customers/{customer.pk}/timeline").json()["results"]
    assert [(one["kind"], one["record"].get("action")) for one in entries] == [
        ("changes", "updated"),
        ("tasks", None),
        ("changes", "created"),
    ]
    assert entries[0]["record"]["after"]["status"] == "done"


def test_tasks_are_listed_by_due_time_those_without_last(client: Any) -> None:
    for title, due in (("none", None), ("later", "2026-02-01T00:00:00Z"), ("soon", "2026-01-01T00:00:00Z")):
        client.post(TASKS, {"title": title, "due_at": due})
    assert titles(client.get(TASKS, {"ordering": "due_order"})) == ["soon", "later", "none"]
    assert titles(client.get(TASKS, {"due_at__lt": "2026-01-15T00:00:00Z"})) == ["soon"]
    assert titles(client.get(TASKS, {"due_at__isnull": "true"})) == ["none"]


def test_the_action_adds_a_task_for_who_asks(make_user: Any, make_team: Any) -> None:
    user = make_user("Sales representative", team=make_team("North"))
    customer = make(Customer)
    task = actions.add_task(title="Call", by=user, about=customer, due_at=TOMORROW)
    assert (task.assignee, task.owner, task.team) == (user, user, user.team)
    assert (task.customer, task.about(user)) == (customer.pk, None)
    with pytest.raises(ValidationError):
        actions.add_task(title="", by=user)
    assert Task.objects.count() == 1
