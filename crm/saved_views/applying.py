"""What `?view=` means: the parameters of a saved view, as if the caller had sent them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm.api import filters
from crm.api.custom import filter_custom, orderings, placed, with_places
from crm.api.errors import ParameterError
from crm.api.representation import shape_of
from crm.models import SavedView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm.api.requests import ApiRequest
    from crm.models import User
    from crm.querysets import RecordQuerySet

KEPT: Final = ("search", "ordering", "fields")
TAKING: Final = ("list", "export")


class WithSavedViews:
    """A mixin for viewsets of records: lists and exports take the parameters of a saved view."""

    action: str

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Put the parameters of the view named by `?view=` beside those that were sent, which go before."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if self.action in TAKING and "view" in request.query_params:
            sent: Any = request.query_params.copy()
            stored = self.parameters_of(request, sent.pop("view"))
            for name, value in stored.items():
                sent.setdefault(name, value)
            request._request.GET = sent

    def parameters_of(self, request: ApiRequest, keys: list[str]) -> dict[str, str]:
        """Return the parameters of a view; raise ParameterError for one that there is not, or that is out of date."""
        from crm.api.routers import resource_of

        viewset: Any = self
        try:
            key = UUID(keys[0]) if len(keys) == 1 else None
        except ValueError:
            key = None
        known = SavedView.objects.visible_to(request.user).filter(resource=resource_of(viewset.model))
        view = known.filter(pk=key).first() if key else None
        if view is None:
            raise ParameterError("view", _("There is no such view of this list."), "does_not_exist")
        if view.parameters is None:
            raise ParameterError("view", _("This view filters as only the screens can."), "screens_only")
        if unknown := unknown_in(type(viewset), view.parameters):
            text = _("The view has parameters that there no longer are: %s.") % ", ".join(unknown)
            raise ParameterError("view", text, "out_of_date")
        return dict(view.parameters)


def unknown_in(viewset: Any, parameters: Mapping[str, str]) -> list[str]:
    """Return the parameters that a list does not take from a view."""
    known = {*KEPT, *viewset.filterset_class.base_filters}
    return sorted(name for name in parameters if name not in known and not name.startswith(filters.CUSTOM))


def check(viewset: Any, parameters: Any, reader: User) -> dict[str, str]:
    """Return parameters that a list takes; raise ValidationError, by name, for those that it would refuse."""
    if not isinstance(parameters, dict) or not all(isinstance(value, str) for value in parameters.values()):
        raise ValidationError({"parameters": [ErrorDetail(_("An object of texts is expected."), code="invalid")]})
    if unknown := unknown_in(viewset, parameters):
        gone = [ErrorDetail(_("Unknown parameter."), code="unknown")]
        raise ValidationError({"parameters": dict.fromkeys(unknown, gone)})
    try:
        filters.refuse_unknown(query_of(parameters), parameters)
        ordering_of(viewset, parameters, reader)
        narrow(viewset, viewset.model.objects.none(), parameters, reader)
        shape_of(viewset.serializer_class, filters.read_names(parameters.get("fields"), "fields"), frozenset())
    except ParameterError as error:
        raise ValidationError({"parameters": error.detail}) from error
    return parameters


def query_of(parameters: Mapping[str, str]) -> QueryDict:
    """Return parameters as a request has them."""
    query = QueryDict(mutable=True)
    query.update(dict(parameters))
    return query


def narrow(viewset: Any, rows: RecordQuerySet, parameters: Mapping[str, str], reader: User | None) -> RecordQuerySet:
    """Return the rows that filters keep, with what orders them; raise ParameterError for what the list refuses."""
    params = query_of(parameters)
    names = [name for name in parameters if name in viewset.filterset_class.base_filters]
    found = viewset.filterset_class(params, rows, names).apply() if names else rows
    return with_places(filter_custom(found, params, reader), params)


def ordering_of(viewset: Any, parameters: Mapping[str, str], reader: User) -> tuple[str, ...]:
    """Return the order of a view, or else that of its list; raise ParameterError for what cannot order it."""
    allowed = (*viewset().orderings(), *orderings(viewset.model, query_of(parameters), reader))
    return placed(filters.read_ordering(parameters.get("ordering"), allowed, viewset.default_ordering))
