"""Rules that say whose a new lead is."""

from __future__ import annotations

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import new_id
from crm.querysets import Public
from customers.models.customers import country_code
from sales.models.forms import LeadForm


class AssignmentRuleQuerySet(Public, models.QuerySet["AssignmentRule"]):
    def in_use(self) -> Self:
        """Keep the rules that count, in their order."""
        return self.filter(is_active=True).order_by("order", "id")


class AssignmentRule(models.Model):
    """Whose leads of some territory or source are; of several rules that fit, the first counts."""

    class Method(models.TextChoices):
        ROUND_ROBIN = "round_robin", _("one after the other")
        LOAD = "load", _("whoever has the fewest open leads")
        USER = "user", _("always the same colleague")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, help_text=_("Identifier."))
    name = models.CharField(
        _("name"),
        max_length=100,
        unique=True,
        help_text=_("What colleagues call it."),
        error_messages={"unique": _("There is a rule of this name.")},
    )
    order = models.PositiveSmallIntegerField(
        _("order"), default=0, help_text=_("Place among the rules; the smallest is asked first.")
    )
    countries = ArrayField(
        models.CharField(max_length=2, validators=[country_code]),
        verbose_name=_("countries"),
        default=list,
        blank=True,
        help_text=_("Only leads of customers in these countries (ISO 3166-1); none: of all."),
    )
    industries = ArrayField(
        models.CharField(max_length=100),
        verbose_name=_("industries"),
        default=list,
        blank=True,
        help_text=_("Only leads of customers in these lines of business; none: of all."),
    )
    sources = ArrayField(
        models.CharField(max_length=100),
        verbose_name=_("sources"),
        default=list,
        blank=True,
        help_text=_("Only leads from these sources; none: from all."),
    )
    form = models.ForeignKey(
        LeadForm,
        verbose_name=_("form"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Only leads of this form; none: of all."),
    )
    method = models.CharField(_("method"), max_length=12, choices=Method, help_text=_("How a colleague is chosen."))
    team = models.ForeignKey(
        "crm.Team",
        verbose_name=_("team"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Among whose active members one is chosen."),
    )
    user = models.ForeignKey(
        "crm.User",
        verbose_name=_("colleague"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Who always gets them."),
    )
    last_user = models.ForeignKey(
        "crm.User",
        verbose_name=_("chosen last"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        help_text=_("Who was chosen last; the next one's turn comes after."),
    )
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Whether the rule counts."))

    objects = AssignmentRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("assignment rule")
        verbose_name_plural = _("assignment rules")
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="assignment_rule_name_given"),
            models.CheckConstraint(
                condition=Q(method="user", user__isnull=False, team__isnull=True)
                | Q(method__in=["round_robin", "load"], team__isnull=False, user__isnull=True),
                name="assignment_rule_target",
                violation_error_message=_("Name a team, or for always the same colleague that colleague, not both."),
            ),
        ]
        indexes = [models.Index(fields=["order", "id"], name="assignment_rule_order")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a target that does not go with the method."""
        is_user = self.method == self.Method.USER
        needed, other = ("user", "team") if is_user else ("team", "user")
        if getattr(self, f"{needed}_id") is None:
            text = _("Name the colleague.") if is_user else _("Name the team.")
            raise ValidationError({needed: text})
        if getattr(self, f"{other}_id") is not None:
            text = _("Name a team, or for always the same colleague that colleague, not both.")
            raise ValidationError({other: text})

    def fits(self, lead: Any) -> bool:
        """Tell whether a lead is one of those that the rule is about."""
        places = [lead.customer, lead.customer.organization] if lead.customer.organization else [lead.customer]
        return (
            is_among(self.countries, next((one.country for one in places if one.country), ""))
            and is_among(self.industries, next((one.industry for one in places if one.industry), ""))
            and is_among(self.sources, lead.source)
            and (self.form_id is None or self.form_id == lead.form_id)
        )


def is_among(wanted: list[str], value: str) -> bool:
    """Tell whether a value is one of those wanted, in capitals or not; any is, where none are named."""
    return not wanted or value.casefold() in {one.casefold() for one in wanted}
