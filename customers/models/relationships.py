"""How customers are related to one another, beyond a person's employer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.models import Record, new_id
from crm.querysets import PublicQuerySet, RecordQuerySet
from customers.models.customers import Customer
from customers.models.trees import is_below, tree_triggers

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from crm.models import User


class RelationshipType(models.Model):
    """A kind of relation between customers, which administrators add, such as `parent of`."""

    class Between(models.TextChoices):
        ANY = "any", _("any customers")
        ORGANIZATION = "organization", _("organizations")
        PERSON = "person", _("people")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, help_text=_("Identifier."))
    code = models.CharField(
        _("code"),
        max_length=50,
        unique=True,
        validators=[RegexValidator(r"\A[a-z][a-z0-9_]*\Z", _("Use lower-case letters, digits and underscores."))],
        help_text=_("Name for programs, such as parent_of."),
    )
    name = models.CharField(_("name"), max_length=100, help_text=_("What the first customer is, such as: parent of."))
    inverse_name = models.CharField(
        _("name from the other side"),
        max_length=100,
        blank=True,
        help_text=_("What the second customer is, such as: subsidiary of. Left out, both sides are the same."),
    )
    between = models.CharField(
        _("between"), max_length=12, choices=Between, default=Between.ANY, help_text=_("Whom it may relate.")
    )
    is_hierarchical = models.BooleanField(
        _("makes a tree"), default=False, help_text=_("Nobody is above themselves; the tree of a customer shows it.")
    )
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Offered for new relations."))

    objects = PublicQuerySet.as_manager()

    class Meta:
        verbose_name = _("type of relation")
        verbose_name_plural = _("types of relations")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="relationship_type_named"),
            models.CheckConstraint(
                condition=~Q(is_hierarchical=True, inverse_name=""),
                name="relationship_type_tree_has_sides",
                violation_error_message=_("A tree has an upper and a lower side: give both names."),
            ),
        ]
        indexes = [models.Index(fields=["name", "id"], name="relationship_type_name")]

    def __str__(self) -> str:
        return gettext(self.name)

    def clean(self) -> None:
        """Refuse to change what relations of this type already rely on."""
        before = None if self._state.adding else RelationshipType.objects.filter(pk=self.pk).first()
        if before is None or not Relationship.objects.filter(type=self.pk).exists():
            return
        if before.is_symmetric != self.is_symmetric or before.is_hierarchical != self.is_hierarchical:
            raise ValidationError(_("There are relations of this type; add another type instead."))

    @property
    def is_symmetric(self) -> bool:
        """Whether both sides are the same."""
        return not self.inverse_name

    def words(self, *, is_inverse: bool = False) -> str:
        """Return what a customer is to the other, seen from the first or from the second."""
        return gettext(self.inverse_name if is_inverse and self.inverse_name else self.name)


class RelationshipQuerySet(RecordQuerySet):
    def visible_to(self, user: User) -> Self:
        """Keep the relations of which `user` may see both customers."""
        visible = super().visible_to(user)
        if user.view_level(Customer) == "all":
            return visible
        return visible.filter(Exists(Customer.objects.visible_to(user).filter(pk=OuterRef("to_customer"))))


class Relationship(Record):
    """A relation between two customers, read from the first to the second; seen by whoever sees both."""

    visible_through = "from_customer"
    concerns = "from_customer"

    from_customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        on_delete=models.CASCADE,
        related_name="relationships",
        help_text=_("The first customer, such as the parent."),
    )
    type = models.ForeignKey(
        RelationshipType,
        verbose_name=_("type"),
        on_delete=models.PROTECT,
        related_name="relationships",
        help_text=_("What the first customer is to the second."),
    )
    to_customer = models.ForeignKey(
        Customer,
        verbose_name=_("other customer"),
        on_delete=models.CASCADE,
        related_name="inverse_relationships",
        help_text=_("The second customer, such as the subsidiary."),
    )
    since = models.DateField(_("since"), null=True, blank=True, help_text=_("First day, where it is known."))
    until = models.DateField(_("until"), null=True, blank=True, help_text=_("Last day; none while it lasts."))
    note = models.CharField(_("note"), max_length=500, blank=True, help_text=_("What else colleagues should know."))
    is_symmetric = models.BooleanField(
        _("symmetric"), default=False, editable=False, help_text=_("Whether both sides are the same, as the type says.")
    )

    objects = RelationshipQuerySet.as_manager()  # type: ignore[misc]  # takes the place of the record's own

    class Meta(Record.Meta):
        verbose_name = _("relation")
        verbose_name_plural = _("relations")
        constraints = [
            models.UniqueConstraint(
                fields=["from_customer", "to_customer", "type"],
                name="relationship_unique",
                violation_error_message=_("These customers are related so already."),
            ),
            models.UniqueConstraint(
                Least("from_customer", "to_customer"),
                Greatest("from_customer", "to_customer"),
                "type",
                condition=Q(is_symmetric=True),
                name="relationship_symmetric_unique",
                violation_error_message=_("These customers are related so already."),
            ),
            models.CheckConstraint(
                condition=~Q(from_customer=F("to_customer")),
                name="relationship_with_another",
                violation_error_message=_("A customer is not related to itself."),
            ),
            models.CheckConstraint(
                condition=Q(since__isnull=True) | Q(until__isnull=True) | Q(since__lte=F("until")),
                name="relationship_since_before_until",
                violation_error_message=_("The last day is before the first."),
            ),
            # The trigger `relationship_no_cycle` refuses in its name what a row alone does not show.
            models.CheckConstraint(
                condition=Q(from_customer__isnull=False),
                name="relationship_no_cycle",
                violation_error_message=_("The customer would be above itself."),
            ),
        ]
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["to_customer", "type"], name="relationship_inverse"),
        ]
        triggers = [*Record.Meta.triggers, *tree_triggers()]

    def __str__(self) -> str:
        return f"{self.from_customer} – {self.type} – {self.to_customer}"

    def clean(self) -> None:
        """Refuse a relation to oneself, or of a type that is not for such customers; a circle; days turned round."""
        if None in {self.from_customer_id, self.to_customer_id, self.type_id}:
            return
        self.complete()
        if self.from_customer_id == self.to_customer_id:
            raise ValidationError({"to_customer": _("A customer is not related to itself.")})
        wanted = self.type.between
        if wanted != RelationshipType.Between.ANY and {self.from_customer.kind, self.to_customer.kind} != {wanted}:
            raise ValidationError({"type": _("This type of relation is not for such customers.")})
        if self.since and self.until and self.since > self.until:
            raise ValidationError({"until": _("The last day is before the first.")})

    @classmethod
    def between(cls, source: UUID, target: UUID) -> QuerySet[Any]:
        """Return the relations that mean nothing once `source` has become `target`: to each other, and second ones."""
        other = Case(When(from_customer=source, then="to_customer"), default="from_customer")
        rows = cls.objects.filter(Q(from_customer=source) | Q(to_customer=source)).annotate(other=other)
        same = cls.objects.filter(type=OuterRef("type"), is_symmetric=True)
        second = same.filter(
            Q(from_customer=target, to_customer=OuterRef("other"))
            | Q(to_customer=target, from_customer=OuterRef("other"))
        )
        found: QuerySet[Any] = rows.filter(Q(other=target) | Exists(second))
        return found

    def check_others(self) -> None:
        """Say beforehand what the database would refuse because of other relations: a second one, and a circle."""
        upper, lower = self.from_customer_id, self.to_customer_id
        inverse = Relationship.objects.filter(from_customer=lower, to_customer=upper, type=self.type_id)
        if self.is_symmetric and inverse.exclude(pk=self.pk).exists():
            raise ValidationError(_("These customers are related so already."), code="relationship_symmetric_unique")
        if self.type.is_hierarchical and is_below(top=lower, node=upper, kind=self.type_id, besides=self.pk):
            raise ValidationError(_("The customer would be above itself."), code="relationship_no_cycle")

    def save(self, **kwargs: Any) -> None:
        self.complete()
        super().save(**kwargs)

    def complete(self) -> None:
        """Fill what follows from the type."""
        self.is_symmetric = self.type.is_symmetric
