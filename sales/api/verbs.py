"""What the verbs on leads and opportunities have in common over REST."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from crm.api import filters
from crm.api.errors import Problem
from crm.api.strictness import StrictSerializer
from crm.api.viewsets import SHAPE
from crm.models import User
from sales import actions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rest_framework.response import Response


class HandOverSerializer(StrictSerializer):
    """Whom to hand it over to."""

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
        """Do something to a record of the caller's, which the verb calls `name`, and answer it."""
        view: Any = self
        filters.refuse_unknown(self.request.query_params, SHAPE)
        with transaction.atomic(), refusals():
            verb(**{name: view.locked(pk=pk)}, **how)
            return view.answer(pk, view.everything)  # type: ignore[no-any-return]


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
