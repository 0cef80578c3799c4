"""Segments: who is in them, what is refused, and what becomes of them."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from crm.merging.actions import merge_records
from crm.models import CustomField
from customers.models import Consent, Customer, Interaction, Purpose
from marketing import actions, conditions
from marketing.models import Segment, SegmentMember
from sales.models import Order
from tests.samples import make
from tests.staff import colleague

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db
PATH = "/api/v1/segments"


@pytest.fixture
def client(api_client: Any, make_user: Any) -> Any:
    return api_client(make_user("Marketer"), "marketing:read", "marketing:write", "customers:read")


def person(name: str, **fields: Any) -> Customer:
    return Customer.objects.create(name=name, **fields)


def names(wanted: Any) -> list[str]:
    segment = Segment(name="s", conditions=wanted)
    return sorted(segment.customers().values_list("name", flat=True))


def test_a_leaf_keeps_whom_the_list_of_customers_keeps() -> None:
    person("Ada", country="DE", lifecycle="customer")
    person("Bob", country="FR", lifecycle="customer")
    assert names({"country": "DE", "lifecycle": "customer"}) == ["Ada"]
    assert names({"country__in": "DE,FR"}) == ["Ada", "Bob"]
    assert names({"search": "ad"}) == ["Ada"]
    assert names({}) == ["Ada", "Bob"]


def test_groups_join_and_turn_what_they_hold() -> None:
    person("Ada", country="DE")
    person("Bob", country="FR", lifecycle="customer")
    person("Cy", country="US")
    assert names({"any": [{"country": "DE"}, {"lifecycle": "customer"}]}) == ["Ada", "Bob"]
    assert names({"not": {"any": [{"country": "DE"}, {"country": "FR"}]}}) == ["Cy"]
    assert names({"all": [{"country__in": "DE,FR"}, {"not": {"lifecycle": "customer"}}]}) == ["Ada"]
    assert names({"not": {}}) == []
    assert names({"any": [{}, {"country": "DE"}]}) == ["Ada", "Bob", "Cy"]


def test_not_keeps_also_those_of_whom_nothing_is_known() -> None:
    CustomField.objects.create(
        content_type_id=CustomField.content_type.field.related_model.objects.get_for_model(Customer).pk,  # type: ignore[attr-defined]
        name="region",
        label="Region",
        type="text",
    )
    person("Ada", custom={"region": "north"})
    person("Bob")
    assert names({"custom.region": "north"}) == ["Ada"]
    assert names({"not": {"custom.region": "north"}}) == ["Bob"]


def test_consent_counts_as_it_stands_now() -> None:
    purpose, _made = Purpose.objects.get_or_create(name="marketing_email", defaults={"channel": "email"})
    ada, bob = person("Ada"), person("Bob")
    for customer in (ada, bob):
        Consent.objects.create(customer=customer, purpose=purpose, is_granted=True, source="form")
    Consent.objects.create(customer=bob, purpose=purpose, is_granted=False, source="form")
    assert names({"consent": "marketing_email"}) == ["Ada"]


def test_interactions_count_since_a_day() -> None:
    ada, bob = person("Ada"), person("Bob")
    Interaction.objects.create(customer=ada, kind="call", subject="Hello")
    long_ago = timezone.now() - datetime.timedelta(days=40)
    Interaction.objects.create(customer=bob, kind="call", subject="Hello", occurred_at=long_ago)
    assert names({"interaction_within_days": "30"}) == ["Ada"]
    assert names({"interaction_since": long_ago.date().isoformat()}) == ["Ada", "Bob"]


def test_orders_are_counted_and_summed() -> None:
    ada, bob = person("Ada"), person("Bob")
    for number, customer in enumerate((ada, ada, bob)):
        make(Order, customer=customer, number=str(number), total=600, currency="EUR")
    assert names({"orders_at_least": "2"}) == ["Ada"]
    assert names({"orders_worth_at_least": "600 EUR"}) == ["Ada", "Bob"]
    assert names({"orders_worth_at_least": "601 EUR"}) == ["Ada"]
    assert names({"orders_worth_at_least": "1 USD"}) == []
    assert names({"order_since": "2025-01-01", "orders_at_least": "2"}) == ["Ada"]


def deep(levels: int) -> Any:
    return {"not": deep(levels - 1)} if levels else {"country": "DE"}


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        ({"colour": "red"}, "/conditions/colour"),
        ({"all": [{"country": "DE"}, {"lifecycle": "nonsense"}]}, "/conditions/all/1/lifecycle"),
        ({"not": {"custom.gone": "x"}}, "/conditions/not/custom.gone"),
        ({"any": []}, "/conditions/any"),
        ({"any": [{"consent": "nothing"}]}, "/conditions/any/0/consent"),
        ({"orders_at_least": "0"}, "/conditions/orders_at_least"),
        ({"orders_worth_at_least": "many"}, "/conditions/orders_worth_at_least"),
        ({"ordering": "name"}, "/conditions/ordering"),
        ({"country": 7}, "/conditions/country"),
        ({"all": [{}], "country": "DE"}, "/conditions"),
        ({"any": [{"country": "DE"}] * 50}, "/conditions/any/49"),
        (deep(5), "/conditions/not/not/not/not/not"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_place(client: Any, wanted: Any, pointer: str) -> None:
    answer = client.post(PATH, {"name": "Wrong", "conditions": wanted})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Segment.objects.exists()


def test_customers_are_counted_in_one_query(django_assert_num_queries: Callable[[int], Any]) -> None:
    person("Ada", country="DE")
    wanted = {"any": [{"country": "DE", "interaction_within_days": "9"}, {"not": {"orders_at_least": "2"}}]}
    segment = Segment.objects.create(name="s", conditions=wanted)
    with django_assert_num_queries(1):
        assert segment.customers().count() == 1


def test_a_segment_whose_conditions_can_no_longer_be_read_keeps_nobody(client: Any) -> None:
    person("Ada")
    segment = Segment.objects.create(name="s", conditions={"not": {"custom.gone": "x"}})
    assert list(segment.customers()) == []
    assert segment.fault == "not/custom.gone: There is no such custom field."
    assert client.post(f"{PATH}/{segment.pk}/freeze").status_code == 409
    assert client.get(f"{PATH}/{segment.pk}/members").json()["results"] == []


def test_a_preview_counts_only_what_its_reader_sees(api_client: Any, make_user: Any) -> None:
    seller = make_user("Sales representative")
    Customer.objects.create(name="Mine", owner=seller)
    Customer.objects.create(name="Hidden")
    client = api_client(seller, "marketing:read", "marketing:write", "customers:read")
    body = client.post(f"{PATH}/preview", {"conditions": {}}).json()
    assert (body["count"], [one["name"] for one in body["customers"]]) == (1, ["Mine"])
    assert not Segment.objects.exists()


def test_two_segments_show_each_its_own_members(client: Any) -> None:
    person("Ada", country="DE")
    person("Bob", country="FR")
    for country, name in (("DE", "Ada"), ("FR", "Bob")):
        segment = Segment.objects.create(name=country, conditions={"country": country})
        results = client.get(f"{PATH}/{segment.pk}/members").json()["results"]
        assert [one["name"] for one in results] == [name]


def test_a_frozen_segment_keeps_its_members_until_it_thaws(client: Any) -> None:
    person("Ada", country="DE")
    segment = Segment.objects.create(name="s", conditions={"country": "DE"})
    assert client.post(f"{PATH}/{segment.pk}/freeze").json()["kind"] == "frozen"
    person("Bob", country="DE")
    segment.refresh_from_db()
    assert [one.name for one in segment.customers()] == ["Ada"]
    assert client.post(f"{PATH}/{segment.pk}/thaw").json()["kind"] == "dynamic"
    segment.refresh_from_db()
    assert segment.customers().count() == 2


def test_members_are_added_to_a_frozen_segment_only(client: Any) -> None:
    ada, bob = person("Ada"), person("Bob")
    segment = Segment.objects.create(name="s")
    address = f"{PATH}/{segment.pk}/members"
    assert client.post(address, {"add": [str(ada.pk)]}).status_code == 409
    assert not SegmentMember.objects.exists()
    actions.freeze_segment(segment=segment)
    answer = client.post(address, {"add": [str(ada.pk)], "remove": [str(bob.pk)]})
    assert answer.status_code == 200
    assert [one.customer for one in SegmentMember.objects.all()] == [ada]


def test_members_that_one_does_not_see_are_refused(client: Any) -> None:
    segment = Segment.objects.create(name="s", kind="frozen")
    answer = client.post(f"{PATH}/{segment.pk}/members", {"add": [str(segment.pk)]})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/add/0"]
    assert not SegmentMember.objects.exists()


def test_members_follow_a_merge() -> None:
    ada, double = person("Ada"), person("Ada L.")
    segment = Segment.objects.create(name="s", kind="frozen")
    SegmentMember.objects.create(segment=segment, customer=double)
    merge_records(winner=ada, loser=double, by=colleague("Administrator"))
    assert list(segment.customers()) == [ada]


def test_a_condition_about_what_one_may_not_see_is_unknown(make_user: Any) -> None:
    agent = make_user("Service agent")
    error = conditions.refused({"orders_at_least": "2"}, agent)
    assert error is not None
    assert error.path == ("orders_at_least",)
    assert conditions.refused({"orders_at_least": "2"}, make_user("Marketer")) is None
