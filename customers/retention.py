"""Keeping customers no longer than the rules say."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, transaction

from crm.database.locks import lock_together
from crm.merging.references import rows_around
from crm.privacy.actions import erase_person
from customers.models import Customer, RetentionRule

if TYPE_CHECKING:
    from uuid import UUID

logger = logging.getLogger(__name__)

NAME: Final = "apply_retention"
AT_ONCE: Final = 200


@dataclass
class Outcome:
    """What a rule came to: how many customers it is about, how many are done, and how many were refused."""

    rule: RetentionRule
    due: int
    done: int = 0
    refused: int = 0


def preview(rule: RetentionRule) -> Outcome:
    """Return what a rule would do now, and do nothing."""
    return Outcome(rule, rule.due().count())


def apply_rule(rule: RetentionRule) -> Outcome:
    """Do what a rule says, in a transaction for each erasure: whoever is stopped goes on the next time.

    Whoever is not due any more when their turn comes is left alone.
    """
    outcome = preview(rule)
    last: UUID | None = None
    while keys := following(rule, last):
        last = keys[-1]
        if rule.verb == RetentionRule.Verb.DEACTIVATE:
            outcome.done += deactivate(rule, keys)
            continue
        for key in keys:
            try:
                erase_one(rule, key, outcome)
            except (IntegrityError, OperationalError) as error:
                # Somebody is at work on the customer, or something refers to it in a new way: the others are not kept.
                # What the database says may have their data in it.
                logger.warning("Customer %s could not be erased: %s", key, type(error).__name__)
                outcome.refused += 1
    return outcome


def following(rule: RetentionRule, last: UUID | None) -> list[UUID]:
    """Return the next customers after one, in the order of their ids."""
    rows = rule.due().order_by("pk")
    return list((rows.filter(pk__gt=last) if last else rows).values_list("pk", flat=True)[:AT_ONCE])


@transaction.atomic
def deactivate(rule: RetentionRule, keys: list[UUID]) -> int:
    """Deactivate customers, and return how many; `updated_at` stays, so that their time goes on running."""
    locked = Customer.objects.filter(pk__in=keys).order_by("pk").select_for_update().values_list("pk", flat=True)
    return int(rule.due().filter(pk__in=list(locked)).update(is_active=False))


@transaction.atomic
def erase_one(rule: RetentionRule, key: UUID, outcome: Outcome) -> None:
    """Erase a customer under its lock, and count it."""
    lock_together(lambda: rows_around(Customer, key))
    locked = rule.due().filter(pk=key).first()
    if locked is None:
        return
    try:
        erase_person(customer=locked, by=None, reason=rule.name)
    except ValidationError:
        outcome.refused += 1
    else:
        outcome.done += 1
