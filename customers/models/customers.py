"""A customer: one person or organization, one row."""

from __future__ import annotations

import re
from typing import Any, Self
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.utils.translation import gettext_lazy as _

from crm.models import Record, SearchKey
from crm.privacy.words import ERASED
from crm.querysets import RecordQuerySet
from customers.phones import e164

SEARCHED = ("name", "email", "phone", "phone_e164")
PERSONAL = (
    "given_name",
    "family_name",
    "job_title",
    "email",
    "phone",
    "phone_e164",
    "fax",
    "website",
    "tax_id",
    "description",
    "industry",
    "source",
    "language",
    "time_zone",
)
CJK = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]")
country_code = RegexValidator(r"\A[A-Z]{2}\Z", _("Use the two capital letters of ISO 3166-1, such as CN."))


def known_time_zone(value: str) -> None:
    """Refuse a name that the IANA time zone database does not have."""
    if value not in available_timezones():
        raise ValidationError(
            _("Use a name of the IANA time zone database, such as Asia/Shanghai."), code="unknown_time_zone"
        )


class CustomerQuerySet(RecordQuerySet):
    def consenting(self, purpose: str) -> Self:
        """Keep the customers whose newest word on a purpose, such as `marketing_email`, is that they agree."""
        consents: Any = self.model._meta.get_field("consents").related_model
        granted = consents.objects.filter(purpose__name=purpose, is_granted=True).newest()
        return self.filter(pk__in=granted.values("customer"))

    def known_by(self, person: Customer) -> Customer | None:
        """Return whoever has the e-mail address of a person, or else the phone number and the name; the first of them.

        A phone number alone says little: a family, or an office, shares one.
        """
        rows = self.order_by("id")
        found: Customer | None = None
        if person.email:
            found = rows.filter(kind=person.kind, email=person.email).first()
        if found is None and person.phone_e164:
            found = rows.named_as(person).filter(phone_e164=person.phone_e164).first()
        return found

    def named_as(self, customer: Customer) -> Self:
        """Keep the customers of the same kind whose names tell no difference."""
        key = Func(Value(customer.kind), Value(customer.name), function="customers_name_key")
        return self.filter(kind=customer.kind, name_key=key)


