"""Records about any other record, which they name by its kind and id."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.apps import apps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from crm.models import Record, User


@cache
def kinds() -> Mapping[str, type[Record]]:
    """Return the kinds of records that others can be about, by names such as `customers.customer`."""
    from crm.models import Record

    models = [model for model in apps.get_models() if issubclass(model, Record) and not model.follows_about]
    return {model.label(): model for model in models}


def find(kind: str, key: UUID | None, user: User) -> Record | None:
    """Return the record of a kind that an id stands for, as far as `user` may see it."""
    from crm.merging.successors import standing_for

    model = kinds().get(kind)
    return standing_for(model.objects.visible_to(user), [key]).get(key) if model and key else None


def may_change(kind: str, user: User) -> bool:
    """Tell whether a user may change records of a kind, as far as they see them."""
    model = kinds().get(kind)
    return model is not None and user.has_perm(f"{model._meta.app_label}.change_{model._meta.model_name}")


def customer_of(record: Any) -> UUID | None:
    """Return the customer that a record concerns, as the change feed has it; None where it concerns nobody."""
    names = {field.name: field.attname for field in record._meta.concrete_fields}
    name = record.concerns or ("customer" if "customer" in names else "")
    if name:
        key: UUID | None = getattr(record, names[name])
        return key
    parent = getattr(record, record.visible_through) if record.visible_through else None
    return customer_of(parent) if parent is not None else None


def customer_named(kind: str, key: UUID | None) -> UUID | None:
    """Return the customer that the record of this kind and id concerns; None where there is none."""
    model = kinds().get(kind)
    if model and model.concerns == "id":
        return key
    record = model.objects.filter(pk=key).first() if model and key else None
    return customer_of(record) if record is not None else None
