"""Tags: given to any record, through every door."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from crm.models import Change, Tag
from crm.tags.actions import delete_tag, rename_tag
from customers.models import Address, Customer, Interaction
from tests.plans import scanned
from tests.samples import make
from tests.staff import colleague, form_of, page, signed_in

pytestmark = pytest.mark.django_db
CUSTOMERS = "/api/v1/customers"
TAGS = "/api/v1/tags"
MERGE_PATCH = "application/merge-patch+json"


@pytest.fixture
def client(api_client: Any, integration: Any) -> Any:
    return api_client(integration, "customers:read", "customers:write", "tags:read", "tags:write")


def tagged(*names: str, **fields: Any) -> Customer:
    return make(Customer, tags=list(names), **fields)  # type: ignore[no-any-return]


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


def test_a_record_is_given_tags_and_the_list_of_tags_learns_them(client: Any) -> None:
    Tag.objects.create(name="VIP", color="red")
    body = {"name": "John Doe", "tags": ["vip", "New York", "new york"]}
    made = client.post(CUSTOMERS, body).json()
    assert made["tags"] == ["New York", "VIP"]
    assert [(one["name"], one["color"]) for one in client.get(TAGS, {"ordering": "name"}).json()["results"]] == [
        ("New York", "grey"),
        ("VIP", "red"),
    ]


@pytest.mark.parametrize("tags", ["vip", [1], [""], ["a,b"], [" a"], ["a；b"], ["x" * 51], [["a"]], {}])
def test_what_is_no_list_of_tags_is_refused(client: Any, tags: Any) -> None:
    assert client.post(CUSTOMERS, {"name": "John Doe", "tags": tags}).status_code == 400
    assert (Customer.objects.count(), Tag.objects.count()) == (0, 0)


def test_lists_are_filtered_by_tag(client: Any) -> None:
    tagged("VIP", "old", name="Ada")
    tagged("new", name="Bob")
    tagged(name="Cid")
    assert names(client.get(CUSTOMERS, {"tags": "vip"})) == ["Ada"]
    assert names(client.get(CUSTOMERS, {"tags__in": "vip,new"})) == ["Ada", "Bob"]
    assert names(client.get(CUSTOMERS, {"tags": "unheard of"})) == []
    assert client.get(CUSTOMERS, {"tags": ""}).status_code == 400


@pytest.mark.parametrize("name", ["tags__in", "lifecycle__in", "id__in"])
@pytest.mark.parametrize("value", [",", "", "vip,", ",vip"])
def test_an_empty_value_among_several_is_refused(client: Any, name: str, value: str) -> None:
    answer = client.get(CUSTOMERS, {name: value})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, name)


def test_a_filter_by_tag_reads_who_has_the_tag() -> None:
    Customer.objects.bulk_create(Customer(name=f"Customer {n}", tags=["old"]) for n in range(1_000))
    tagged("vip")
    assert scanned(Customer.objects.tagged(["VIP"])) == {"customers_customer": 1}


def test_a_patch_replaces_the_tags_and_a_put_without_leaves_them(client: Any) -> None:
    customer = tagged("a", "b")
    address = f"{CUSTOMERS}/{customer.pk}"
    assert client.put(address, {"name": "John"}).json()["tags"] == ["a", "b"]
    assert client.patch(address, {"tags": ["c"]}, content_type=MERGE_PATCH).json()["tags"] == ["c"]
    assert client.patch(address, {"tags": None}, content_type=MERGE_PATCH).json()["tags"] == []


def test_tags_stand_on_the_feed_and_come_back_with_the_record(client: Any) -> None:
    customer = tagged("a", name="Ada")
    client.patch(f"{CUSTOMERS}/{customer.pk}", {"tags": ["a", "b"]}, content_type=MERGE_PATCH)
    change = Change.objects.filter(record=customer.pk, action="updated").get()
    assert (change.before, change.after) == ({"tags": ["a"]}, {"tags": ["a", "b"]})
    client.delete(f"{CUSTOMERS}/{customer.pk}")
    assert client.post(f"{CUSTOMERS}/{customer.pk}/restore").json()["tags"] == ["a", "b"]


def test_a_record_comes_back_with_tags_as_they_are_written_by_now(client: Any) -> None:
    customer = tagged("vip", "old")
    key = customer.pk
    customer.delete()
    Tag.objects.filter(name="vip").update(name="VIP")
    Tag.objects.filter(name="old").delete()
    assert client.post(f"{CUSTOMERS}/{key}/restore").json()["tags"] == ["VIP", "old"]
    assert sorted(Tag.objects.values_list("name", flat=True)) == ["VIP", "old"]


def test_a_batch_gives_tags_written_in_one_way(client: Any) -> None:
    kept = tagged("old")
    items = [
        {"operation": "create", "data": {"name": "Ada", "tags": ["New"]}},
        {"operation": "create", "data": {"name": "Bob", "tags": ["new", "x"]}},
        {"operation": "update", "id": str(kept.pk), "data": {"tags": ["OLD", "new"]}},
    ]
    answer = client.post(f"{CUSTOMERS}/batch", {"items": items}).json()
    assert [one["status"] for one in answer["results"]] == [201, 201, 200]
    assert sorted(map(tuple, Customer.objects.values_list("tags", flat=True))) == [
        ("New",),
        ("New", "old"),
        ("New", "x"),
    ]


def test_a_batch_changes_several_records_with_tags_of_their_own(client: Any) -> None:
    first, second = tagged(), tagged("gone")
    items = [
        {"operation": "update", "id": str(first.pk), "data": {"tags": ["a", "b", 'c "quoted" \\']}},
        {"operation": "update", "id": str(second.pk), "data": {"tags": []}},
    ]
    client.post(f"{CUSTOMERS}/batch", {"items": items})
    assert Customer.objects.get(pk=first.pk).tags == ["a", "b", 'c "quoted" \\']
    assert Customer.objects.get(pk=second.pk).tags == []


def test_renaming_a_tag_renames_it_on_every_kind_of_record(client: Any) -> None:
    customer, other = tagged("b", "z"), tagged("c")
    address, call = make(Address, tags=["b"]), make(Interaction, tags=["b"])
    before = client.get(f"{CUSTOMERS}/{customer.pk}").headers["ETag"]
    tag = Tag.objects.get(name="b")
    changed = client.patch(f"{TAGS}/{tag.pk}", {"name": "zz", "color": "blue"}, content_type=MERGE_PATCH)
    assert (changed.json()["name"], changed.json()["color"]) == ("zz", "blue")
    for record, expected in ((customer, ["z", "zz"]), (other, ["c"]), (address, ["zz"]), (call, ["zz"])):
        record.refresh_from_db()
        assert record.tags == expected
    assert Change.objects.filter(record=customer.pk).latest("sequence").after == {"tags": ["z", "zz"]}
    assert client.get(f"{CUSTOMERS}/{customer.pk}", headers={"If-None-Match": before}).status_code == 200


def test_a_tag_cannot_be_called_like_another(client: Any) -> None:
    tagged("a", "b")
    tag = Tag.objects.get(name="b")
    answer = client.patch(f"{TAGS}/{tag.pk}", {"name": "A"}, content_type=MERGE_PATCH)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "tag_name_unique")
    assert Customer.objects.get().tags == ["a", "b"]
    assert client.post(TAGS, {"name": "B"}).status_code == 409


def test_a_deleted_tag_leaves_its_records(client: Any) -> None:
    customer = tagged("a", "b")
    assert client.delete(f"{TAGS}/{Tag.objects.get(name='a').pk}").status_code == 204
    customer.refresh_from_db()
    assert (customer.tags, list(Tag.objects.values_list("name", flat=True))) == (["b"], ["b"])


def test_the_database_lists_what_is_given_behind_the_codes_back() -> None:
    tagged("Blue")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET tags = '{Green}'")
    assert Tag.objects.filter(name="Green").exists()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET tags = '{green}'")
    assert Customer.objects.get().tags == ["Green"]


def test_representatives_add_tags_and_managers_rename_them(api_client: Any, make_user: Any) -> None:
    def call(role: str) -> tuple[int, int, int]:
        user = api_client(make_user(role), "tags:read", "tags:write")
        made = user.post(TAGS, {"name": role})
        address = f"{TAGS}/{Tag.objects.first().pk}"  # type: ignore[union-attr]
        return made.status_code, user.patch(address, {"color": "red"}).status_code, user.get(TAGS).status_code

    Tag.objects.create(name="a")
    assert call("Sales representative") == (201, 403, 200)
    assert call("Service manager") == (201, 200, 200)
    assert call("Auditor") == (403, 403, 200)


def test_a_tag_is_found_and_a_missing_one_is_404(client: Any) -> None:
    tag = Tag.objects.create(name="a")
    assert client.get(f"{TAGS}/{tag.pk}").json()["name"] == "a"
    assert client.delete(f"{TAGS}/{tag.pk}").status_code == 204
    assert client.delete(f"{TAGS}/{tag.pk}").status_code == 404


def test_an_export_writes_tags_with_commas(client: Any) -> None:
    tagged("a", "b")
    answer = client.get(f"{CUSTOMERS}/export", {"fields": "tags"})
    assert b"".join(answer.streaming_content) == b'tags\n"a,b"\n'


def test_staff_give_tags_and_find_records_by_them() -> None:
    client = signed_in(colleague("Sales manager"))
    customer, other = tagged("old", name="Ada"), tagged(name="Bob")
    Tag.objects.filter(name="old").update(color="teal")
    body = form_of(client, page(customer, "change")) | {"tags": ["OLD", "new"]}
    assert client.post(page(customer, "change"), body).status_code == 302
    customer.refresh_from_db()
    assert customer.tags == ["new", "old"]
    listed = client.get(page(Customer, "changelist"), {"tags": "new"}).content.decode()
    assert '<span class="tag tag-teal">old</span>' in listed
    assert str(customer.pk) in listed
    assert str(other.pk) not in listed


def test_staff_rename_and_delete_tags() -> None:
    customer = tagged("a", "b")
    client = signed_in(colleague("Sales manager"))
    tag = Tag.objects.get(name="a")
    assert client.post(page(tag, "change"), {"name": "c", "color": "red"}).status_code == 302
    assert client.post(page(Tag.objects.get(name="b"), "delete"), {"post": "yes"}).status_code == 302
    customer.refresh_from_db()
    assert customer.tags == ["c"]


def test_a_tag_that_is_gone_meanwhile_is_said_to_be() -> None:
    from crm.tags.actions import Gone

    tag = Tag.objects.create(name="a")
    Tag.objects.all().delete()
    with pytest.raises(Gone):
        rename_tag(tag=tag, name="b")
    with pytest.raises(Gone):
        delete_tag(tag=tag)
