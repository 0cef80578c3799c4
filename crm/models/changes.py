"""The change feed: one row for every change of a record that was committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.contrib.postgres.indexes import BrinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, UUIDField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from crm.about import kinds
from crm.database.expressions import After

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm.models.records import Record
    from crm.models.users import User

# The oldest running transaction, as the feed numbers it: `base` lets numbers go on rising after a restore.
HORIZON = "coalesce((SELECT base FROM crm_feedstate), 0) + pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
JSON: dict[str, Any] = {"null": True, "blank": True, "encoder": DjangoJSONEncoder}
RARE = ("deleted", "merged", "erased")
# What the feed is filtered by: Bloom filters over ranges of pages cost next to nothing to write, see ADR 21.
FOUND_BY = {
    "user": "uuid_bloom_ops",
    "application": "text_bloom_ops",
    "request_id": "text_bloom_ops",
    "model": "text_bloom_ops",
    "action": "text_bloom_ops",
}


class Settled(Func):
    """True where a change is older than every transaction that still runs, so that none can come before it."""

    template = f"%(expressions)s < {HORIZON}"
    output_field = BooleanField()


class ChangeQuerySet(models.QuerySet["Change"]):
    def settled(self) -> Self:
        """Keep what no running transaction can come before; a reader may pass over the rest until later."""
        return self.filter(Settled(F("transaction")))

    def after(self, transaction: Any, sequence: Any) -> Self:
        """Keep what comes after a position in the feed."""
        return self.filter(After([F("transaction"), F("sequence")], [transaction, sequence], ">"))

    def if_kept_since(self, transaction: Any, sequence: Any) -> Self:
        """Keep all where the feed still has whatever came after a position, and none where some of it is gone."""
        gone = After([F("pruned_transaction"), F("pruned_sequence")], [transaction, sequence], ">")
        return self.filter(~Exists(FeedState.objects.filter(gone)))

    def in_order(self) -> Self:
        """Order as the feed is read: by transaction, then as written."""
        return self.order_by("transaction", "sequence")

    def visible_to(self, user: User, kinds: Iterable[type[Record]]) -> Self:
        """Keep changes of these kinds of records that `user` may see; of a record that is gone, who saw it then."""
        condition = Q(pk__in=[])
        everything = []
        for model in kinds:
            level = user.view_level(model)
            if level == "all" and sees_all(model, user):
                everything.append(model.label())
            elif level is not None:
                condition |= Q(model=model.label()) & seen(model, user)
        return self.filter(condition | Q(model__in=everything))


def sees_all(model: type[Record], user: User) -> bool:
    """Tell whether a user sees every record of a kind, whatever it is seen through."""
    if model.follows_about:
        return False
    while model.visible_through:
        model = model._meta.get_field(model.visible_through).related_model  # type: ignore[assignment]
        if user.view_level(model) != "all":
            return False
    return True


def seen(model: type[Record], user: User) -> Q:
    """Return the condition that the record of a change is visible, or gone and was visible at the time."""
    records: Any = model.objects
    if model.follows_about:
        return Q(Exists(records.visible_to(user).filter(pk=OuterRef("record")))) | Q(Exists(gone_about(model, user)))
    holder = Q(owner=user.pk)
    if user.team_id is not None and holder_level(model, user) == "team":
        holder |= Q(team=user.team_id)
    here = Exists(records.filter(pk=OuterRef("record")))
    return Q(Exists(records.visible_to(user).filter(pk=OuterRef("record")))) | (Q(~here) & holder)


def gone_about(model: type[Record], user: User) -> ChangeQuerySet:
    """Return the deletions of a record that is gone, if it was about one that the user may see."""
    about = Cast(KT("before__about_id"), UUIDField())
    ends = (Change.Action.DELETED, Change.Action.ERASED)
    gone = Change.objects.filter(record=OuterRef("record"), model=model.label(), action__in=ends)
    condition = Q(pk__in=[])
    for label, one in kinds().items():
        if user.view_level(one) is not None:
            seen_one = one.objects.visible_to(user).filter(pk=OuterRef("about"))
            condition |= Q(Q(before__about_type=label), Exists(seen_one))
    return gone.annotate(about=about).filter(condition)


def holder_level(model: type[Record], user: User) -> str | None:
    """Return how far a user sees the records that decide who sees those of `model`."""
    while model.visible_through:
        model = model._meta.get_field(model.visible_through).related_model  # type: ignore[assignment]
    return user.view_level(model)


class Change(models.Model):
    """One change of one record; written by triggers only.

    `transaction` is the database's own number of the transaction, and orders the feed together with `sequence`.
    """

    class Action(models.TextChoices):
        CREATED = "created", _("created")
        UPDATED = "updated", _("updated")
        DELETED = "deleted", _("deleted")
        MERGED = "merged", _("merged")
        ERASED = "erased", _("erased")

    sequence = models.BigAutoField(primary_key=True)
    transaction = models.BigIntegerField(_("transaction"))
    at = models.DateTimeField(_("time"))
    model = models.CharField(_("kind of record"), max_length=100)
    record = models.UUIDField(_("record"))
    action = models.CharField(_("action"), max_length=10, choices=Action)
    before = models.JSONField(_("before"), **JSON)
    after = models.JSONField(_("after"), **JSON)
    user = models.ForeignKey(
        "crm.User",
        verbose_name=_("by"),
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    application = models.CharField(_("application"), max_length=100)
    command = models.CharField(_("command"), max_length=100)
    request_id = models.CharField(_("request"), max_length=150)
    customer = models.UUIDField(_("customer"), null=True)
    owner = models.UUIDField(_("owner"), null=True)
    team = models.UUIDField(_("team"), null=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        indexes = [
            models.Index(fields=["transaction", "sequence"], name="change_order"),
            models.Index(fields=["record", "sequence"], name="change_record"),
            models.Index(fields=["customer", "sequence"], name="change_customer", condition=Q(customer__isnull=False)),
            BrinIndex(fields=["at"], name="change_at", autosummarize=True),
            models.Index(
                fields=["action", "transaction", "sequence"], name="change_rare", condition=Q(action__in=RARE)
            ),
            BrinIndex(
                fields=list(FOUND_BY),
                opclasses=list(FOUND_BY.values()),
                name="change_found_by",
                autosummarize=True,
                pages_per_range=64,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.record} {self.action}"


class FeedState(models.Model):
    """What the feed knows of itself, in one row: how its numbers go on after a restore, and where it begins."""

    base = models.BigIntegerField(default=0)
    pruned_transaction = models.BigIntegerField(default=0)
    pruned_sequence = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("state of the change feed")
        verbose_name_plural = _("state of the change feed")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="feed_state_one_row")]

    def __str__(self) -> str:
        return f"{self.pruned_transaction}-{self.pruned_sequence}"
