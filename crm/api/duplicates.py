"""What is said over REST of records that may be one, where some are added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from crm import alike
from crm.api import filters
from crm.api.errors import ParameterError, Problem
from crm.api.items import Result
from crm.api.schema import parameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from rest_framework.response import Response

    from crm.alike import Candidate
    from crm.api.items import Target
    from crm.api.requests import ApiRequest
    from crm.models import User

PARAMETER = "duplicates"


class DuplicateActions:
    """A mixin for viewsets of what is registered with `crm.alike`: says at creation who may be the same."""

    request: Any

    def create(self, request: ApiRequest) -> Response:
        """Write a new record; where others may be the same, say so, or refuse if that is asked for."""
        from crm.api.viewsets import SHAPE

        filters.refuse_unknown(request.query_params, (*SHAPE, PARAMETER))
        wish(request)
        view: Any = self
        with transaction.atomic():
            return view.created(view.sent())  # type: ignore[no-any-return]

    def create_parameters(self) -> list[dict[str, Any]]:
        """Return the parameters of `create` as the document has them."""
        text = _("Write nothing, and answer 409, where another record may be the same.")
        return [described(text), *parameters.shape_parameters(self)]  # type: ignore[arg-type]

    def batch_parameters(self) -> list[dict[str, Any]]:
        """Return the parameters of `batch` as the document has them."""
        text = _("Answer 409 to items that add a record where another, or one of an item before it, may be the same.")
        view: Any = self
        return [described(text), parameters.media_format(view.schema.map_renderers("format"))]

    def answer_new(self, record: Any) -> Response:
        """Answer a new record with a link to those who may be the same, or refuse it for them."""
        user = self.request.user
        if wish(self.request):
            if found := alike.refused_among([record], user).get(record.pk, []):
                raise refusal(found)
            return super().answer_new(record)  # type: ignore[misc,no-any-return]
        found = alike.candidates_of([record], user).get(record.pk, [])
        response: Response = super().answer_new(record)  # type: ignore[misc]
        if found:
            view: Any = self
            address = f"{reverse(f'{view.basename}-list')}?id__in={','.join(str(one.id) for one in found)}"
            response["Link"] = f'<{self.request.build_absolute_uri(address)}>; rel="duplicates"'
        return response


def described(text: str) -> dict[str, Any]:
    """Return the parameter as the document has it."""
    return parameters.query(PARAMETER, {"type": "string", "enum": [alike.REFUSE]}, text)


def wish(request: Any) -> bool:
    """Tell whether records are to be refused where others may be the same; raise ParameterError for another wish."""
    said = request.query_params.get(PARAMETER)
    if said not in {None, alike.REFUSE}:
        raise ParameterError(PARAMETER, _("Use refuse, or leave it out."))
    return said is not None


def refusal(found: Iterable[Candidate]) -> Problem:
    """Return the refusal of a record for those who may be the same."""
    errors = [
        {
            "pointer": "",
            "code": "duplicate",
            "detail": str(one),
            "id": str(one.id),
            "score": one.score,
            "reasons": one.reasons,
        }
        for one in found
    ]
    return Problem("conflict", _("Others may be the same."), errors=errors)


def without_duplicates(results: Iterable[Result], targets: Mapping[UUID, Target], user: User) -> list[Result]:
    """Take back the new records of a batch that are to be refused, and return the results with those refusals."""
    new = [target.record for target in targets.values() if target.is_new and not target.is_gone]
    refused = alike.refused_among(new, user)
    for key in refused:
        targets[key].is_gone = True
    return [taken_back(result, refused) for result in results]


def taken_back(result: Result, refused: Mapping[UUID, list[Candidate]]) -> Result:
    """Return the refusal in place of a result where it speaks of a record that is refused."""
    if result.refusal is not None or result.id is None or result.id not in refused:
        return result
    problem = refusal(refused[result.id])
    return Result(problem.status_code, refusal=problem)
