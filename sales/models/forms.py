"""Forms on web sites, whose answers become leads."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import new_id
from crm.querysets import PublicQuerySet
from customers.models import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterable

USUAL: Final = ("name", "email", "message")
SCHEMES: Final = ("https", "http")


def new_key() -> str:
    """Return a key that nobody guesses."""
    return secrets.token_urlsafe(18)


def origin_of(address: str) -> str:
    """Return the origin of an address, such as https://www.example.com; nothing where it has none."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in SCHEMES or not parts.hostname:
        return ""
    usual = {"https": 443, "http": 80}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")


def is_origin(value: str) -> None:
    """Refuse what is not the origin of a page, as browsers name it; a wildcard is none."""
    host = value.removeprefix("http://").removeprefix("https://")
    if origin_of(value) != value or set(host) - set("abcdefghijklmnopqrstuvwxyz0123456789.-:[]"):
        text = _("Write an origin such as https://www.example.com: no path, no slash at the end, in lower case.")
        raise ValidationError(text, code="not_an_origin")


class LeadForm(models.Model):
    """A form on a web site: whoever fills it in becomes a lead."""

    class Field(models.TextChoices):
        NAME = "name", _("Name")
        GIVEN_NAME = "given_name", _("Given name")
        FAMILY_NAME = "family_name", _("Family name")
        EMAIL = "email", _("E-mail")
        PHONE = "phone", _("Phone")
        COMPANY = "company", _("Company")
        COUNTRY = "country", _("Country")
        MESSAGE = "message", _("Message")

    TELLING: Final = (Field.NAME, Field.GIVEN_NAME, Field.FAMILY_NAME, Field.EMAIL)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, help_text=_("Identifier."))
    name = models.CharField(
        _("name"),
        max_length=100,
        unique=True,
        help_text=_("What colleagues call it; the subject of its leads."),
        error_messages={"unique": _("There is a form of this name.")},
    )
    key = models.CharField(
        _("key"),
        max_length=32,
        unique=True,
        default=new_key,
        editable=False,
        help_text=_("Stands in the form's address; whoever has it can send the form."),
    )
    title = models.CharField(_("title"), max_length=200, help_text=_("Heading that visitors read."))
    introduction = models.TextField(
        _("introduction"), max_length=2000, blank=True, help_text=_("What visitors read below the heading.")
    )
    asked_fields = ArrayField(
        models.CharField(max_length=20, choices=Field),
        verbose_name=_("fields"),
        default=list,
        blank=True,
        help_text=_("What is asked; none: name, e-mail and message."),
    )
    required_fields = ArrayField(
        models.CharField(max_length=20, choices=Field),
        verbose_name=_("required fields"),
        default=list,
        blank=True,
        help_text=_("What must be answered, of what is asked; a name or an e-mail address in any case."),
    )
    source = models.CharField(
        _("source"), max_length=100, default="website", help_text=_("Source of the leads, for rules and reports.")
    )
    owner = models.ForeignKey(
        "crm.User",
        verbose_name=_("owner"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Who gets the leads; none: the team, or whom the assignment rules name."),
    )
    team = models.ForeignKey(
        "crm.Team",
        verbose_name=_("team"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("The team that gets the leads, the owner's unless said otherwise."),
    )
    allowed_origins = ArrayField(
        models.CharField(max_length=200, validators=[is_origin]),
        verbose_name=_("allowed origins"),
        default=list,
        blank=True,
        help_text=_("Web sites that may show and send the form besides its own page, such as https://www.example.com."),
    )
    thank_you = models.TextField(
        _("thank-you text"), max_length=2000, blank=True, help_text=_("What visitors read afterwards.")
    )
    redirect_url = models.CharField(
        _("page afterwards"),
        max_length=500,
        blank=True,
        validators=[URLValidator(schemes=list(SCHEMES), code="not_an_address")],
        help_text=_("Page on one of the allowed origins that visitors come to instead of the thank-you text."),
    )
    purpose = models.ForeignKey(
        Purpose,
        verbose_name=_("purpose of consent"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("What visitors are asked to agree to; none: nothing."),
    )
    is_consent_required = models.BooleanField(
        _("consent is required"), default=False, help_text=_("Whether the form is sent only by those who agree.")
    )
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Whether it takes answers."))

    objects = PublicQuerySet.as_manager()

    class Meta:
        verbose_name = _("lead form")
        verbose_name_plural = _("lead forms")
        constraints = [
            models.CheckConstraint(condition=~Q(name="") & ~Q(title=""), name="lead_form_named"),
            models.CheckConstraint(
                condition=Q(is_consent_required=False) | Q(purpose__isnull=False),
                name="lead_form_consent_to_something",
                violation_error_message=_("Choose what visitors agree to."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse what contradicts itself; fill what is asked, in the usual order."""
        self.asked_fields = self.asked
        self.required_fields = in_order(self.required_fields)
        if not set(self.asked_fields) & set(self.TELLING):
            raise ValidationError({"asked_fields": _("Ask for a name or an e-mail address at least.")})
        if set(self.required_fields) - set(self.asked_fields):
            raise ValidationError({"required_fields": _("Require only what is asked.")})
        if self.is_consent_required and self.purpose is None:
            raise ValidationError({"purpose": _("Choose what visitors agree to.")})
        if self.redirect_url and origin_of(self.redirect_url) not in self.allowed_origins:
            raise ValidationError({"redirect_url": _("The page must be on one of the allowed origins.")})

    @property
    def asked(self) -> list[str]:
        """The fields that are asked, in the usual order."""
        return in_order(self.asked_fields or USUAL)

    @property
    def address(self) -> str:
        """The address of the form's own page."""
        return f"{settings.BASE_URL}{reverse('lead-form', args=(self.key,))}"

    def takes_from(self, origin: str) -> bool:
        """Tell whether a page of this origin may send the form; its own page may."""
        return origin in {*self.allowed_origins, origin_of(settings.BASE_URL)}


def in_order(names: Iterable[Any]) -> list[str]:
    """Return fields of a form once each, in the usual order."""
    wanted = {str(name) for name in names}
    return [one.value for one in LeadForm.Field if one in wanted]


class LeadFormReceipt(models.Model):
    """That an answer came, so that the same one, sent again within minutes, is no second lead; holds only a digest."""

    form = models.ForeignKey(LeadForm, verbose_name=_("form"), on_delete=models.CASCADE, related_name="receipts")
    digest = models.CharField(_("digest"), max_length=64)
    received_at = models.DateTimeField(_("received at"), default=timezone.now)

    class Meta:
        verbose_name = _("receipt of a form")
        verbose_name_plural = _("receipts of forms")
        constraints = [models.UniqueConstraint(fields=["form", "digest"], name="lead_form_receipt_once")]
        indexes = [models.Index(fields=["received_at"], name="lead_form_receipt_received")]

    def __str__(self) -> str:
        return self.digest[:12]
