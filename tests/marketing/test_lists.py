"""The list of customers is narrowed to a segment, and customers are put on fixed lists from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from customers.models import Customer
from marketing.models import Segment
from tests.samples import make
from tests.staff import colleague, permitted, signed_in

if TYPE_CHECKING:
    from crm.models import User

pytestmark = pytest.mark.django_db
LIST = "/admin/customers/customer/"
SCOPES = ("customers:read", "marketing:read")


@pytest.fixture
def germans() -> Segment:
    """Return a segment with two customers; another is elsewhere."""
    for name, country in (("Ada", "DE"), ("Bob", "DE"), ("Cy", "FR")):
        make(Customer, name=name, country=country)
    return make(Segment, conditions={"country": "DE"})  # type: ignore[no-any-return]


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return [row["name"] for row in answer.json()["results"]]


def test_customers_of_a_segment_are_listed(api_client: Any, integration: User, germans: Segment) -> None:
    client = api_client(integration, *SCOPES)
    assert names(client.get("/api/v1/customers", {"segment": str(germans.pk)})) == ["Ada", "Bob"]
    both = {"segment": str(germans.pk), "name": "Bob"}
    assert names(client.get("/api/v1/customers", both)) == ["Bob"]
    exported = client.get("/api/v1/customers/export", {**both, "fields": "name"}).getvalue().decode("utf-8-sig")
    assert exported.splitlines() == ["name", "Bob"]


def test_a_fixed_list_narrows_too(api_client: Any, integration: User, germans: Segment) -> None:
    fixed = make(Segment, kind="frozen")
    fixed.members.create(customer=Customer.objects.get(name="Cy"))
    client = api_client(integration, *SCOPES)
    assert names(client.get("/api/v1/customers", {"segment": str(fixed.pk)})) == ["Cy"]


def test_a_segment_out_of_sight_is_none(api_client: Any, germans: Segment) -> None:
    reader = permitted(colleague(), "view_own")
    own = make(Segment, owner=reader)
    make(Customer, name="Own", owner=reader)
    client = api_client(reader, *SCOPES)
    answer = client.get("/api/v1/customers", {"segment": str(germans.pk)})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "does_not_exist")
    assert names(client.get("/api/v1/customers", {"segment": str(own.pk)})) == ["Own"]
    assert client.get("/api/v1/customers", {"segment": "germans"}).status_code == 400


def test_the_filter_needs_the_scope_of_segments(api_client: Any, integration: User, germans: Segment) -> None:
    client = api_client(integration, "customers:read")
    assert client.get("/api/v1/customers", {"segment": str(germans.pk)}).status_code == 403


def shown(browser: Any, **asked: str) -> set[str]:
    return {one.name for one in browser.get(LIST, asked).context["cl"].result_list}


def test_the_staff_site_narrows_to_segments_that_are_seen(germans: Segment, marketer: User) -> None:
    assert shown(signed_in(marketer), segment=str(germans.pk)) == {"Ada", "Bob"}
    reader = permitted(colleague(), "view_own")
    page = signed_in(reader).get(LIST, {"segment": str(germans.pk)})
    assert germans.name not in page.content.decode()
    assert list(page.context["cl"].result_list) == []


def chosen(verb: str, *people: str, **more: str) -> dict[str, Any]:
    keys = Customer.objects.filter(name__in=people).values_list("pk", flat=True)
    return {"action": verb, "_selected_action": [str(key) for key in keys], **more}


def test_customers_are_put_on_a_list_and_taken_from_it(germans: Segment, marketer: User) -> None:
    fixed, browser = make(Segment, kind="frozen", name="Fair"), signed_in(marketer)
    asked = browser.post(LIST, chosen("add_to_list", "Ada", "Cy"))
    assert list(asked.context["form"].fields["segment"].queryset) == [fixed]
    browser.post(LIST, chosen("add_to_list", "Ada", "Cy", segment=str(fixed.pk)))
    assert set(fixed.members.values_list("customer__name", flat=True)) == {"Ada", "Cy"}
    browser.post(LIST, chosen("take_from_list", "Ada", segment=str(fixed.pk)))
    assert set(fixed.members.values_list("customer__name", flat=True)) == {"Cy"}
    browser.post(LIST, chosen("add_to_list", segment=str(fixed.pk), select_across="1") | chosen("add_to_list", "Ada"))
    assert fixed.members.count() == 3  # all that the list shows


def test_more_than_fit_are_refused_not_cut(germans: Segment, marketer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = make(Segment, kind="frozen", name="Fair")
    monkeypatch.setattr("marketing.admin.lists.MOST", 1)
    said = signed_in(marketer).post(LIST, chosen("add_to_list", "Ada", "Cy", segment=str(fixed.pk)), follow=True)
    assert "Choose at most 1 customers at once" in said.content.decode()
    assert fixed.members.count() == 0


def test_who_may_not_change_segments_is_not_offered_it(germans: Segment) -> None:
    fixed, seller = make(Segment, kind="frozen"), colleague("Sales manager")
    browser = signed_in(seller)
    assert "add_to_list" not in browser.get(LIST).content.decode()
    browser.post(LIST, chosen("add_to_list", "Ada", segment=str(fixed.pk)))
    assert not fixed.members.exists()


def test_a_dynamic_segment_is_no_list(germans: Segment, marketer: User) -> None:
    answer = signed_in(marketer).post(LIST, chosen("add_to_list", "Cy", segment=str(germans.pk)))
    assert "segment" in answer.context["form"].errors
    assert not germans.members.exists()
