"""What the database's refusals mean to a client."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import BaseConstraint, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from psycopg import errors

if TYPE_CHECKING:
    from django.db import IntegrityError, OperationalError


@cache
def constraints() -> dict[str, BaseConstraint]:
    """Return all constraints of all models by name."""
    return {item.name: item for model in apps.get_models() for item in model._meta.constraints}


def as_refusal(error: IntegrityError, problem: Any) -> Any:
    """Return the problem of a violated constraint: 409 where other data is in the way, 422 for a broken rule."""
    cause = error.__cause__
    name = cause.diag.constraint_name if isinstance(cause, errors.IntegrityError) else None
    constraint = constraints().get(name or "")
    if constraint is not None:
        fields: Any = getattr(constraint, "fields", ())
        entry = {
            "pointer": f"/{fields[0]}" if len(fields) == 1 else "",
            "code": name,
            "detail": str(constraint.violation_error_message),
        }
        return problem("conflict" if isinstance(constraint, UniqueConstraint) else "rule_broken", errors=[entry])
    if isinstance(cause, errors.ForeignKeyViolation):
        return problem("conflict", _("A record that this one refers to, or that refers to it, has changed."))
    return problem("conflict") if isinstance(cause, errors.UniqueViolation) else None


def as_delay(error: OperationalError, problem: Any) -> Any:
    """Return the problem of a transaction that stood in another's way, and would not the next time; 503."""
    passing = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable)
    if not isinstance(error.__cause__, passing):
        return None
    return problem("unavailable", _("Others are changing the same records; try again."), Retry_After="1")
