"""Saved views, over REST and on the screens."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from crm.models import CustomField, SavedView
from customers.models import Customer
from tests.custom.fields import add
from tests.samples import make
from tests.staff import colleague, page, signed_in

pytestmark = pytest.mark.django_db
VIEWS = "/api/v1/views"
CUSTOMERS = "/api/v1/customers"
SCOPES = ("views:read", "views:write", "customers:read")
BODY = {"resource": "customers", "name": "Leads", "parameters": {"lifecycle": "lead", "ordering": "-name"}}


@pytest.fixture
def client(api_client: Any, integration: Any) -> Any:
    return api_client(integration, *SCOPES)


@pytest.fixture
def customers() -> None:
    for name, lifecycle in (("Ada", "lead"), ("Bob", "lead"), ("Cid", "customer")):
        make(Customer, name=name, lifecycle=lifecycle)


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


def test_a_view_filters_and_sorts_a_list_and_an_export(client: Any, customers: None) -> None:
    view = client.post(VIEWS, BODY).json()
    assert (view["sharing"], view["parameters"]) == ("private", BODY["parameters"])
    assert names(client.get(CUSTOMERS, {"view": view["id"]})) == ["Bob", "Ada"]
    export = client.get(f"{CUSTOMERS}/export", {"view": view["id"], "fields": "name"})
    assert b"".join(export.streaming_content) == b"name\nBob\nAda\n"


def test_what_is_sent_goes_before_what_is_saved(client: Any, customers: None) -> None:
    view = client.post(VIEWS, BODY).json()["id"]
    assert names(client.get(CUSTOMERS, {"view": view, "lifecycle": "customer"})) == ["Cid"]
    assert names(client.get(CUSTOMERS, {"view": view, "ordering": "name"})) == ["Ada", "Bob"]


def test_the_pages_of_a_view_follow_each_other(client: Any, customers: None) -> None:
    view = client.post(VIEWS, BODY).json()["id"]
    first = client.get(CUSTOMERS, {"view": view, "limit": 1}).json()
    assert names(client.get(first["next"])) == ["Ada"]


def test_a_view_shows_nothing_that_its_reader_may_not_see(api_client: Any, make_user: Any, make_team: Any) -> None:
    north = make_team("North")
    author, reader = make_user("Sales manager", team=north), make_user("Sales representative", team=north)
    make(Customer, name="Hidden", lifecycle="lead")
    make(Customer, name="Own", lifecycle="lead", owner=reader)
    view = api_client(author, *SCOPES).post(VIEWS, {**BODY, "sharing": "team"}).json()["id"]
    assert names(api_client(reader, *SCOPES).get(CUSTOMERS, {"view": view})) == ["Own"]


@pytest.mark.parametrize(("sharing", "seen"), [("private", 0), ("team", 1), ("all", 2)])
def test_a_view_is_seen_by_those_it_is_shared_with(
    api_client: Any, make_user: Any, make_team: Any, sharing: str, seen: int
) -> None:
    north = make_team("North")
    author = api_client(make_user("Sales manager", team=north), *SCOPES)
    view = author.post(VIEWS, {**BODY, "sharing": sharing}).json()["id"]
    others = [make_user("Sales manager", team=north), make_user("Sales manager", team=make_team("South"))]
    clients = [api_client(user, *SCOPES) for user in others]
    assert [one.get(f"{VIEWS}/{view}").status_code for one in clients].count(200) == seen
    assert [one.get(CUSTOMERS, {"view": view}).status_code for one in clients].count(200) == seen


def test_a_colleagues_view_is_not_changed(api_client: Any, make_user: Any, client: Any) -> None:
    view = client.post(VIEWS, {**BODY, "sharing": "all"}).json()["id"]
    other = api_client(make_user("Administrator"), *SCOPES)
    assert other.patch(f"{VIEWS}/{view}", {"name": "Mine"}).status_code == 403
    assert other.delete(f"{VIEWS}/{view}").status_code == 403
    assert SavedView.objects.get().name == "Leads"
    assert client.patch(f"{VIEWS}/{view}", {"name": "All leads"}).json()["name"] == "All leads"
    assert client.delete(f"{VIEWS}/{view}").status_code == 204
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"resource": "no-such"},
        {"parameters": {"no_such": "1"}},
        {"parameters": {"lifecycle": "no such"}},
        {"parameters": {"ordering": "phone"}},
        {"parameters": {"fields": "no_such"}},
        {"parameters": {"limit": "1"}},
        {"parameters": {"custom.no_such": "1"}},
        {"parameters": {"id__in": "x"}},
        {"parameters": {"lifecycle": 1}},
        {"parameters": ["lifecycle"]},
        {"sharing": "nobody"},
        {"name": ""},
    ],
)
def test_what_the_list_would_refuse_is_not_saved(client: Any, wrong: dict[str, Any]) -> None:
    answer = client.post(VIEWS, {**BODY, **wrong})
    assert answer.status_code in {400, 422}, answer.content
    assert not SavedView.objects.exists()


def test_a_view_that_is_out_of_date_says_so(client: Any, integration: Any) -> None:
    view = SavedView.objects.create(user=integration, resource="customers", name="Old", parameters={"gone": "1"})
    answer = client.get(CUSTOMERS, {"view": str(view.pk)})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {
            "parameter": "view",
            "code": "out_of_date",
            "detail": "The view has parameters that there no longer are: gone.",
        }
    ]


def test_a_view_of_another_list_or_of_nothing_is_refused(client: Any, integration: Any) -> None:
    other = SavedView.objects.create(user=integration, resource="tasks", name="Tasks")
    for key in (str(other.pk), str(uuid4()), "x"):
        answer = client.get(CUSTOMERS, {"view": key})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "does_not_exist")


def test_a_name_is_given_once(client: Any) -> None:
    assert [client.post(VIEWS, BODY).status_code for _time in range(2)] == [201, 409]


def test_staff_save_what_a_list_shows_and_the_api_applies_it(client: Any, integration: Any, customers: None) -> None:
    user = colleague("Sales manager")
    window = signed_in(user)
    query = "lifecycle__exact=lead&q=ad"
    body = {"resource": "customers", "name": "Ad", "sharing": "all", "query": query, "columns": ["name", "owner"]}
    answer = window.post("/admin/views/save/", body)
    view = SavedView.objects.get()
    assert (view.user, view.parameters, view.screen) == (user, {"lifecycle": "lead", "search": "ad"}, query)
    text = window.get(answer["Location"]).content.decode()
    assert "column-name" in text
    assert "column-email_link" not in text
    assert ("Ada" in text, "Cid" in text) == (True, False)
    assert names(client.get(CUSTOMERS, {"view": str(view.pk)})) == ["Ada"]


def test_a_view_that_the_api_cannot_say_is_for_the_screens_alone(client: Any, customers: None) -> None:
    window = signed_in(colleague("Sales manager"))
    body = {"resource": "customers", "name": "Sorted", "sharing": "all", "query": "o=-1"}
    window.post("/admin/views/save/", body)
    view = SavedView.objects.get()
    assert view.parameters is None
    answer = client.get(CUSTOMERS, {"view": str(view.pk)})
    assert answer.json()["errors"][0]["code"] == "screens_only"


def test_staff_delete_their_own_views_only() -> None:
    mine, other = colleague("Sales manager"), colleague("Sales manager")
    view = SavedView.objects.create(user=mine, resource="customers", name="Mine", sharing="all", screen="q=a")
    address = page(Customer, "changelist")
    assert "Mine" in signed_in(other).get(address).content.decode()
    assert signed_in(other).post("/admin/views/delete/", {"view": view.pk}).status_code == 404
    assert signed_in(mine).post("/admin/views/delete/", {"view": view.pk})["Location"] == address
    assert not SavedView.objects.exists()


def test_a_view_without_a_name_or_with_one_taken_is_not_saved() -> None:
    window = signed_in(colleague("Sales manager"))
    for name in ("", "A", "A"):
        window.post("/admin/views/save/", {"resource": "customers", "name": name, "sharing": "private", "query": "q=a"})
    assert window.post("/admin/views/save/", {"resource": "no-such", "name": "B"}).status_code == 404
    assert list(SavedView.objects.values_list("name", flat=True)) == ["A"]


def shown(window: Any, view: SavedView) -> str:
    """Return the list's page under the address that the menu of views has for one."""
    page = window.get("/admin/customers/customer/")
    (address,) = [address for one, address in page.context["bar"]["views"] if one.pk == view.pk]
    answer = window.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize(
    ("parameters", "seen"),
    [
        ({"lifecycle": "lead"}, ["Ada", "Bob"]),
        ({"lifecycle__in": "lead,customer", "ordering": "-name"}, ["Cid", "Bob", "Ada"]),
        ({"name__icontains": "d", "ordering": "name"}, ["Ada", "Cid"]),
        ({"search": "bo"}, ["Bob"]),
        ({"is_active": "false"}, []),
        ({"tags__in": "red,blue"}, []),
        ({"fields": "name,phone", "name": "Cid"}, ["Cid"]),
    ],
)
def test_the_screens_show_a_view_of_the_api(
    integration: Any, customers: None, parameters: dict[str, str], seen: list[str]
) -> None:
    shared = {"user": integration, "resource": "customers", "sharing": "all"}
    view = SavedView.objects.create(name="API", parameters=parameters, **shared)
    window = signed_in(colleague("Sales manager"))
    address = dict(window.get("/admin/customers/customer/").context["bar"]["views"])[view]
    answer = window.get(address)
    assert [one.name for one in answer.context["cl"].result_list] == seen
    assert answer.context["cl"].left_out == []
    assert ("column-email_link" in answer.content.decode()) == (bool(seen) and "fields" not in parameters)


