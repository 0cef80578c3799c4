"""My day, and tasks on the screens."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from crm import days
from crm.models import Task
from customers.models import Customer
from tests.samples import make
from tests.staff import colleague, form_of, page, signed_in

if TYPE_CHECKING:
    from crm.models import User

pytestmark = pytest.mark.django_db
DAY = "/admin/my-day/"
ACT = "/admin/my-day/act/"
HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def user() -> User:
    return colleague("Sales representative")


@pytest.fixture
def client(user: User) -> Any:
    return signed_in(user)


def task(user: User | None, title: str, due: datetime.datetime | None = None, **fields: Any) -> Task:
    return Task.objects.create(title=title, assignee=user, due_at=due, **fields)


def parts(client: Any) -> dict[str, list[str]]:
    answer = client.get(DAY)
    assert answer.status_code == 200
    return {part.name: [line.task.title for line in part.lines] for part in answer.context["parts"]}


def test_the_day_has_what_is_late_due_soon_and_undated(client: Any, user: User) -> None:
    task(user, "late", days.begin() - HOUR)
    task(user, "today", days.at(timezone.localdate()))
    task(user, "soon", days.begin(7))
    task(user, "far", days.begin(8))
    task(user, "undated")
    task(user, "cancelled", status="cancelled")
    task(colleague("Sales representative"), "somebody else's", days.begin() - HOUR)
    expected = {"overdue": ["late"], "today": ["today"], "week": ["soon"], "undated": ["undated"], "done": []}
    assert parts(client) == expected


def test_the_sidebar_counts_what_is_due(client: Any, user: User) -> None:
    task(user, "late", days.begin() - HOUR)
    task(user, "today", days.at(timezone.localdate()))
    task(user, "tomorrow", days.begin(1))
    (entry,) = [one for one in client.get("/admin/").context["sidebar_navigation"][0]["items"] if one["link"] == DAY]
    assert entry["badge"] == 2


def test_a_task_is_added_in_a_line(client: Any, user: User) -> None:
    assert client.post(DAY, {"title": "Call Ada", "day": "2030-05-02"}).status_code == 302
    made = Task.objects.get()
    assert (made.title, made.assignee, made.due_at) == ("Call Ada", user, days.at(datetime.date(2030, 5, 2)))
    assert client.post(DAY, {"title": "", "day": "x"}).context["form"].errors.keys() == {"title", "day"}
    assert Task.objects.count() == 1


def test_a_task_is_ticked_and_opened_again(client: Any, user: User) -> None:
    one = task(user, "Call")
    assert client.post(ACT, {"task": one.pk, "verb": "complete"})["Location"] == DAY
    assert parts(client)["done"] == ["Call"]
    client.post(ACT, {"task": one.pk, "verb": "complete"})
    one.refresh_from_db()
    assert (one.status, one.completed_by) == ("done", user)
    client.post(ACT, {"task": one.pk, "verb": "reopen"})
    assert parts(client)["undated"] == ["Call"]


def test_a_task_is_put_off_to_tomorrow_or_next_monday(client: Any, user: User) -> None:
    nine = days.at(timezone.localdate() - datetime.timedelta(days=3), days.MORNING)
    dated, undated = task(user, "dated", nine), task(user, "undated")
    client.post(ACT, {"task": dated.pk, "verb": "tomorrow"})
    client.post(ACT, {"task": undated.pk, "verb": "next_week"})
    dated.refresh_from_db()
    undated.refresh_from_db()
    assert dated.due_at == days.at(timezone.localdate() + datetime.timedelta(days=1), days.MORNING)
    monday = timezone.localtime(undated.due_at)
    assert (monday.weekday(), monday.time()) == (0, days.END)
    assert 0 < (monday.date() - timezone.localdate()).days <= days.WEEK


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_a_button_leads_back_to_pages_of_ours_only(client: Any, user: User, back: str) -> None:
    one = task(user, "Call")
    assert client.post(ACT, {"task": one.pk, "verb": "complete", "back": back})["Location"] == DAY


def test_a_task_that_one_may_not_see_is_not_touched(client: Any) -> None:
    one = task(None, "Call")
    assert client.post(ACT, {"task": one.pk, "verb": "complete"}).status_code == 404
    assert client.post(ACT, {"task": "x", "verb": "complete"}).status_code == 404
    assert client.get(ACT).status_code == 405
    assert Task.objects.get().status == "open"


def test_who_may_only_read_adds_and_ticks_nothing() -> None:
    auditor = colleague("Auditor")
    one = task(auditor, "Call")
    client = signed_in(auditor)
    assert parts(client)["undated"] == ["Call"]
    assert client.post(DAY, {"title": "x"}).status_code == 403
    assert client.post(ACT, {"task": one.pk, "verb": "complete"}).status_code == 403
    assert signed_in(colleague()).get(DAY).status_code == 403
    assert Task.objects.get().status == "open"


def test_what_a_task_is_about_is_named_to_who_may_see_it(client: Any, user: User) -> None:
    own, other = make(Customer, name="Acme", owner=user), make(Customer, name="Hidden Ltd")
    for customer in (own, other):
        task(user, "Call", about_type="customers.customer", about_id=customer.pk)
    text = client.get(DAY).content.decode()
    assert f'href="{page(own, "change")}"' in text
    assert "Hidden Ltd" not in text


def test_a_task_is_added_on_a_customers_page_and_shown_there(client: Any, user: User) -> None:
    customer = make(Customer, name="Acme", owner=user)
    address = page(customer, "add_task")
    assert client.get(address).status_code == 200
    body = {"title": "Send offer", "day": "2030-05-02", "reminder": "1", "assignee": user.pk}
    assert client.post(address, body)["Location"] == page(customer, "change")
    made = Task.objects.get()
    assert (made.customer, made.remind_at) == (customer.pk, days.at(datetime.date(2030, 5, 1), days.MORNING))
    assert "Send offer" in client.get(page(customer, "change")).content.decode()
    assert client.post(address, {**body, "day": ""}).status_code == 200
    assert Task.objects.count() == 1


def test_a_tasks_own_page_changes_it(client: Any, user: User) -> None:
    one = task(user, "Call", owner=user)
    body = form_of(client, page(one, "change")) | {"title": "Call Ada", "due_at_0": "2030-05-02", "due_at_1": "09:00"}
    assert client.post(page(one, "change"), body).status_code == 302
    one.refresh_from_db()
    assert (one.title, one.due_at) == ("Call Ada", days.at(datetime.date(2030, 5, 2), days.MORNING))


def test_several_tasks_are_marked_as_done(client: Any, user: User) -> None:
    tasks = [task(user, "a"), task(user, "b"), task(user, "c", status="cancelled")]
    client.post(page(Task, "changelist"), {"action": "mark_done", "_selected_action": [one.pk for one in tasks]})
    assert sorted(Task.objects.values_list("title", "status")) == [("a", "done"), ("b", "done"), ("c", "cancelled")]


def test_tasks_stand_on_the_timeline_page(client: Any, user: User) -> None:
    customer = make(Customer, name="Acme", owner=user)
    task(user, "Send offer", about_type="customers.customer", about_id=customer.pk)
    text = client.get(page(customer, "timeline"), {"kind": "tasks"}).content.decode()
    assert "Send offer" in text
