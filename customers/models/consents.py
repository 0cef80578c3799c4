"""What customers have agreed to, and what they have taken back: a history that only grows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Self

import pgtrigger
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, validate_ipv46_address
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm.database.expressions import After
from crm.models import Record, User, new_id
from crm.querysets import PublicQuerySet, RecordQuerySet
from customers.models.customers import Customer

if TYPE_CHECKING:
    from collections.abc import Iterable

AHEAD: Final = timedelta(minutes=5)  # clocks differ
FACTS: Final = (
    "purpose_id",
    "is_granted",
    "occurred_at",
    "source",
    "evidence",
    "ip_address",
    "user_agent",
    "recorded_by_id",
)
# Another customer may take over the history where two are merged; the facts themselves stay what they were.
KEEP: Final = """
    IF current_setting('crm.erasing', true) = 'on' THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF ({old}) IS NOT DISTINCT FROM ({new}) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the history of consent is not changed' USING ERRCODE = 'restrict_violation';
""".format(old=", ".join(f"OLD.{name}" for name in FACTS), new=", ".join(f"NEW.{name}" for name in FACTS))


class Purpose(models.Model):
    """Something that the company may do only with a customer's consent, such as to send marketing e-mail."""

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")
        SMS = "sms", _("SMS")
        PHONE = "phone", _("phone")
        POST = "post", _("post")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, help_text=_("Identifier."))
    name = models.CharField(
        _("name"),
        max_length=50,
        unique=True,
        validators=[RegexValidator(r"\A[a-z][a-z0-9_]*\Z", _("Use lower-case letters, digits and underscores."))],
        help_text=_("Name in the API, such as `marketing_email`; never changes."),
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, help_text=_("By which means."))
    label = models.CharField(_("label"), max_length=100, help_text=_("What customers read, in English."))
    label_zh = models.CharField(
        _("label in Chinese"), max_length=100, blank=True, help_text=_("The same in Simplified Chinese.")
    )
    description = models.TextField(
        _("description"), max_length=1000, help_text=_("What customers agree to, in English.")
    )
    description_zh = models.TextField(
        _("description in Chinese"), max_length=1000, blank=True, help_text=_("The same in Simplified Chinese.")
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Whether customers are asked for it; its history stays.")
    )

    objects = PublicQuerySet.as_manager()

    class Meta:
        verbose_name = _("purpose")
        verbose_name_plural = _("purposes")
        constraints = [
            models.CheckConstraint(condition=Q(name__regex=r"^[a-z][a-z0-9_]*$"), name="purpose_name"),
            models.CheckConstraint(condition=Q(channel__in=["email", "sms", "phone", "post"]), name="purpose_channel"),
        ]

    def __str__(self) -> str:
        return self._said("label")

    @property
    def wording(self) -> str:
        """What a customer reads and agrees to, in the language of the moment."""
        return f"{self}: {self._said('description')}"

    @property
    def explanation(self) -> str:
        """What a customer agrees to, in the language of the moment."""
        return self._said("description")

    def _said(self, name: str) -> str:
        chinese = getattr(self, f"{name}_zh") if (get_language() or "").startswith("zh") else ""
        return str(chinese or getattr(self, name))


class ConsentQuerySet(RecordQuerySet):
    def newest(self) -> Self:
        """Keep of each customer and purpose the newest row, the one that counts."""
        newer = Consent.objects.filter(
            After([F("occurred_at"), F("id")], [OuterRef("occurred_at"), OuterRef("id")], ">"),
            customer=OuterRef("customer"),
            purpose=OuterRef("purpose"),
        )
        return self.filter(~Exists(newer))

    def of(self, customers: Iterable[Any]) -> Self:
        """Keep the rows of these customers."""
        return self.filter(customer__in=customers)


class Consent(Record):
    """That a customer agreed to something, or took it back; of each purpose the newest row counts."""

    class Source(models.TextChoices):
        FORM = "form", pgettext_lazy("where consent was given", "form")
        EMAIL = "email", _("e-mail")
        PHONE = "phone", _("phone")
        IN_PERSON = "in_person", _("in person")
        LETTER = "letter", _("letter")
        PREFERENCES = "preferences", _("preferences page")
        UNSUBSCRIBE = "unsubscribe", _("unsubscribe link")
        IMPORT = "import", _("import")
        OTHER = "other", _("other")

    visible_through = "customer"

    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        on_delete=models.PROTECT,
        related_name="consents",
        help_text=_("Who agreed, or no longer does."),
    )
    purpose = models.ForeignKey(
        Purpose, verbose_name=_("purpose"), on_delete=models.PROTECT, related_name="+", help_text=_("To what.")
    )
    is_granted = models.BooleanField(_("granted"), help_text=_("True for agreed, false for taken back."))
    occurred_at = models.DateTimeField(_("time"), default=timezone.now, help_text=_("When the customer said so."))
    source = models.CharField(_("source"), max_length=20, choices=Source, help_text=_("How the customer said so."))
    evidence = models.TextField(
        _("evidence"), max_length=10_000, blank=True, help_text=_("The wording agreed to, or what else proves it.")
    )
    ip_address = models.CharField(
        _("network address"),
        max_length=45,
        blank=True,
        validators=[validate_ipv46_address],
        help_text=_("From where, if it came from a page."),
    )
    user_agent = models.CharField(
        _("browser"), max_length=300, blank=True, help_text=_("With what, if it came from a page.")
    )
    recorded_by = models.ForeignKey(
        User,
        verbose_name=_("recorded by"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Who wrote it down, unless the customer did; the one who records it, unless said otherwise."),
    )

    objects = ConsentQuerySet.as_manager()  # type: ignore[misc]  # more than all records have

    class Meta(Record.Meta):
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    source__in=[
                        "form",
                        "email",
                        "phone",
                        "in_person",
                        "letter",
                        "preferences",
                        "unsubscribe",
                        "import",
                        "other",
                    ]
                ),
                name="consent_source_known",
            ),
        ]
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["occurred_at", "id"], name="consent_occurred"),
            models.Index(
                fields=["customer", "purpose", "occurred_at", "id"], include=["is_granted"], name="consent_customer"
            ),
            models.Index(fields=["purpose", "customer"], condition=Q(is_granted=True), name="consent_granted"),
        ]
        triggers = [
            *Record.Meta.triggers,
            pgtrigger.Trigger(
                name="facts_are_kept",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func=KEEP,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose}: {_('granted') if self.is_granted else _('withdrawn')}"

    def clean(self) -> None:
        """Refuse a time to come, which would count until then."""
        if self.occurred_at > timezone.now() + AHEAD:
            raise ValidationError({"occurred_at": _("This is still to come.")})
