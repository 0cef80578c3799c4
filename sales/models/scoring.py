"""Rules that score leads. The database applies them, so a score is right through whichever door a lead came."""

from __future__ import annotations

import re
from typing import Any, Final, Self

import pgtrigger
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import new_id
from crm.querysets import Public
from customers.models import Customer
from customers.models.customers import country_code

MOST: Final = 1000
SEPARATOR: Final = re.compile(r"[,，、]")

# The score of a lead that is open follows from the rules; of one that is not, it stays what it was.
SCORED: Final = """
    IF NEW.status IN ('new', 'working', 'qualified') THEN
        SELECT s.score, s.reasons INTO NEW.score, NEW.score_reasons
        FROM sales_lead_score(NEW.customer_id, NEW.subject, NEW.message, NEW.source, NEW.rating) s;
    ELSIF TG_OP = 'UPDATE' THEN
        NEW.score := OLD.score;
        NEW.score_reasons := OLD.score_reasons;
    END IF;
    RETURN NEW;
"""


def score_trigger() -> pgtrigger.Trigger:
    """Return the trigger by which a lead has the score that the rules give."""
    operation = pgtrigger.Insert | pgtrigger.Update
    return pgtrigger.Trigger(name="lead_scored", when=pgtrigger.Before, operation=operation, func=SCORED)


class ScoreRuleQuerySet(Public, models.QuerySet["ScoreRule"]):
    def in_use(self) -> Self:
        """Keep the rules that count, in the order of reasons."""
        return self.filter(is_active=True).order_by("-points", "name", "id")


