"""What stands around a customer: related customers in words, and the tree below an organization."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from django.db.models import Count, Q

from customers.models import Customer, Relationship
from customers.models.trees import edges_below

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from crm.models import User
    from customers.models.customers import CustomerQuerySet

DEEPEST: Final = 20
MOST_RELATED: Final = 1000


@dataclass(frozen=True)
class Related:
    """A relation seen from one of its two customers: what that one is to the other."""

    relationship: Relationship
    customer: Customer
    words: str


@dataclass
class Branch:
    """A customer in a tree, how many people of it the reader sees, and who is below."""

    customer: Customer
    people: int
    depth: int
    below: list[Branch] = field(default_factory=list)

    def walk(self) -> Iterator[Branch]:
        """Yield this branch and all below, from above to below."""
        yield self
        for branch in self.below:
            yield from branch.walk()


def related_to(customer: Customer, user: User, most: int = MOST_RELATED) -> list[Related]:
    """Return the relations of a customer, from both sides, as far as `user` may see the other; the oldest `most`."""
    rows = Relationship.objects.visible_to(user).filter(Q(from_customer=customer.pk) | Q(to_customer=customer.pk))
    found = []
    for row in rows.select_related("type", "from_customer", "to_customer").order_by("id")[:most]:
        is_inverse = row.to_customer_id == customer.pk
        other = row.from_customer if is_inverse else row.to_customer
        found.append(Related(row, other, row.type.words(is_inverse=is_inverse)))
    return found


def tree_below(customer: Customer, user: User, depth: int = DEEPEST) -> Branch:
    """Return the tree of a customer that `user` may see; who is below somebody out of sight is so too."""
    edges = edges_below(customer.pk, depth)
    visible = Customer.objects.visible_to(user)
    known = {one.pk: one for one in visible.filter(pk__in={lower for _upper, lower, _depth in edges} | {customer.pk})}
    people = visible.order_by().filter(organization__in=known).values("organization")
    counts = dict(people.annotate(number=Count("pk")).values_list("organization", "number"))
    top = Branch(customer, counts.get(customer.pk, 0), 0)
    branches: dict[UUID, Branch] = {customer.pk: top}
    for upper, lower, level in edges:
        if upper in branches and lower in known and lower not in branches:
            branches[lower] = Branch(known[lower], counts.get(lower, 0), level)
            branches[upper].below.append(branches[lower])
    for branch in branches.values():
        branch.below.sort(key=lambda one: (one.customer.name, one.customer.pk))
    return top


def members_of(customer: Customer, user: User) -> CustomerQuerySet:
    """Return a customer, and the people of an organization, as far as `user` may see them."""
    return Customer.objects.visible_to(user).filter(Q(pk=customer.pk) | Q(organization=customer.pk))


def members_of_tree(top: Customer, user: User) -> CustomerQuerySet:
    """Return a customer, all below it, and the people of all of them, as far as `user` may see them."""
    keys = [branch.customer.pk for branch in tree_below(top, user).walk()]
    return Customer.objects.visible_to(user).filter(Q(pk__in=keys) | Q(organization__in=keys))
