"""What the verbs on leads and opportunities have in common over REST."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from crm.api import verbs
from crm.api.errors import Problem
from sales import actions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what an action refuses into its problem: 422 for a stage that does not fit, 409 for a state."""
    try:
        yield
    except actions.AlreadyConverted as error:
        entry = {"pointer": "", "code": "converted", "detail": str(error.text), "id": str(error.opportunity.pk)}
        raise Problem("conflict", error.text, errors=[entry]) from error
    except actions.NoSuchStage as error:
        raise Problem("rule_broken", error.text) from error
    except actions.Refused as error:
        raise Problem("conflict", error.text) from error


class Verbs(verbs.Verbs):
    """A mixin for viewsets of sales."""

    def refusals(self) -> AbstractContextManager[None]:
        """Return what turns refusals of the verbs into problems."""
        return refusals()
