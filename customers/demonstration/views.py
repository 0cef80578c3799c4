"""Saved views, and a rule on how long customers are kept, for demonstration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm.models import SavedView
from customers.models import RetentionRule

if TYPE_CHECKING:
    from crm.models import User


def views(admin: User, manager: User) -> list[SavedView]:
    """Return views of the list of customers: shared with everyone, with a team, and private."""
    everyone: dict[str, Any] = {"user": admin, "resource": "customers", "sharing": SavedView.Sharing.ALL}
    team = {**everyone, "user": manager, "sharing": SavedView.Sharing.TEAM}
    private = {**everyone, "sharing": SavedView.Sharing.PRIVATE}
    columns = ["name", "tag_labels", "phone_link", "owner"]
    return [
        SavedView(name="Key accounts", parameters={"tags__in": "key account"}, columns=columns, **everyone),
        SavedView(name="Prospects", parameters={"lifecycle": "prospect"}, **everyone),
        SavedView(name="Gold service", parameters={"custom.demo_tier": "gold", "ordering": "name"}, **team),
        SavedView(name="To be won back", parameters={"lifecycle": "former", "tags__in": "at risk"}, **private),
    ]


def rules() -> list[RetentionRule]:
    """Save a rule that shows what there is, and does nothing until somebody makes it active."""
    rule = RetentionRule(
        name="Leads without contact for three years",
        kind="person",
        lifecycle="lead",
        days=3 * 365,
        verb=RetentionRule.Verb.ERASE,
        is_active=False,
    )
    rule.full_clean()
    rule.save()
    return [rule]
