"""Reads the parameters of the list of customers as the API does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from crm.api import filters
from crm.api.errors import ParameterError
from crm.saved_views.applying import narrow, query_of, unknown_in
from customers.api import CustomerViewSet
from customers.models import Customer, CustomerQuerySet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm.models import User

NO_FILTERS = frozenset({"ordering", "fields"})


class Recorder(CustomerQuerySet):
    """Rows that remember what they were filtered by, so that it can stand in a group."""

    said = Q()

    def filter(self, *args: Any, **kwargs: Any) -> Self:
        """Keep some rows, and the condition."""
        found = super().filter(*args, **kwargs)
        found.said = self.said & Q(*args, **kwargs)
        return found

    def exclude(self, *args: Any, **kwargs: Any) -> Self:
        """Drop some rows, and keep the condition."""
        found = super().exclude(*args, **kwargs)
        found.said = self.said & ~Q(*args, **kwargs)
        return found

    def _clone(self) -> Self:
        found: Self = super()._clone()  # type: ignore[misc]  # of Django, unknown to its stubs
        found.said = self.said
        return found


def read(parameters: Mapping[str, str], reader: User | None) -> Q:
    """Return what parameters mean; raise ValidationError, by name, for those that the list would refuse."""
    unknown = unknown_in(CustomerViewSet, parameters)
    gone = sorted({*unknown, *(NO_FILTERS & parameters.keys())})
    if gone:
        raise ValidationError({gone[0]: ValidationError(_("Unknown parameter."), "unknown")})
    rows = Recorder(Customer)
    try:
        filters.refuse_unknown(query_of(parameters), parameters)
        found: Any = narrow(CustomerViewSet, rows, parameters, reader)
    except ParameterError as error:
        detail: Any = error.detail
        name, faults = next(iter(detail.items()))
        raise ValidationError({name: ValidationError(str(faults[0]), faults[0].code)}) from error
    if (text := parameters.get("search")) is not None:
        if len(text) > filters.MAX_TEXT:
            raise ValidationError({"search": ValidationError(_("200 characters at most."), "too_long")})
        found = found.search(text)
    return Q(found.said)
