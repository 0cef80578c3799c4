"""What the verbs on records have in common over REST."""

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
from crm.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from rest_framework.response import Response


class HandOverSerializer(StrictSerializer):
    """Whom to hand it over to."""

    owner = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.filter(is_active=True),
        allow_null=True,
        help_text=gettext_lazy("The colleague; null for nobody."),
    )


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what an action refuses, for it does not go with the state of a record, into its problem: 409."""
    try:
        yield
    except Refused as error:
        raise Problem("conflict", error.text) from error


class Verbs:
    """A mixin for viewsets whose records have verbs of their own."""

    request: Any

    def refusals(self) -> AbstractContextManager[None]:
        """Return what turns refusals of the verbs into problems."""
        return refusals()

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
        with transaction.atomic(), self.refusals():
            verb(**{name: view.locked(pk=pk)}, **how)
            return view.answer(pk, view.everything)  # type: ignore[no-any-return]