def test_what_the_screens_cannot_show_of_a_view_they_say(integration: Any, customers: None) -> None:
    parameters = {"gone": "1", "name": "Ada", "fields": "name,fax"}
    said = {"user": integration, "resource": "customers", "sharing": "all", "parameters": parameters}
    view = SavedView.objects.create(name="Old", **said)
    text = shown(signed_in(colleague("Sales manager")), view)
    assert "Left out, because this page cannot show it: <code>gone = 1</code>, <code>fax</code>" in text
    assert ("Ada" in text, "Bob" in text) == (True, False)


def test_the_api_applies_order_days_and_empty_filters_of_a_screen(client: Any, customers: None) -> None:
    window = signed_in(colleague("Sales manager"))
    query = "created_at_from=2020-01-01&created_at_to=&lifecycle__exact=lead&is_active__exact=1&o=-1"
    page = window.get(f"/admin/customers/customer/?{query}")
    assert page.context["cl"].asked_ordering == "-name"
    body = {"resource": "customers", "name": "Days", "sharing": "all", "query": query, "ordering": "-name"}
    window.post("/admin/views/save/", body)
    view = SavedView.objects.get()
    assert view.parameters == {
        "created_at__gte": "2020-01-01T00:00:00+00:00",
        "lifecycle": "lead",
        "is_active": "true",
        "ordering": "-name",
    }
    assert names(client.get(CUSTOMERS, {"view": str(view.pk)})) == ["Bob", "Ada"]
    address = dict(window.get("/admin/customers/customer/").context["bar"]["views"])[view]
    assert [one.name for one in window.get(address).context["cl"].result_list] == ["Bob", "Ada"]


