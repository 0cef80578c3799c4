"""What the verbs on leads and opportunities have in common over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from crm.api import filters
from crm.api.errors import Problem
from crm.api.strictness import StrictSerializer
from crm.api.viewsets import SHAPE
from crm.models import User
from sales import actions

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.response import Response

REFUSALS: dict[type[Exception], tuple[str, Any]] = {
    actions.NotOpen: ("conflict", gettext_lazy("The lead is converted or disqualified.")),
    actions.NotDisqualified: ("conflict", gettext_lazy("Only a lead that was disqualified is reopened.")),
    actions.AlreadyClosed: ("conflict", gettext_lazy("The deal is won or lost already.")),
    actions.NotClosed: ("conflict", gettext_lazy("The deal is open.")),
    actions.NoRuleFits: ("conflict", gettext_lazy("No assignment rule fits that has somebody who works here.")),
    actions.NoSuchStage: ("rule_broken", gettext_lazy("The stage is not one for this: name another.")),
}


class AssignSerializer(StrictSerializer):
    """Whom to give it to."""

    owner = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.filter(is_active=True),
        allow_null=True,
        help_text=gettext_lazy("The colleague; null for nobody."),
    )


class Verbs:
    """A mixin for viewsets whose records have verbs of their own."""

    request: Any

    def said(self, serializer: type[StrictSerializer]) -> dict[str, Any]:
        """Return what the body says, or nothing where there is none; raise ValidationError for what it cannot say."""
        view: Any = self
        form = serializer(data=self.request.data or {}, context=view.get_serializer_context())
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    def done(self, pk: Any, name: str, verb: Callable[..., Any], **how: Any) -> Response:
        """Do something to a record of the caller's, named so to the verb, and answer it; raise its refusal's problem."""
        view: Any = self
        filters.refuse_unknown(self.request.query_params, SHAPE)
        with transaction.atomic(), refusals():
            verb(**{name: view.locked(pk=pk)}, **how)
            return view.answer(pk, view.everything)  # type: ignore[no-any-return]


class refusals:  # noqa: N801 -- read as a word: with refusals()
    """Turns what an action refuses into its problem."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: Any, error: BaseException | None, _trace: Any) -> None:
        """Raise the problem that the exception stands for."""
        if isinstance(error, actions.AlreadyConverted):
            text = _("The lead has become an opportunity already.")
            entry = {"pointer": "", "code": "converted", "detail": text, "id": str(error.opportunity.pk)}
            raise Problem("conflict", text, errors=[entry]) from error
        if error is not None and type(error) in REFUSALS:
            raise Problem(*REFUSALS[type(error)]) from error
