"""What can be asked of an import: lists, columns, fields and keys that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext as _

from crm.alike import FINDERS
from crm.api.routers import resources
from crm.imports.columns import EXTERNAL_ID, targets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm.models import Import


def check_mapping(one: Import, mapping: Mapping[str, str | None]) -> None:
    """Raise ValidationError for columns and fields that there are not, and for a field that has two columns."""
    names, known = {column["name"] for column in one.columns}, targets(serializer_of(one.resource))
    chosen = [field for field in mapping.values() if field]
    if missing := sorted(mapping.keys() - names):
        raise refused("mapping", _("There is no column %s.") % ", ".join(missing))
    if unknown := sorted(set(chosen) - known.keys()):
        raise refused("mapping", _("There is no field %s.") % ", ".join(unknown))
    if twice := sorted({field for field in chosen if chosen.count(field) > 1}):
        raise refused("mapping", _("Several columns become %s.") % ", ".join(twice))


def check_key(one: Import, key: str) -> None:
    """Raise ValidationError for a key by which nothing can be found, or that no column becomes."""
    chosen = one.mapping.values()
    if not set(chosen) - {"id", EXTERNAL_ID}:
        raise refused("mapping", _("No column becomes a field."))
    known = keys(one.resource)
    if key and key not in known:
        raise refused("key", _("Use one of: %s.") % ", ".join(known))
    if key and key not in chosen:
        raise refused("key", _("No column becomes %s.") % key)


def has_duplicates(resource: str) -> bool:
    """Tell whether records of a list may be one."""
    return resources()[resource].model in FINDERS


def check_duplicates(one: Import, *, refuses_duplicates: bool) -> None:
    """Raise ValidationError where duplicates are to be refused in a list that knows none."""
    if refuses_duplicates and not has_duplicates(one.resource):
        raise refused("duplicates", _("Of these records, none are duplicates of each other."))


def refused(member: str, reason: str) -> ValidationError:
    """Return the refusal of a member of what was said; of all of it where none is named."""
    return ValidationError({member or NON_FIELD_ERRORS: [reason]})


def keys(resource: str) -> tuple[str, ...]:
    """Return the fields by which a row may find its record."""
    return ("id", EXTERNAL_ID, *resources()[resource].natural_keys)


def serializer_of(resource: str) -> Any:
    """Return how records of a list look; raise ValidationError for a list that there is not."""
    viewset = resources().get(resource)
    if viewset is None or "batch" in viewset.withheld:
        raise refused("resource", _("There is no resource %s.") % resource)
    return viewset.serializer_class
