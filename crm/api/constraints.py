"""What the database's refusals mean to a client."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import BaseConstraint, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from psycopg import errors

from crm.database import outages

if TYPE_CHECKING:
    from django.db import DatabaseError, IntegrityError

logger = logging.getLogger(__name__)


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


def as_delay(error: DatabaseError, problem: Any) -> Any:
    """Return the problem of what may well succeed later, with 503: the database is away, busy, or held up by others."""
    if outages.is_in_the_way(error):
        return problem("unavailable", _("Others are changing the same records; try again."), Retry_After="1")
    if outages.is_too_slow(error):
        return problem("unavailable", _("It took too long. Ask for less, or try again later."), Retry_After="30")
    if outages.is_outage(error):
        logger.warning("The database cannot work now: %s", error)
        return problem("unavailable", _("The database cannot be reached; try again in a moment."), Retry_After="5")
    return None