class ScoreRule(models.Model):
    """What makes a lead more or less promising, and by how many points."""

    class Field(models.TextChoices):
        SOURCE = "source", _("source")
        COUNTRY = "country", _("country")
        INDUSTRY = "industry", _("industry")
        RATING = "rating", _("rating")
        EMAIL_KIND = "email_kind", _("kind of e-mail address")
        LIFECYCLE = "lifecycle", _("lifecycle")
        PHONE = "phone", _("phone")
        COMPANY = "company", _("company")
        MESSAGE = "message", _("message")
        INTERACTIONS = "interactions", _("interactions")

    class Operator(models.TextChoices):
        IS = "is", _("is one of")
        IS_NOT = "is_not", _("is none of")
        CONTAINS = "contains", _("contains one of")
        IS_FILLED = "is_filled", _("is given")
        IS_EMPTY = "is_empty", _("is empty")
        AT_LEAST = "at_least", _("at least")
        AT_MOST = "at_most", _("at most")

    EMAIL_KINDS: Final = ("business", "free", "none")
    COUNTED: Final = (Operator.AT_LEAST, Operator.AT_MOST)
    ALONE: Final = (Operator.IS_FILLED, Operator.IS_EMPTY)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, help_text=_("Identifier."))
    name = models.CharField(
        _("name"),
        max_length=200,
        blank=True,
        help_text=_("What colleagues read as the reason of the points; the condition in words, unless said otherwise."),
    )
    field = models.CharField(
        _("field"),
        max_length=12,
        choices=Field,
        help_text=_("What is looked at, of the lead or its customer; of a person without one, the organization's."),
    )
    operator = models.CharField(_("operator"), max_length=10, choices=Operator, help_text=_("How it is compared."))
    value = models.CharField(
        _("value"),
        max_length=500,
        blank=True,
        help_text=_(
            "With what; several with commas between. Of an e-mail address: business, free or none."
            " Capitals and accents do not matter."
        ),
    )
    days = models.PositiveSmallIntegerField(
        _("days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text=_("Of interactions: those of so many days are counted."),
    )
    points = models.SmallIntegerField(
        _("points"),
        validators=[MinValueValidator(-MOST), MaxValueValidator(MOST)],
        help_text=_("What it adds to the score, from -1000 to 1000; below 0 it takes away."),
    )
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Whether the rule counts."))

    objects = ScoreRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("score rule")
        verbose_name_plural = _("score rules")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    field__in=[
                        "source",
                        "country",
                        "industry",
                        "rating",
                        "email_kind",
                        "lifecycle",
                        "phone",
                        "company",
                        "message",
                        "interactions",
                    ]
                ),
                name="score_rule_field_known",
            ),
            # What the function in the database would choke on.
            models.CheckConstraint(
                condition=Q(
                    field="interactions",
                    operator__in=["at_least", "at_most"],
                    value__regex=r"^[0-9]{1,6}$",
                    days__isnull=False,
                    days__gte=1,
                )
                | ~Q(field="interactions")
                & Q(operator__in=["is", "is_not", "contains", "is_filled", "is_empty"], days__isnull=True),
                name="score_rule_can_be_asked",
                violation_error_message=_("This operator does not go with the field."),
            ),
            models.CheckConstraint(
                condition=Q(points__gte=-1000, points__lte=1000) & ~Q(points=0),
                name="score_rule_points",
                violation_error_message=_("Give from -1000 to 1000 points, and not 0."),
            ),
            models.CheckConstraint(
                condition=Q(operator__in=["is_filled", "is_empty"], value="")
                | ~Q(operator__in=["is_filled", "is_empty"]) & ~Q(value=""),
                name="score_rule_value_or_none",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.sentence

    @property
    def sentence(self) -> str:
        """The condition in words."""
        words = [self.get_field_display().capitalize(), self.get_operator_display(), self.value]
        if self.days:
            words.append(str(_("in the last %(days)d days") % {"days": self.days}))
        return " ".join(filter(None, words))

    def clean(self) -> None:
        """Refuse a condition that nothing meets; write the value as it is compared, and the name if there is none."""
        self.value = ", ".join(filter(None, (part.strip() for part in SEPARATOR.split(self.value))))
        self.refuse_operator()
        if self.operator in self.ALONE:
            self.value = ""
        elif not self.value:
            raise ValidationError({"value": _("Say with what it is compared.")})
        self.refuse_value()
        was = ScoreRule.objects.filter(pk=self.pk).first()
        if not self.name or (was is not None and self.name == was.sentence[:200]):
            self.name = self.sentence[:200]

    def refuse_operator(self) -> None:
        """Raise ValidationError for an operator that does not go with the field, or days that do not."""
        is_counted = self.field == self.Field.INTERACTIONS
        if is_counted != (self.operator in self.COUNTED):
            raise ValidationError({"operator": _("This operator does not go with the field.")})
        if is_counted and self.days is None:
            raise ValidationError({"days": _("Say of how many days interactions are counted.")})
        if not is_counted and self.days is not None:
            raise ValidationError({"days": _("Only interactions are counted by days.")})
        if self.points == 0:
            raise ValidationError({"points": _("Give from -1000 to 1000 points, and not 0.")})

    def refuse_value(self) -> None:
        """Raise ValidationError for a value that the field never has."""
        if self.operator in self.COUNTED and not re.fullmatch(r"[0-9]{1,6}", self.value):
            raise ValidationError({"value": _("Write a whole number.")})
        if self.operator not in {self.Operator.IS, self.Operator.IS_NOT}:
            return
        parts = self.value.split(", ")
        if self.field == self.Field.COUNTRY:
            self.value = self.value.upper()
            for code in self.value.split(", "):
                country_code(code)
        known = self.known_values()
        if known and set(parts) - set(known):
            raise ValidationError({"value": _("Use one of: %(values)s.") % {"values": ", ".join(known)}})

    def known_values(self) -> tuple[str, ...]:
        """Return all values that the field can have; none where it is free."""
        from sales.models.leads import Lead

        kinds: dict[str, Any] = {
            self.Field.RATING: tuple(Lead.Rating.values),
            self.Field.LIFECYCLE: tuple(Customer.Lifecycle.values),
            self.Field.EMAIL_KIND: self.EMAIL_KINDS,
        }
        return tuple(kinds.get(self.field, ()))
