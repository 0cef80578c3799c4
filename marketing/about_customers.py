"""What marketing asks of customers besides the parameters of their list: consent, and what happened with them."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Final

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.days import midnight
from customers.models import Consent, Interaction, Purpose
from marketing import conditions
from marketing.conditions.registry import CHOICE, DATE, NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST: Final = 36_500


def day(text: str) -> datetime.date:
    """Return a day such as 2026-01-31; raise ValidationError."""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise ValidationError(_("Use a day, such as 2026-01-31.")) from error


def whole(text: str, most: int = LONGEST) -> int:
    """Return a whole number from 1 on; raise ValidationError."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:12]) <= most):
        raise ValidationError(_("Use a whole number from 1 to %d.") % most)
    return int(text)


def days_ago(text: str) -> datetime.datetime:
    """Return the moment so many days ago."""
    return timezone.now() - datetime.timedelta(days=whole(text))


def granted(name: str) -> Q:
    """Return that consent to a purpose stands; retired purposes keep their history."""
    purpose = Purpose.objects.filter(name=name).values_list("pk", flat=True).first()
    if purpose is None:
        raise ValidationError(_("There is no such purpose."), "does_not_exist")
    rows = Consent.objects.filter(customer=OuterRef("pk"), purpose=purpose, is_granted=True)
    return Q(Exists(rows.newest()))


def purposes() -> Iterable[tuple[str, str]]:
    """Return the purposes that customers are asked for."""
    return [(one.name, str(one)) for one in Purpose.objects.filter(is_active=True).order_by("name")]


def met(earliest: datetime.datetime) -> Q:
    """Return that something happened with the customer since a moment."""
    return Q(Exists(Interaction.objects.filter(customer=OuterRef("pk"), occurred_at__gte=earliest)))


def register() -> None:
    """Tell the registry."""
    ask = conditions.Condition
    conditions.register(ask("consent", gettext_lazy("Consent to"), granted, Consent, CHOICE, purposes))
    since, within = gettext_lazy("Interaction since"), gettext_lazy("Interaction within days")
    conditions.register(ask("interaction_since", since, lambda text: met(midnight(day(text))), Interaction, DATE))
    conditions.register(ask("interaction_within_days", within, lambda text: met(days_ago(text)), Interaction, NUMBER))
