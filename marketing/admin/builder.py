"""What the builder of segments offers: the parameters of the list of customers and the registry, in people's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminTextareaWidget

from crm.api.custom import lookups
from crm.api.filters import CUSTOM
from crm.custom.definitions import definitions
from crm.models import Team, User
from crm.reports.api import is_id
from customers.api import CustomerViewSet
from customers.models import Customer
from marketing import conditions

if TYPE_CHECKING:
    from crm.models import CustomField

MOST_PEOPLE: Final = 500
OFFERED: Final = (
    "lifecycle",
    "kind",
    "country",
    "language",
    "industry",
    "source",
    "tags",
    "name",
    "email",
    "organization",
    "owner",
    "team",
    "is_active",
    "created_at",
    "updated_at",
)


def operators() -> dict[str, str]:
    """Return what a lookup is called."""
    return {
        "": _("is"),
        "in": _("is any of"),
        "isnull": _("is empty"),
        "icontains": _("contains"),
        "istartswith": _("begins with"),
        "gt": _("is more than"),
        "gte": _("is at least"),
        "lt": _("is less than"),
        "lte": _("is at most"),
    }


def offered(user: User) -> list[dict[str, Any]]:
    """Return what `user` may ask of customers: fields with their operators and choices."""
    customs = definitions(Customer, user).active.values()
    asked = conditions.listed(user).values()
    return [*map(of_field, OFFERED), *map(of_custom, customs), *map(of_registry, asked)]


def of_field(name: str) -> dict[str, Any]:
    """Return what can be asked of a field of customers."""
    field: Any = Customer._meta.get_field(name)
    taken = {**CustomerViewSet.common_filters, **CustomerViewSet.filterset_fields}[name]
    kind = "boolean" if isinstance(field, models.BooleanField) else "text"
    kind = "moment" if isinstance(field, models.DateTimeField) else kind
    kind = "record" if field.is_relation and field.related_model is Customer else kind
    choices = [(value, str(capfirst(label))) for value, label in field.choices or people(field)]
    return entry(name, field.verbose_name, ["" if one == "exact" else one for one in taken], kind, choices)


def people(field: Any) -> list[tuple[str, str]]:
    """Return the colleagues or the teams that a field may name; nothing for any other field."""
    rows: Any
    if field.is_relation and field.related_model is User:
        rows = User.objects.filter(is_active=True).order_by("first_name", "last_name", "username")
    elif field.is_relation and field.related_model is Team:
        rows = Team.objects.order_by("name")
    else:
        return []
    return [(str(one.pk), str(one)) for one in rows[:MOST_PEOPLE]]


def names_in(conditions: Any, user: User) -> dict[str, str]:
    """Return what the organizations are called that conditions name, as far as `user` may see them."""
    keys = [key for key in values_of(conditions, "organization") if is_id(key)]
    seen = Customer.objects.visible_to(user).filter(pk__in=keys)
    return {str(key): name for key, name in seen.values_list("pk", "name")}


def values_of(node: Any, name: str) -> list[str]:
    """Return the values of a parameter anywhere in conditions."""
    if isinstance(node, list):
        return [value for one in node for value in values_of(one, name)]
    if not isinstance(node, dict):
        return []
    own = [value for key, value in node.items() if key == name and isinstance(value, str)]
    return own + [value for one in node.values() for value in values_of(one, name)]


def of_custom(field: CustomField) -> dict[str, Any]:
    """Return what can be asked of a custom field."""
    choices = [(one, one) for one in field.choices or ()]
    return entry(f"{CUSTOM}{field.name}", field.label, ["", *lookups(field)], field.type, choices)


def of_registry(one: conditions.Condition) -> dict[str, Any]:
    """Return what an application lets ask."""
    choices = [(value, str(label)) for value, label in one.choices()] if one.choices else []
    return entry(one.name, one.label, [""], one.input, choices)


def entry(name: str, label: Any, taken: list[str], kind: str, choices: list[tuple[Any, str]]) -> dict[str, Any]:
    """Return an entry of the builder's list."""
    words = operators()
    named = [["" if one == "" else f"__{one}", words[one]] for one in taken]
    return {"name": name, "label": str(capfirst(str(label))), "operators": named, "input": kind, "choices": choices}


def words() -> dict[str, str]:
    """Return what the builder says."""
    return {
        "all": _("All of these hold"),
        "any": _("Any of these holds"),
        "not": _("None of these holds"),
        "addCondition": _("Add a condition"),
        "addGroup": _("Add a group"),
        "remove": _("Remove"),
        "field": _("Field"),
        "operator": _("Operator"),
        "value": _("Value"),
        "group": _("Group"),
        "yes": _("Yes"),
        "no": _("No"),
        "several": _("several with commas"),
        "search": _("Type to search"),
        "counted": _("Customers that you see:"),
        "failed": _("The CRM did not answer. Try again."),
    }


class BuilderWidget(UnfoldAdminTextareaWidget):
    """A text of conditions, before which a script puts the builder."""

    class Media:
        css = {"all": ("marketing/builder.css",)}
        js = (forms.Script("marketing/builder.js", type="module"),)
