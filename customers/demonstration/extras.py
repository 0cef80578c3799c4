"""Custom fields and relations for demonstration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib.contenttypes.models import ContentType

from crm.custom import jobs
from crm.models import CustomField
from customers.models import Customer, Relationship, RelationshipType
from customers.models.standard_relations import STANDARD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm.demonstration import Setting

FIELDS: Final[list[dict[str, Any]]] = [
    {
        "name": "demo_tier",
        "label": "Service tier",
        "type": "choice",
        "choices": ["gold", "silver", "bronze"],
        "choice_labels": {"gold": "Gold", "silver": "Silver", "bronze": "Bronze"},
        "help_text": "Which service the contract promises.",
        "in_list": True,
        "is_indexed": True,
    },
    {
        "name": "demo_employees",
        "label": "Employees",
        "type": "number",
        "min_value": 1,
        "group": "Key figures",
        "is_indexed": True,
    },
    {"name": "demo_renewal", "label": "Contract renewal", "type": "date", "group": "Key figures"},
    {"name": "demo_newsletter", "label": "Reads the newsletter", "type": "boolean", "default": False},
    {"name": "demo_interests", "label": "Interests", "type": "choices", "choices": ["Products", "Training", "Events"]},
]
SUBSIDIARIES: Final = 2


def fields() -> list[CustomField]:
    """Add the custom fields."""
    kind = ContentType.objects.get_for_model(Customer)
    made = [CustomField(content_type=kind, place=place, **values) for place, values in enumerate(FIELDS, 1)]
    for field in made:
        field.full_clean()
        field.save()
    jobs.align_indexes.defer()
    return made


def values(setting: Setting, customer: Customer) -> dict[str, Any]:
    """Return the values of a customer's custom fields: figures of an organization, interests of a person."""
    random = setting.random
    if customer.kind == Customer.Kind.PERSON:
        interests = [one for one in FIELDS[-1]["choices"] if random.random() < 0.4]  # noqa: PLR2004 -- by chance
        return {"demo_newsletter": random.random() < 0.5, **({"demo_interests": interests} if interests else {})}  # noqa: PLR2004
    return {
        "demo_tier": random.choice(["gold", "silver", "silver", "bronze", "bronze"]),
        "demo_employees": int(10 ** random.uniform(1, 4)),
        "demo_renewal": setting.now.date().replace(day=1, month=random.randrange(1, 13)).isoformat(),
        "demo_newsletter": False,
    }


def relations(groups: Sequence[Sequence[Customer]]) -> list[Relationship]:
    """Return relations: in each place a parent with subsidiaries, partners across places, households."""
    types = {one["code"]: RelationshipType.objects.get_or_create(code=one["code"], defaults=one)[0] for one in STANDARD}
    found = []
    parents = [group[0] for group in groups]
    for group in groups:
        organizations = [one for one in group if one.kind == Customer.Kind.ORGANIZATION]
        private = [one for one in group if one.kind == Customer.Kind.PERSON and one.organization_id is None]
        found += [relation(organizations[0], types["parent_of"], one) for one in organizations[1 : 1 + SUBSIDIARIES]]
        found.append(relation(private[0], types["same_household"], private[1]))
    found += [
        relation(one, types["partner_of"], other) for one, other in zip(parents[::2], parents[1::2], strict=False)
    ]
    return found


def relation(one: Customer, kind: RelationshipType, other: Customer) -> Relationship:
    """Return a relation since both are known."""
    moment = max(one.created_at, other.created_at)
    made = Relationship(from_customer=one, type=kind, to_customer=other, owner=one.owner, team=one.team)
    made.created_at = made.updated_at = moment
    made.since = moment.date()
    made.complete()
    return made
