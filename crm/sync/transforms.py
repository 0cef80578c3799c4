"""What a mapping may do to a text, by name; raises ValidationError where the text cannot be read so."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.sync.countries import country_code
from crm.sync.names import split_name

if TYPE_CHECKING:
    from collections.abc import Callable

TRUE: Final = frozenset({"1", "true", "yes", "y", "t", "x"})
FALSE: Final = frozenset({"", "0", "false", "no", "n", "f"})


def country(text: str) -> str:
    """Return the ISO 3166-1 code of the country named, empty for an empty name."""
    if not text:
        return ""
    try:
        return country_code(text)
    except LookupError as error:
        raise ValidationError(
            _("%(name)s is not the name of a country; the mapping's values may say what it means."),
            code="country_unknown",
            params={"name": text},
        ) from error


def boolean(text: str) -> bool:
    """Return whether the text says yes."""
    if text.lower() in TRUE | FALSE:
        return text.lower() in TRUE
    raise ValidationError(_("%(text)s says neither yes nor no."), code="invalid", params={"text": text})


def percent(text: str) -> Decimal:
    """Return a fraction such as 0.15 in percent."""
    try:
        found = Decimal(text or "0") * 100
    except InvalidOperation as error:
        raise ValidationError(_("%(text)s is not a number."), code="invalid", params={"text": text}) from error
    if not found.is_finite():
        raise ValidationError(_("%(text)s is not a number."), code="invalid", params={"text": text})
    return found


def title(text: str) -> str:
    """Return words in capitals or in small letters with a first capital each; mixed writing stays."""
    return text.title() if text.isupper() or text.islower() else text


def given_name(text: str) -> str:
    """Return the given name within a full name."""
    return split_name(text)[0]


def family_name(text: str) -> str:
    """Return the family name within a full name."""
    return split_name(text)[1]


TRANSFORMS: Final[dict[str, Callable[[str], object]]] = {
    "boolean": boolean,
    "country": country,
    "family_name": family_name,
    "given_name": given_name,
    "lower": str.lower,
    "percent": percent,
    "title": title,
    "upper": str.upper,
}
