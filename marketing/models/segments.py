"""Segments: groups of customers, by what they have in common or one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import Record
from customers.models import Customer, CustomerQuerySet
from marketing.conditions import Unreadable, kept_by

if TYPE_CHECKING:
    from crm.models import User


class Segment(Record):
    """A group of customers: dynamic, whoever meets its conditions now; or frozen, a list that only people change."""

    class Kind(models.TextChoices):
        DYNAMIC = "dynamic", _("dynamic")
        FROZEN = "frozen", _("frozen")

    set_by_verbs = frozenset({"kind"})

    name = models.CharField(_("name"), max_length=200, unique=True, help_text=_("What people call it."))
    description = models.TextField(
        _("description"), max_length=2000, blank=True, help_text=_("Whom it is about, and what for.")
    )
    kind = models.CharField(
        _("kind"),
        max_length=10,
        choices=Kind,
        default=Kind.DYNAMIC,
        help_text=_("Dynamic: whoever meets the conditions at the moment; frozen: a fixed list."),
    )
    conditions: models.JSONField[Any, Any] = models.JSONField(
        _("conditions"),
        default=dict,
        blank=True,
        help_text=_(
            "Parameters of the list of customers, or a group of such:"
            ' `{"all": […]}`, `{"any": […]}`, `{"not": …}`; empty: everyone.'
        ),
    )

    class Meta(Record.Meta):
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="segment_named"),
            models.CheckConstraint(condition=Q(kind__in=["dynamic", "frozen"]), name="segment_kind_known"),
        ]
        indexes = [*Record.Meta.indexes, models.Index(fields=["name", "id"], name="segment_name")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse conditions that cannot be read."""
        try:
            kept_by(self.conditions)
        except Unreadable as error:
            raise ValidationError({"conditions": str(error)}) from error

    @property
    def fault(self) -> str:
        """What keeps the conditions from being read, such as a custom field that was retired; empty where nothing."""
        try:
            kept_by(self.conditions)
        except Unreadable as error:
            return str(error)
        return ""

    def customers(self) -> CustomerQuerySet:
        """Return the customers in the segment, whoever asks; nobody where its conditions cannot be read any more."""
        return self.among(Customer.objects.all())

    def among(self, customers: CustomerQuerySet) -> CustomerQuerySet:
        """Return those of some customers that are in the segment."""
        if self.kind == self.Kind.FROZEN:
            listed = Q(Exists(SegmentMember.objects.filter(segment=self.pk, customer=OuterRef("pk"))))
            return customers.filter(listed, erased_at__isnull=True)
        try:
            return customers.filter(kept_by(self.conditions), erased_at__isnull=True)
        except Unreadable:
            return customers.none()

    def customers_for(self, user: User) -> CustomerQuerySet:
        """Return the customers in the segment whom `user` may see."""
        return self.customers().visible_to(user)


def living(condition: Q) -> CustomerQuerySet:
    """Return the customers of whom a condition is true, but never one who was erased."""
    return Customer.objects.filter(condition, erased_at__isnull=True)


class SegmentMember(models.Model):
    """That a customer is in a frozen segment."""

    id = models.BigAutoField(primary_key=True)
    segment = models.ForeignKey(Segment, verbose_name=_("segment"), on_delete=models.CASCADE, related_name="members")
    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), on_delete=models.CASCADE, related_name="segment_members"
    )
    added_at = models.DateTimeField(_("added at"), default=timezone.now, db_default=Now())

    class Meta:
        verbose_name = _("member of a segment")
        verbose_name_plural = _("members of segments")
        constraints = [models.UniqueConstraint(fields=["segment", "customer"], name="segment_member_once")]

    def __str__(self) -> str:
        return f"{self.segment}: {self.customer}"
