"""Fields that an administrator adds to a kind of record, without a migration."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any, Self

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.identifiers import new_id

MAX_TEXT = 1000


class CustomFieldQuerySet(models.QuerySet["CustomField"]):
    def of(self, model: type[models.Model]) -> Self:
        """Keep the fields in use for one kind of record."""
        return self.filter(content_type=ContentType.objects.get_for_model(model), is_active=True)


class CustomField(models.Model):
    """One typed field of one kind of record; its values stand in the record's `custom`."""

    class Type(models.TextChoices):
        TEXT = "text", _("text")
        NUMBER = "number", _("number")
        DATE = "date", _("date")
        BOOLEAN = "boolean", _("yes or no")
        CHOICE = "choice", _("choice")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    content_type = models.ForeignKey(ContentType, verbose_name=_("kind of record"), on_delete=models.CASCADE)
    name = models.CharField(
        _("name"),
        max_length=50,
        validators=[RegexValidator(r"\A[a-z][a-z0-9_]*\Z", _("Use lower-case letters, digits and underscores."))],
        help_text=_("Name in the API; never changes."),
    )
    label = models.CharField(_("label"), max_length=100, help_text=_("Name on the screens."))
    type = models.CharField(_("type"), max_length=10, choices=Type)
    choices = models.JSONField(_("choices"), default=list, blank=True, help_text=_("Allowed values of a choice."))
    is_active = models.BooleanField(_("active"), default=True)

    objects = CustomFieldQuerySet.as_manager()

    class Meta:
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        constraints = [
            models.UniqueConstraint(fields=["content_type", "name"], name="custom_field_unique"),
            models.CheckConstraint(condition=models.Q(name__regex=r"^[a-z][a-z0-9_]*$"), name="custom_field_name"),
        ]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        """Refuse a choice without values, and values on any other type."""
        texts = isinstance(self.choices, list) and all(isinstance(item, str) and item for item in self.choices)
        if not texts or bool(self.choices) != (self.type == self.Type.CHOICE):
            raise ValidationError({"choices": _("A choice, and only a choice, needs a list of values.")})

    def check_value(self, value: Any) -> Any:
        """Return `value` as JSON keeps it; raise ValidationError where it is not of this field's type."""
        checks = {
            self.Type.TEXT: lambda: isinstance(value, str) and len(value) <= MAX_TEXT,
            self.Type.NUMBER: lambda: isinstance(value, int | float | Decimal) and not isinstance(value, bool),
            self.Type.DATE: lambda: isinstance(value, str) and bool(datetime.date.fromisoformat(value)),
            self.Type.BOOLEAN: lambda: isinstance(value, bool),
            self.Type.CHOICE: lambda: value in self.choices,
        }
        try:
            is_valid = checks[self.Type(self.type)]()
        except ValueError:
            is_valid = False
        if not is_valid:
            raise ValidationError(_("Not a valid %(type)s."), params={"type": self.get_type_display()}, code="invalid")
        return value

    def read(self, text: str) -> Any:
        """Return the value that `text`, from a query parameter, stands for; raise ValidationError if for none."""
        value: Any = text
        if self.type == self.Type.BOOLEAN:
            value = {"true": True, "false": False}.get(text)
        elif self.type == self.Type.NUMBER:
            try:
                value = int(text) if text.lstrip("-").isdecimal() else float(text)
            except ValueError:
                value = None
        return self.check_value(value)