def test_a_view_that_only_the_screens_can_apply_is_saved_with_a_notice(client: Any, customers: None) -> None:
    window = signed_in(colleague("Sales manager"))
    body = {"resource": "customers", "name": "Odd", "sharing": "all", "query": "industry__icontains=x"}
    page = window.post("/admin/views/save/", body, follow=True).content.decode()
    assert "The API cannot apply this view, for it cannot say: industry__icontains." in page
    view = SavedView.objects.get()
    assert view.parameters is None
    assert client.get(CUSTOMERS, {"view": str(view.pk)}).json()["errors"][0]["code"] == "screens_only"


def test_a_view_changed_through_the_api_is_changed_on_the_screens(api_client: Any, customers: None) -> None:
    user = colleague("Sales manager")
    window = signed_in(user)
    body = {"resource": "customers", "name": "Mine", "sharing": "all", "query": "lifecycle__exact=lead"}
    window.post("/admin/views/save/", body)
    view = SavedView.objects.get()
    changed = api_client(user, *SCOPES).patch(f"{VIEWS}/{view.pk}", {"parameters": {"lifecycle": "customer"}})
    assert changed.status_code == 200
    text = shown(window, view)
    assert ("Ada" in text, "Cid" in text) == (False, True)


def test_a_view_saved_from_a_view_of_the_api_keeps_its_filters(integration: Any, customers: None) -> None:
    window = signed_in(colleague("Sales manager"))
    body = {"resource": "customers", "name": "Copy", "sharing": "private", "query": "api.name__icontains=d"}
    window.post("/admin/views/save/", body)
    assert SavedView.objects.get().parameters == {"name__icontains": "d"}


def test_the_screens_show_a_view_by_a_choice_that_was_taken_away(integration: Any, customers: None) -> None:
    field = add("colour", "choice", choices=["red", "blue"], in_list=True)
    Customer.objects.filter(name="Ada").update(custom={"colour": "red"})
    CustomField.objects.filter(pk=field.pk).update(choices=["blue"])
    said = {"user": integration, "resource": "customers", "sharing": "all"}
    view = SavedView.objects.create(name="Red", parameters={"custom.colour": "red"}, **said)
    window = signed_in(colleague("Sales manager"))
    address = dict(window.get("/admin/customers/customer/").context["bar"]["views"])[view]
    assert [one.name for one in window.get(address).context["cl"].result_list] == ["Ada"]