class Customer(Record):
    """A person or an organization that the company deals with, or would like to."""

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        ORGANIZATION = "organization", _("organization")

    class Lifecycle(models.TextChoices):
        LEAD = "lead", _("lead")
        PROSPECT = "prospect", _("prospect")
        CUSTOMER = "customer", _("customer")
        FORMER = "former", _("former customer")

    search_fields = SEARCHED
    concerns = "id"
    set_by_verbs = frozenset({"preferences_version", "erased_at"})

    kind = models.CharField(
        _("kind"), max_length=12, choices=Kind, default=Kind.PERSON, help_text=_("A person or an organization.")
    )
    name = models.CharField(
        _("name"), max_length=200, help_text=_("Full name; of a person, made of the two names when left out.")
    )
    given_name = models.CharField(_("given name"), max_length=100, blank=True, help_text=_("Of a person."))
    family_name = models.CharField(_("family name"), max_length=100, blank=True, help_text=_("Of a person."))
    organization = models.ForeignKey(
        "self",
        verbose_name=_("organization"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="people",
        limit_choices_to={"kind": "organization"},
        help_text=_("The organization that a person belongs to."),
    )
    job_title = models.CharField(_("job title"), max_length=100, blank=True, help_text=_("Position there."))
    email = models.EmailField(_("e-mail"), blank=True, help_text=_("E-mail address; kept in lower case."))
    phone = models.CharField(_("phone"), max_length=50, blank=True, help_text=_("Phone number, as typed."))
    phone_e164 = models.CharField(
        _("phone, international"),
        max_length=16,
        blank=True,
        editable=False,
        help_text=_("The phone number in E.164 form, where it can be read; empty otherwise."),
    )
    fax = models.CharField(_("fax"), max_length=50, blank=True, help_text=_("Fax number, as typed."))
    website = models.URLField(_("website"), blank=True, help_text=_("Address of the website."))
    tax_id = models.CharField(_("tax id"), max_length=50, blank=True, help_text=_("Tax or VAT number."))
    industry = models.CharField(_("industry"), max_length=100, blank=True, help_text=_("Line of business."))
    lifecycle = models.CharField(
        _("lifecycle"),
        max_length=10,
        choices=Lifecycle,
        default=Lifecycle.LEAD,
        help_text=_("How far the relationship has come."),
    )
    language = models.CharField(
        _("language"),
        max_length=20,
        blank=True,
        validators=[
            RegexValidator(r"\A[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", _("Use a language tag, such as zh-Hans."))
        ],
        help_text=_("Preferred language, as a BCP 47 tag."),
    )
    time_zone = models.CharField(
        _("time zone"), max_length=50, blank=True, validators=[known_time_zone], help_text=_("IANA time zone.")
    )
    country = models.CharField(
        _("country"),
        max_length=2,
        blank=True,
        validators=[country_code],
        help_text=_("Home country (ISO 3166-1); local phone numbers are read as numbers of it."),
    )
    source = models.CharField(_("source"), max_length=100, blank=True, help_text=_("Where the customer came from."))
    description = models.TextField(
        _("description"), max_length=10_000, blank=True, help_text=_("What else colleagues should know.")
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("No longer so when the customer was given up here or in the ERP.")
    )
    preferences_version = models.PositiveIntegerField(
        _("version of the preferences link"),
        default=1,
        editable=False,
        help_text=_("Links to the preferences page made for an earlier one no longer work."),
    )
    erased_at = models.DateTimeField(
        _("erased at"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("When the customer's data were erased, for good; nothing personal is taken since."),
    )
    organization_kind = models.GeneratedField(
        expression=Case(When(organization__isnull=False, then=Value("organization"))),
        output_field=models.CharField(max_length=12, null=True),
        db_persist=True,
    )
    name_key = models.GeneratedField(  # what of the name tells customers apart
        expression=Func("kind", "name", function="customers_name_key"),
        output_field=models.TextField(),
        db_persist=True,
    )
    match_keys = models.GeneratedField(  # what two customers should not have in common
        expression=Func(*("kind", "name", "email", "phone_e164", "tax_id", "website"), function="customers_match_keys"),
        output_field=ArrayField(models.TextField()),
        db_persist=True,
    )

    objects = CustomerQuerySet.as_manager()  # type: ignore[misc]  # more than all records have

    class Meta(Record.Meta):
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["person", "organization"]), name="customer_kind_known"),
            models.CheckConstraint(
                condition=Q(lifecycle__in=["lead", "prospect", "customer", "former"]), name="customer_lifecycle_known"
            ),
            models.CheckConstraint(
                condition=~Q(name=""), name="customer_name_given", violation_error_message=_("A customer needs a name.")
            ),
            models.CheckConstraint(
                condition=Q(organization__isnull=True) | Q(kind="person") & ~Q(organization=F("id")),
                name="customer_organization_of_person",
                violation_error_message=_("Only a person belongs to an organization."),
            ),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True) | Q(name=ERASED, custom={}, tags=[], **dict.fromkeys(PERSONAL, "")),
                name="customer_erased_for_good",
                violation_error_message=_("This customer was erased: nothing personal is taken any more."),
            ),
            models.CheckConstraint(condition=Q(country__regex=r"^([A-Z]{2})?$"), name="customer_country_code"),
        ]
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["name", "id"], name="customer_name"),
            models.Index(fields=["email"], name="customer_email"),
            models.Index(fields=["phone_e164"], name="customer_phone"),
            models.Index(fields=["tax_id"], name="customer_tax_id"),
            models.Index(fields=["lifecycle", "id"], name="customer_lifecycle"),
            GinIndex(OpClass(SearchKey(*SEARCHED), "gin_trgm_ops"), name="customer_search"),
            GinIndex(OpClass("name_key", "gin_trgm_ops"), name="customer_name_key"),
            GinIndex(fields=["match_keys"], name="customer_match_keys"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Complete names and phone; refuse an organization that is a person, or that is inside another."""
        self.complete()
        if not self.name:
            raise ValidationError({"name": ValidationError(_("A customer needs a name."), code="required")})
        if self.organization is None:
            return
        if self.kind != self.Kind.PERSON:
            raise ValidationError({"organization": _("Only a person belongs to an organization.")})
        if self.organization.kind != self.Kind.ORGANIZATION:
            raise ValidationError({"organization": _("This customer is not an organization.")})

    def clean_merge(self, loser: Self) -> None:
        """Refuse to make a person and an organization one, and to bring an erased customer anything back."""
        if self.erased_at or loser.erased_at:
            raise ValidationError(_("A customer that was erased cannot be merged."), code="erased")
        if self.kind != loser.kind:
            raise ValidationError(_("A person and an organization cannot be merged."), code="kinds_differ")

    def part_from(self, winner: Self) -> None:
        """Revoke links to the pages of who comes back where those of both were revoked."""
        from customers.preferences import revoked_as_one

        if revoked_as_one(self.pk, winner.pk):
            Customer.objects.filter(pk=self.pk).update(preferences_version=F("preferences_version") + 1)

    def save(self, **kwargs: Any) -> None:
        self.complete()
        super().save(**kwargs)

    def complete(self) -> None:
        """Fill what follows from other fields: the name of a person, the e-mail's form, the E.164 phone."""
        if not self.name:
            between = "" if CJK.search(self.family_name) else " "
            order = (self.family_name, self.given_name) if not between else (self.given_name, self.family_name)
            self.name = between.join(filter(None, order))
        self.email = self.email.lower()
        self.phone_e164 = e164(self.phone, self.country or settings.DEFAULT_COUNTRY)
