"""Relations between customers: what may be, who sees them, and the tree that they make."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from customers.models import Customer, Interaction, Relationship, RelationshipType

pytestmark = pytest.mark.django_db
CUSTOMERS = "/api/v1/customers"
RELATIONS = "/api/v1/relationships"


@pytest.fixture
def client(api_client: Any, make_user: Any) -> Any:
    return api_client(make_user("Integration"), "customers:read", "customers:write")


@pytest.fixture
def parent(db: None) -> RelationshipType:
    values = {"name": "parent of", "inverse_name": "subsidiary of", "between": "organization"}
    return RelationshipType.objects.update_or_create(code="parent_of", defaults={**values, "is_hierarchical": True})[0]


@pytest.fixture
def partner(db: None) -> RelationshipType:
    return RelationshipType.objects.get_or_create(code="partner_of", defaults={"name": "partner of"})[0]


def organization(name: str, **fields: Any) -> Customer:
    return Customer.objects.create(kind="organization", name=name, **fields)


def relate(client: Any, first: Customer, kind: RelationshipType, second: Customer, **more: Any) -> Any:
    body = {"from_customer": str(first.pk), "type": str(kind.pk), "to_customer": str(second.pk), **more}
    return client.post(RELATIONS, body)


def faults(answer: Any) -> list[tuple[str, str]]:
    return [(item["pointer"], item["code"]) for item in answer.json()["errors"]]


def test_the_standard_types_are_there(client: Any) -> None:
    found = client.get("/api/v1/relationship-types", {"ordering": "name"}).json()["results"]
    assert [one["code"] for one in found] == ["same_household", "parent_of", "partner_of", "refers"]
    assert [one["code"] for one in found if one["is_hierarchical"]] == ["parent_of"]


def test_both_sides_are_told_in_their_own_words(client: Any, parent: RelationshipType) -> None:
    group, works = organization("Group"), organization("Works")
    assert relate(client, group, parent, works, since="2020-01-01").status_code == 201
    (above,) = client.get(f"{CUSTOMERS}/{works.pk}/related").json()["results"]
    (below,) = client.get(f"{CUSTOMERS}/{group.pk}/related").json()["results"]
    assert (above["words"], above["name"], above["is_inverse"]) == ("subsidiary of", "Group", True)
    assert (below["words"], below["name"], below["since"]) == ("parent of", "Works", "2020-01-01")
    chinese = client.get(f"{CUSTOMERS}/{works.pk}/related", headers={"Accept-Language": "zh-hans"}).json()
    assert chinese["results"][0]["words"] == "子公司，上级为"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"since": "2021-01-02", "until": "2021-01-01"}, ("/until", "invalid")),
        ({"to_customer": "self"}, ("/to_customer", "invalid")),
        ({"to_customer": "person"}, ("/type", "invalid")),
    ],
)
def test_a_relation_that_makes_no_sense_is_refused(
    client: Any, parent: RelationshipType, body: Any, fault: tuple[str, str]
) -> None:
    one = organization("One")
    others = {"self": one, "person": Customer.objects.create(name="Ada")}
    second = others.get(body.pop("to_customer", ""), organization("Two"))
    answer = relate(client, one, parent, second, **body)
    assert (answer.status_code, faults(answer)) == (422, [fault])
    assert not Relationship.objects.exists()


def test_a_pair_is_related_once_by_a_type(client: Any, parent: RelationshipType, partner: RelationshipType) -> None:
    one, two = organization("One"), organization("Two")
    assert relate(client, one, partner, two).status_code == 201
    assert relate(client, one, parent, two).status_code == 201
    assert relate(client, one, partner, two).status_code == 409
    turned = relate(client, two, partner, one)
    assert (turned.status_code, faults(turned)) == (409, [("", "relationship_symmetric_unique")])
    assert Relationship.objects.count() == 2


def test_nobody_is_above_themselves(client: Any, parent: RelationshipType) -> None:
    one, two, three = (organization(name) for name in ("One", "Two", "Three"))
    relate(client, one, parent, two)
    relate(client, two, parent, three)
    answer = relate(client, three, parent, one)
    assert (answer.status_code, faults(answer)) == (422, [("", "relationship_no_cycle")])
    assert Relationship.objects.count() == 2


def test_a_batch_makes_no_circle_either(client: Any, parent: RelationshipType) -> None:
    one, two = organization("One"), organization("Two")
    pairs = [(one, two), (two, one)]
    items = [
        {
            "operation": "create",
            "data": {"from_customer": str(first.pk), "type": str(parent.pk), "to_customer": str(second.pk)},
        }
        for first, second in pairs
    ]
    results = client.post(f"{RELATIONS}/batch", {"items": items, "atomic": True})
    assert results.status_code == 422
    assert not Relationship.objects.exists()


def test_the_database_itself_refuses_a_circle(parent: RelationshipType) -> None:
    one, two = organization("One"), organization("Two")
    kept = Relationship.objects.create(from_customer=one, type=parent, to_customer=two)
    with pytest.raises(IntegrityError), transaction.atomic():
        Relationship.objects.bulk_create([Relationship(from_customer=two, type=parent, to_customer=one)])
    with pytest.raises(IntegrityError), transaction.atomic():
        Relationship.objects.update(to_customer=one)
    assert list(Relationship.objects.all()) == [kept]


def test_a_relation_is_seen_by_whoever_sees_both(
    api_client: Any, make_user: Any, make_team: Any, partner: RelationshipType
) -> None:
    north, south = make_team("North"), make_team("South")
    ours, theirs = organization("Ours", team=north), organization("Theirs", team=south)
    relation = Relationship.objects.create(from_customer=ours, type=partner, to_customer=theirs)
    for team in (north, south):
        seller = api_client(make_user("Sales representative", team=team), "customers:read")
        assert seller.get(f"{RELATIONS}/{relation.pk}").status_code == 404
        assert seller.get(RELATIONS).json()["results"] == []
        own = ours if team == north else theirs
        assert seller.get(f"{CUSTOMERS}/{own.pk}/related").json()["results"] == []
    manager = api_client(make_user("Sales manager"), "customers:read")
    assert manager.get(f"{RELATIONS}/{relation.pk}").status_code == 200


@pytest.fixture
def group(parent: RelationshipType, make_team: Any) -> dict[str, Customer]:
    """Make a group with two levels, one of them in another team."""
    north, south = make_team("North"), make_team("South")
    teams = {"Group": north, "Alpha": north, "Beta": south, "Alpha One": north, "Beta One": north}
    made = {name: organization(name, team=team) for name, team in teams.items()}
    for upper, lower in [("Group", "Beta"), ("Group", "Alpha"), ("Alpha", "Alpha One"), ("Beta", "Beta One")]:
        Relationship.objects.create(from_customer=made[upper], type=parent, to_customer=made[lower])
    made["Ada"] = Customer.objects.create(name="Ada", organization=made["Alpha One"], team=north)
    return made


def names(answer: Any) -> list[tuple[str, int, int]]:
    return [(one["name"], one["depth"], one["people"]) for one in answer.json()["results"]]


def test_a_tree_is_read_from_above_to_below(client: Any, group: dict[str, Customer]) -> None:
    address = f"{CUSTOMERS}/{group['Group'].pk}/tree"
    whole = [("Group", 0, 0), ("Alpha", 1, 0), ("Alpha One", 2, 1), ("Beta", 1, 0), ("Beta One", 2, 0)]
    assert names(client.get(address)) == whole
    assert names(client.get(address, {"depth": 1})) == [one for one in whole if one[1] < 2]
    assert client.get(address, {"depth": 0}).status_code == 400
    assert client.get(address).json()["results"][2]["above"] == str(group["Alpha"].pk)


def test_a_tree_ends_where_one_may_not_see(api_client: Any, make_user: Any, group: dict[str, Customer]) -> None:
    seller = api_client(make_user("Sales representative", team=group["Group"].team), "customers:read")
    found = names(seller.get(f"{CUSTOMERS}/{group['Group'].pk}/tree"))
    assert [name for name, _depth, _people in found] == ["Group", "Alpha", "Alpha One"]
    assert seller.get(f"{CUSTOMERS}/{group['Beta'].pk}/tree").status_code == 404


def test_a_relation_that_has_ended_is_no_branch(client: Any, group: dict[str, Customer]) -> None:
    Relationship.objects.filter(to_customer=group["Alpha"]).update(until="2020-01-01")
    assert [name for name, *_rest in names(client.get(f"{CUSTOMERS}/{group['Group'].pk}/tree"))] == [
        "Group",
        "Beta",
        "Beta One",
    ]


def test_a_timeline_rolls_up_the_tree(client: Any, group: dict[str, Customer]) -> None:
    Interaction.objects.create(customer=group["Ada"], kind="call", subject="With Ada")
    address = f"{CUSTOMERS}/{group['Group'].pk}/timeline"
    assert client.get(address, {"kind": "interactions"}).json()["results"] == []
    (entry,) = client.get(address, {"kind": "interactions", "scope": "tree"}).json()["results"]
    assert entry["record"]["subject"] == "With Ada"
    assert client.get(address, {"scope": "world"}).status_code == 400


def test_a_tree_of_any_size_takes_as_many_statements(
    client: Any, group: dict[str, Customer], django_assert_max_num_queries: Any
) -> None:
    client.get(f"{CUSTOMERS}/{group['Group'].pk}/tree")
    with django_assert_max_num_queries(6):
        client.get(f"{CUSTOMERS}/{group['Group'].pk}/tree")


def test_a_deleted_customer_comes_back_with_its_relations(api_client: Any, make_user: Any, group: Any) -> None:
    manager = api_client(make_user("Sales manager"), "customers:read", "customers:write")
    address = f"{CUSTOMERS}/{group['Beta'].pk}"
    assert manager.delete(address).status_code == 204
    assert Relationship.objects.count() == 2
    assert manager.post(f"{address}/restore").status_code == 201
    assert Relationship.objects.count() == 4


def test_an_answer_says_where_there_are_more_than_it_has(
    client: Any, parent: RelationshipType, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = organization("Group")
    for name in ("Works", "Shop"):
        relate(client, group, parent, organization(name))
    whole = client.get(f"{CUSTOMERS}/{group.pk}/related").json()
    assert (len(whole["results"]), whole["has_more"]) == (2, False)
    monkeypatch.setattr("customers.relations_api.MOST_RELATED", 1)
    part = client.get(f"{CUSTOMERS}/{group.pk}/related").json()
    assert ([one["name"] for one in part["results"]], part["has_more"]) == (["Works"], True)
