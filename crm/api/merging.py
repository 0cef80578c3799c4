"""Making two records one over REST: `merge` and `unmerge`; whoever asks for a merged id is led on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.response import Response

from crm.api import filters
from crm.api.errors import Problem, rule_broken
from crm.api.permissions import READ
from crm.api.strictness import StrictSerializer
from crm.merging.actions import NotThere, NotUndoable, merge_records, undo_merge
from crm.merging.fields import LOSER, WINNER, NoSuchChoice
from crm.models import Merge

if TYPE_CHECKING:
    from uuid import UUID

    from crm.api.requests import ApiRequest

CHOICES = [(WINNER, gettext_lazy("of the record that remains")), (LOSER, gettext_lazy("of the one that is merged"))]


class MergeWishSerializer(StrictSerializer):
    """Which record becomes part of this one, and whose values count."""

    loser = serializers.UUIDField(help_text=gettext_lazy("The record that becomes part of this one."))
    fields = serializers.DictField(  # type: ignore[assignment]  # DRF keeps declared fields elsewhere
        child=serializers.ChoiceField(choices=CHOICES),
        required=False,
        help_text=gettext_lazy(
            "Whose value counts, by name of the field, `custom.name` for a custom one. Without it, the winner's, or the"
            " loser's where the winner has none."
        ),
    )


class MergeSerializer(serializers.ModelSerializer[Merge]):
    """A merge: which record became part of which, and whether that was undone."""

    left = serializers.ListField(
        child=serializers.CharField(max_length=200),
        read_only=True,
        help_text=gettext_lazy("What could not be put back: fields that changed since, and kinds of records moved on."),
    )

    class Meta:
        model = Merge
        fields = ("id", "winner", "loser", "at", "by", "undone_at", "left")


class MergeActions:
    """A mixin for viewsets of records that can be merged."""

    model: ClassVar[type[Any]]
    request: Any
    kwargs: Any
    merge_verbs: ClassVar[dict[str, tuple[str, ...]]] = {
        "merge": ("change", "delete"),
        "unmerge": ("add", "change", "delete"),
    }

    @extend_schema(request=MergeWishSerializer)
    @action(detail=True, methods=["post"])
    def merge(self, request: ApiRequest, pk: Any) -> Response:
        """Make another record part of this one.

        Whatever refers to the other refers to this one from now on, also its external references. Its id answers 301.
        Can be undone for 30 days.
        """
        filters.refuse_unknown(request.query_params, ("fields", "expand", "format"))
        wish = MergeWishSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        view: Any = self
        with transaction.atomic():
            visible = view.get_queryset()
            winner = visible.filter(pk=pk).first()
            if winner is None:
                raise Problem("not_found")
            loser = visible.filter(pk=wish.validated_data["loser"]).first()
            if loser is None:
                raise self.no_loser(wish.validated_data["loser"])
            merged_by(request.user, winner, loser, wish.validated_data.get("fields", {}))
            return view.answer(pk, view.everything)  # type: ignore[no-any-return]

    @extend_schema(request=None, responses=MergeSerializer)
    @action(detail=True, methods=["post"])
    def unmerge(self, request: ApiRequest, pk: Any) -> Response:
        """Undo a merge, by the id that was merged.

        The record is back, with all that referred to it; the other has its own values again. What changed since the
        merge stays, and is named in `left`.
        """
        filters.refuse_unknown(request.query_params, ("format",))
        view: Any = self
        with transaction.atomic():
            merge = Merge.objects.of(self.model).standing().filter(loser=pk).first()
            if merge is None or self.visible_successor(pk) is None:
                raise Problem("not_found")
            try:
                undone = undo_merge(merge=merge, model=view.model)
            except NotUndoable as error:
                text = _("It was undone already, is too long ago, or the record that remained is no longer there.")
                raise Problem("conflict", text) from error
            return Response(MergeSerializer(undone).data)

    def no_loser(self, key: UUID) -> Exception:
        """Return the refusal of a record that is not there, or was merged already."""
        successor = self.visible_successor(key)
        if successor is not None:
            return merged_already(successor)
        return ValidationError({"loser": [ErrorDetail(_("There is no such record."), code="does_not_exist")]})

    def visible_successor(self, key: Any) -> UUID | None:
        """Return the id that stands for a merged one, if the caller may see that record."""
        view: Any = self
        successor = Merge.objects.successor(self.model, key)
        return successor if successor and view.get_queryset().filter(pk=successor).exists() else None

    def handle_exception(self, exc: Exception) -> Response:
        """Lead whoever reads a merged id on to the record that remains, 301; answer 409 to whoever would change it."""
        if isinstance(exc, Problem) and exc.name == "not_found" and "pk" in self.kwargs:
            successor = self.visible_successor(self.kwargs["pk"])
            if successor is not None and self.request.method in READ:
                return self.led_on(successor)
            if successor is not None:
                exc = merged_already(successor)
        return super().handle_exception(exc)  # type: ignore[misc, no-any-return]

    def led_on(self, successor: UUID) -> Response:
        """Answer the same question about the record that remains: where to ask it."""
        address = self.request.build_absolute_uri().replace(str(self.kwargs["pk"]), str(successor), 1)
        body = {"id": self.kwargs["pk"], "merged_into": successor}
        return Response(body, status=301, headers={"Location": address})


def merged_by(user: Any, winner: Any, loser: Any, fields: dict[str, str]) -> None:
    """Merge two records; raise the problem of what stands in the way."""
    try:
        merge_records(winner=winner, loser=loser, by=user, fields=fields)
    except NoSuchChoice as error:
        unknown = [ErrorDetail(_("Unknown field."), code="unknown")]
        raise ValidationError({"fields": dict.fromkeys(error.names, unknown)}) from error
    except DjangoValidationError as error:
        raise rule_broken(error) from error
    except NotThere as error:
        raise Problem("conflict", _("Name two records, both of which are still there.")) from error


def merged_already(successor: UUID) -> Problem:
    """Return the refusal to change a record that has become part of another."""
    text = _("It became part of another record: use that one.")
    return Problem("conflict", text, errors=[{"code": "merged", "detail": text, "id": str(successor)}])
