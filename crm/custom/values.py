"""Values of custom fields: what is one, how it is kept as JSON, and how people read it."""

from __future__ import annotations

import datetime
import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import orjson
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils import formats, timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from crm.api.characters import refuse_line_breaks
from crm.custom.patterns import is_quick

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm.models import CustomField

MAX_TEXT: Final = 1000
MAX_CHOICES: Final = 100
WHOLE: Final = re.compile(r"[+-]?\d{1,18}")
HAS_ZONE: Final = re.compile(r"(?:[Zz]|[+-]\d\d:?\d\d)\Z")
is_address: Final = URLValidator(["http", "https"])


def is_empty(value: Any) -> bool:
    """Tell whether a value is no value at all."""
    return value is None or value in ("", [])


def check(field: CustomField, value: Any) -> Any:
    """Return `value` as JSON keeps it; raise ValidationError where the field cannot have it."""
    try:
        return CHECKS[field.type](field, value)
    except (ValueError, TypeError, OverflowError):
        raise invalid(field) from None


def invalid(field: CustomField) -> ValidationError:
    """Return the refusal of a value of another type."""
    return ValidationError(_("Not a valid %(type)s."), params={"type": field.get_type_display()}, code="invalid")


def text(field: CustomField, value: Any) -> str:
    """Return a text without spaces around it, in the form that the field needs."""
    if not isinstance(value, str) or "\0" in value:
        raise invalid(field)
    found, most = value.strip(), field.max_length or MAX_TEXT
    refuse_line_breaks(found)
    if len(found) > most:
        raise ValidationError(_("%(most)d characters at most."), params={"most": most}, code="too_long")
    if field.pattern and found and not fits(field.pattern, found):
        raise ValidationError(_("Not in the form that this field needs."), code="pattern")
    return found


def fits(pattern: str, value: str) -> bool:
    """Tell whether a text fits a pattern; raise ValidationError where finding out could take long."""
    if not is_quick(pattern, len(value)):
        raise ValidationError(_("The pattern of this field is too slow for so long a text."), code="pattern")
    return re.fullmatch(pattern, value) is not None


def number(field: CustomField, value: Any) -> int | float:
    """Return a finite number within the field's limits."""
    if not isinstance(value, int | float | Decimal) or isinstance(value, bool) or not math.isfinite(value):
        raise invalid(field)
    exact = Decimal(str(value))
    if field.min_value is not None and exact < field.min_value:
        raise ValidationError(_("%(least)s at least."), params={"least": plain(field.min_value)}, code="too_small")
    if field.max_value is not None and exact > field.max_value:
        raise ValidationError(_("%(most)s at most."), params={"most": plain(field.max_value)}, code="too_large")
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def plain(limit: Decimal) -> str:
    """Return a limit without zeros after the point."""
    return format(limit.normalize(), "f")


def date(field: CustomField, value: Any) -> str:
    """Return a day in ten characters."""
    if not isinstance(value, str):
        raise invalid(field)
    return datetime.date.fromisoformat(value).isoformat()


def moment(field: CustomField, value: Any) -> str:
    """Return a time in UTC, always of the same length, so that texts sort as times."""
    found = parse_datetime(value) if isinstance(value, str) and HAS_ZONE.search(value) else None
    if found is None:
        raise invalid(field)
    return found.astimezone(datetime.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def boolean(field: CustomField, value: Any) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise invalid(field)
    return value


def choice(field: CustomField, value: Any) -> str:
    """Return one of the values that may be chosen."""
    if not isinstance(value, str) or value not in field.choices:
        raise invalid(field)
    return value


def choices(field: CustomField, value: Any) -> list[str]:
    """Return some of the values that may be chosen, each once and in the field's order."""
    if not isinstance(value, list) or len(value) > MAX_CHOICES or not all(one in field.choices for one in value):
        raise invalid(field)
    return [one for one in field.choices if one in value]


def address(field: CustomField, value: Any) -> str:
    """Return the address of a page."""
    found = text(field, value)
    if found:
        is_address(found)
    return found


CHECKS: Final[dict[str, Callable[[CustomField, Any], Any]]] = {
    "text": text,
    "number": number,
    "date": date,
    "datetime": moment,
    "boolean": boolean,
    "choice": choice,
    "choices": choices,
    "url": address,
}


def read(field: CustomField, written: str) -> Any:
    """Return the value that a text, from a query or a cell, stands for; raise ValidationError if for none."""
    value: Any = written
    match field.type:
        case "boolean":
            value = {"true": True, "false": False}.get(written)
        case "number":
            try:
                value = int(written) if WHOLE.fullmatch(written) else float(written)
            except ValueError:
                value = None
        case "choices":
            value = listed(field, written)
    return check(field, value)


def listed(field: CustomField, written: str) -> Any:
    """Return the values in a JSON list, or in a text with commas; one that has a comma itself is taken whole."""
    if written.startswith("["):
        try:
            return orjson.loads(written)
        except ValueError:
            return None
    return [written] if written in field.choices else [one.strip() for one in written.split(",")]


def words(field: CustomField, value: Any) -> str:
    """Return a value as people read it."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(words(field, one) for one in value)
    if field.type == "date" and isinstance(value, str):
        return formats.date_format(datetime.date.fromisoformat(value), "SHORT_DATE_FORMAT")
    if field.type == "datetime" and isinstance(value, str) and (found := parse_datetime(value)):
        return formats.date_format(timezone.localtime(found), "SHORT_DATETIME_FORMAT")
    return str(field.choice_labels.get(str(value), value))
