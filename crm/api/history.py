"""The history of a record, and the way back: what the change feed gives to every resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm.api import filters, pagination
from crm.api.errors import Problem
from crm.api.representation import shape_of
from crm.api.statements import Parameter
from crm.api.strictness import StrictSerializer
from crm.changes.actions import NotChanged, SetByVerbs, StillThere, restore_deleted, restore_fields
from crm.changes.representation import ChangeSerializer
from crm.models import Change

if TYPE_CHECKING:
    from collections.abc import Collection

    from rest_framework.response import Response

    from crm.api.requests import ApiRequest
    from crm.models.changes import ChangeQuerySet

LARGEST: Final = 2**63 - 1  # that a bigint holds


class RestoreSerializer(StrictSerializer):
    """Which change to take back; of a record that was deleted nothing needs to be said."""

    change = serializers.RegexField(
        r"\A[0-9]{1,19}-[0-9]{1,19}\Z",
        required=False,
        max_length=40,
        help_text=_("The change to take back, from the history; without it, the deletion."),
    )
    only = serializers.ListField(
        child=serializers.CharField(max_length=100),
        required=False,
        allow_empty=False,
        max_length=100,
        help_text=_("Fields to take back; without it, all that the change changed."),
    )


class HistoryActions:
    """A mixin for viewsets of records: who changed a record, when, from what; and back again."""

    model: ClassVar[type[Any]]
    serializer_class: Any
    request: Any

    @action(detail=True)
    def history(self, request: ApiRequest, pk: Any) -> Response:
        """Answer the changes of one record, latest first; also of one that was deleted."""
        filters.refuse_unknown(request.query_params, ("limit", "cursor", "fields", "format"))
        fields = filters.read_names(request.query_params.get("fields"), "fields")
        shape = shape_of(ChangeSerializer, fields, frozenset())
        view: Any = self
        page = pagination.read_page(view, self.changes_for, shape, ("-sequence",), record=pk)
        if not page.texts and not view.get_queryset().filter(pk=pk).exists():
            raise Problem("not_found")
        return page.respond(request)

    def changes_for(self, caller: Any) -> ChangeQuerySet:
        """Return the changes of a record that somebody may see."""
        visible = Change.objects.visible_to(caller, [self.model])
        return visible.filter(record=Parameter("record"), model=self.model.label())

    @extend_schema(request=RestoreSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: ApiRequest, pk: Any) -> Response:
        """Bring a deleted record back, or take back what a change changed."""
        filters.refuse_unknown(request.query_params, ("fields", "expand", "format"))
        wanted = RestoreSerializer(data=request.data or {})
        wanted.is_valid(raise_exception=True)
        view: Any = self
        with transaction.atomic():
            change = self.change_of(pk, wanted.validated_data.get("change"))
            if change.action == Change.Action.DELETED:
                return view.answer_new(restored(change))  # type: ignore[no-any-return]
            record = taken_back(view.locked(pk=pk), change, wanted.validated_data.get("only", ()))
            return view.answer(record.pk, view.everything)  # type: ignore[no-any-return]

    def change_of(self, pk: Any, position: str | None) -> Change:
        """Return a change of a record, or its last deletion; raise 404 where there is none."""
        changes = Change.objects.visible_to(self.request.user, [self.model]).filter(record=pk, model=self.model.label())
        if position is None:
            changes = changes.filter(action=Change.Action.DELETED)
        else:
            number, sequence = position.split("-")
            changes = changes.filter(transaction=min(int(number), LARGEST), sequence=min(int(sequence), LARGEST))
        change = changes.order_by("-sequence").first()
        if change is None:
            raise Problem("not_found")
        return change


def restored(change: Change) -> Any:
    """Bring a deleted record back; raise 409 where it is there."""
    try:
        return restore_deleted(change=change)
    except StillThere as error:
        raise Problem("conflict", _("The record is there.")) from error


def taken_back(record: Any, change: Change, only: Collection[str]) -> Any:
    """Take back what a change changed; raise 400 for fields that it did not change, 422 for what cannot be."""
    try:
        return restore_fields(record=record, change=change, only=only)
    except SetByVerbs as error:
        raise Problem("rule_broken", _("What a verb changed is changed back by a verb.")) from error
    except NotChanged as error:
        if not error.names:
            raise Problem("rule_broken", _("Nothing came before the record was created.")) from error
        text = _("The change did not change %s.") % ", ".join(error.names)
        raise ValidationError({"only": [ErrorDetail(text, code="unknown")]}) from error
