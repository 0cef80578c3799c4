"""Erasing what is held on a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.database.locks import lock_together
from crm.erasing import erasing
from crm.merging.references import rows_around
from crm.models import Erasure
from crm.privacy import feed, holdings, lent, person
from crm.privacy.rows import erase_rows, remove_kept_elsewhere

if TYPE_CHECKING:
    from crm.models import Record, User


class NotThere(Exception):
    """The customer is gone, perhaps because it was merged meanwhile."""


@transaction.atomic
def erase_person(*, customer: Record, by: User | None, reason: str) -> Erasure:
    """Erase what is held on a customer, for good, and return the certificate; `by` is None where a rule erases.

    Sums, counts, dates and kinds stay true. Of an organization its own data are erased, not those of its people.
    Where there is nothing left to erase, the certificate is the one that there is; where there was, the worker looks
    once more ten minutes later, for what others were writing at that moment. Raises NotThere, and
    django.core.exceptions.ValidationError for a reason that is empty or names the customer.
    """
    model: Any = type(customer)
    lock_together(lambda: rows_around(model, customer.pk))
    locked = model._base_manager.filter(pk=customer.pk).first()
    if locked is None:
        raise NotThere(customer.pk)
    reason = reason.strip()
    found = person.find(locked)
    if not reason or found.is_named(reason):
        raise ValidationError({"reason": _("Give a reason that does not name the customer.")}, code="invalid")
    remove_kept_elsewhere(found)
    start = feed.last_change()
    with erasing():
        done = erase_rows(found)
        _clean_up(found, done)
    feed.say_erased(found.keys, start)
    for name, number in (*feed.blank(found).items(), *lent.clean(found).items()):
        done.count(name, number)
    last = Erasure.objects.filter(customer=locked.pk).order_by("-at").first()
    if last is not None and not done.counts:
        return last
    return _certify(locked, by, reason, done.counts)


def _clean_up(found: person.Person, done: Any) -> None:
    """Clean every table in which the person may stand without its being about them."""
    for clean in dict.fromkeys(holdings.traces().values()):
        for name, number in clean(found).items():
            done.count(name, number)


def _certify(customer: Record, by: User | None, reason: str, counts: dict[str, int]) -> Erasure:
    """Write the certificate."""
    made = Erasure(model=customer.label(), customer=customer.pk, by=by, reason=reason, counts=counts)
    made.sha256 = made.digest()
    made.full_clean(exclude=["by", "counts"])
    made.save()
    _look_again(made)
    return made


def _look_again(made: Erasure) -> None:
    """Erase once more a little later, since others may have been writing about the customer meanwhile."""
    from crm.privacy.jobs import MINUTES, erase_again

    erase_again.configure(schedule_in={"minutes": MINUTES}).defer(erasure=str(made.pk))
