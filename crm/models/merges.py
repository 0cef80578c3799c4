"""Records that became one: which id stands for which, and how it was before."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models.identifiers import new_id

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

KEPT: Final = timedelta(days=30)
MOST_STEPS: Final = 1000


class MergeQuerySet(models.QuerySet["Merge"]):
    def standing(self) -> Self:
        """Keep those that were not undone."""
        return self.filter(undone_at__isnull=True)

    def of(self, model: type[models.Model]) -> Self:
        """Keep merges of one kind of record."""
        return self.filter(model=model._meta.label_lower)

    def undoable(self) -> Self:
        """Keep those that can be undone: of the last 30 days."""
        return self.standing().filter(before__isnull=False, at__gte=timezone.now() - KEPT)

    def absorbed(self, keys: Collection[UUID]) -> list[UUID]:
        """Return the ids that records stand for besides their own, by however many merges."""
        found: list[UUID] = []
        following = list(keys)
        while following:
            losers = self.standing().filter(winner__in=following).values_list("loser", flat=True)
            following = [key for key in losers if key not in found]
            found += following
        return found

    def successor(self, model: type[models.Model], key: UUID) -> UUID | None:
        """Return the id that stands for a merged one, by however many merges; None where it was not merged."""
        return self.of(model).successors([key]).get(key)

    def successors(self, keys: Collection[UUID]) -> dict[UUID, UUID]:
        """Return, for those of the keys that were merged, the ids that stand for them, by however many merges."""
        found: dict[UUID, UUID] = {}
        following = set(keys)
        for _step in range(MOST_STEPS):
            next_ones = dict(self.standing().filter(loser__in=following).values_list("loser", "winner"))
            if not next_ones:
                break
            steps = {key: next_ones[last] for key, last in found.items() if last in next_ones}
            found = {**found, **steps, **{key: next_ones[key] for key in keys if key in next_ones and key not in found}}
            following = set(next_ones.values())
        return found


class Merge(models.Model):
    """One record that became part of another; for 30 days with all that is needed to undo it.

    `before` holds the row of the one that is gone, what changed in the other, and what was moved or left out.
    `left` names what could not be put back when it was undone.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    model = models.CharField(_("kind of record"), max_length=100)
    winner = models.UUIDField(_("remains"), help_text=_("The record that remains."))
    loser = models.UUIDField(_("merged"), help_text=_("The record that became part of it."))
    at = models.DateTimeField(_("time"), default=timezone.now, help_text=_("When."))
    by = models.ForeignKey(
        "crm.User",
        verbose_name=_("by"),
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Who merged them."),
    )
    before = models.JSONField(_("before"), null=True, blank=True)
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True, help_text=_("When it was undone."))
    left = models.JSONField(
        _("left"), default=list, blank=True, help_text=_("What could not be put back: fields, and kinds of records.")
    )

    objects = MergeQuerySet.as_manager()

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        constraints = [
            models.UniqueConstraint(fields=["model", "loser"], condition=Q(undone_at__isnull=True), name="merge_once"),
            models.CheckConstraint(condition=~Q(winner=F("loser")), name="merge_of_two"),
        ]
        indexes = [
            models.Index(fields=["winner", "at"], name="merge_winner"),
            models.Index(fields=["at"], name="merge_at", condition=Q(before__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.loser} → {self.winner}"
