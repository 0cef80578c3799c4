"""Relations on the customer's page and in a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customers.models import Customer, Interaction, Relationship, RelationshipType
from tests.staff import colleague, form_of, page, signed_in, superuser, team

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def parent(db: None) -> RelationshipType:
    values = {"name": "parent of", "inverse_name": "subsidiary of", "is_hierarchical": True}
    return RelationshipType.objects.update_or_create(code="parent_of", defaults=values)[0]


def organization(name: str, **fields: object) -> Customer:
    return Customer.objects.create(kind="organization", name=name, **fields)


def add(client: Client, one: Customer, kind: RelationshipType, other: Customer) -> dict[str, str]:
    """Return the body of a page on which a relation was added."""
    body = form_of(client, page(one, "change"))
    row = {"type": kind.pk, "to_customer": other.pk, "from_customer": one.pk}
    return body | {"relationships-TOTAL_FORMS": "1"} | {f"relationships-0-{name}": str(v) for name, v in row.items()}


def test_a_relation_is_added_on_the_page_and_seen_from_the_other_side(parent: RelationshipType) -> None:
    group, works = organization("Group"), organization("Works")
    client = signed_in(colleague("Sales manager"))
    assert client.post(page(group, "change"), add(client, group, parent, works)).status_code == 302
    assert Relationship.objects.get().to_customer == works
    text = client.get(page(works, "change")).content.decode()
    assert "subsidiary of" in text
    assert f'href="{page(group, "change")}"' in text


def test_a_circle_is_refused_on_the_page(parent: RelationshipType) -> None:
    group, works = organization("Group"), organization("Works")
    Relationship.objects.create(from_customer=group, type=parent, to_customer=works)
    client = signed_in(superuser())
    answer = client.post(page(works, "change"), add(client, works, parent, group))
    assert "The customer would be above itself." in answer.content.decode()
    assert Relationship.objects.count() == 1


def test_the_tree_of_an_organization_has_a_page(parent: RelationshipType) -> None:
    east, west = team("East"), team("West")
    group, works, secret = (organization(n, team=t) for n, t in (("Group", east), ("Works", east), ("Secret", west)))
    for lower in (works, secret):
        Relationship.objects.create(from_customer=group, type=parent, to_customer=lower)
    client = signed_in(colleague("Sales representative", team=east))
    text = client.get(page(group, "tree")).content.decode()
    assert "Works" in text
    assert "Secret" not in text
    assert client.get(page(secret, "tree")).status_code in {302, 403, 404}


@pytest.mark.parametrize(("role", "status"), [("Administrator", 200), ("Sales manager", 403)])
def test_administrators_add_types(role: str, status: int) -> None:
    assert signed_in(colleague(role)).get(page(RelationshipType, "add")).status_code == status


def test_the_sides_of_a_type_in_use_do_not_change(parent: RelationshipType) -> None:
    Relationship.objects.create(from_customer=organization("A"), type=parent, to_customer=organization("B"))
    client = signed_in(superuser())
    body = form_of(client, page(parent, "change"))
    body.pop("is_hierarchical", None)
    assert client.post(page(parent, "change"), body).status_code == 200
    parent.refresh_from_db()
    assert parent.is_hierarchical


def test_a_timeline_shows_an_organization_or_its_tree(parent: RelationshipType) -> None:
    group, works = organization("Group"), organization("Works")
    Relationship.objects.create(from_customer=group, to_customer=works, type=parent)
    Interaction.objects.create(customer=works, kind="note", subject="Said at the works")
    client = signed_in(superuser())
    alone = client.get(page(group, "timeline")).content.decode()
    assert "Said at the works" not in alone
    assert "?kind=&amp;scope=tree" in alone
    whole = client.get(f"{page(group, 'timeline')}?scope=tree").content.decode()
    assert "Said at the works" in whole
    assert '?kind=changes&amp;scope=tree"' in whole
    assert "scope=tree" not in client.get(page(Customer.objects.create(name="Ann"), "timeline")).content.decode()
