"""Fields that an administrator adds to a kind of record, without a migration."""

from __future__ import annotations

import re
from typing import Any, Self

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from crm.api.characters import LINE_BREAK, refuse_line_breaks
from crm.custom import values
from crm.custom.patterns import is_quick
from crm.models.identifiers import new_id
from crm.querysets import Public

FIXED = ("content_type", "type")
MAX_PATTERN = 200


class CustomFieldQuerySet(Public, models.QuerySet["CustomField"]):
    def every(self, model: type[models.Model]) -> Self:
        """Keep the fields of one kind of record, in the order of its form."""
        return self.filter(content_type=ContentType.objects.get_for_model(model)).order_by("place", "label", "id")

    def in_use(self) -> Self:
        """Keep the fields in use, each kind's in the order of its form."""
        return self.filter(is_active=True).select_related("content_type").order_by("place", "label", "id")

    def of(self, model: type[models.Model]) -> Self:
        """Keep the fields in use for one kind of record."""
        return self.every(model).filter(is_active=True)


class CustomField(models.Model):
    """One typed field of one kind of record; its values stand in the record's `custom`."""

    class Type(models.TextChoices):
        TEXT = "text", _("text")
        NUMBER = "number", _("number")
        DATE = "date", _("date")
        DATETIME = "datetime", _("date and time")
        BOOLEAN = "boolean", _("yes or no")
        CHOICE = "choice", _("choice")
        CHOICES = "choices", _("several choices")
        URL = "url", _("web address")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    content_type = models.ForeignKey(ContentType, verbose_name=_("kind of record"), on_delete=models.CASCADE)
    name = models.CharField(
        _("name"),
        max_length=50,
        validators=[
            RegexValidator(
                r"\A[a-z][a-z0-9]*(_[a-z0-9]+)*\Z", _("Use lower-case letters, digits and single underscores.")
            )
        ],
        help_text=_("Name in the API. After a change, programs may go on to write and filter by the former name."),
    )
    former_names = models.JSONField(
        _("former names"), default=list, blank=True, editable=False, help_text=_("Names that programs may still use.")
    )
    label = models.CharField(_("label"), max_length=100, help_text=_("Name on the screens."))
    help_text = models.CharField(_("help text"), max_length=300, blank=True, help_text=_("Shown below the field."))
    group = models.CharField(
        _("group"), max_length=50, blank=True, help_text=_("Fields of one group stand together on the form.")
    )
    place = models.PositiveSmallIntegerField(
        _("place"), default=0, help_text=_("Place on the form; fields of the same place stand in order of label.")
    )
    type = models.CharField(_("type"), max_length=10, choices=Type, help_text=_("What values the field takes."))
    choices = models.JSONField(
        _("choices"),
        default=list,
        blank=True,
        help_text=_("Values that may be chosen. One that is taken away stays where it was chosen before."),
    )
    choice_labels = models.JSONField(
        _("labels of choices"), default=dict, blank=True, help_text=_("What people read instead of a value.")
    )
    is_required = models.BooleanField(
        _("required"),
        default=False,
        help_text=_("New records need a value, and older ones do when they are next changed."),
    )
    default = models.JSONField(
        _("default"), null=True, blank=True, help_text=_("Value of new records unless another is given.")
    )
    min_value = models.DecimalField(
        _("least value"), max_digits=24, decimal_places=6, null=True, blank=True, help_text=_("Of a number.")
    )
    max_value = models.DecimalField(
        _("greatest value"), max_digits=24, decimal_places=6, null=True, blank=True, help_text=_("Of a number.")
    )
    max_length = models.PositiveSmallIntegerField(
        _("greatest length"), null=True, blank=True, help_text=_("Of a text, in characters; 1,000 at most.")
    )
    pattern = models.CharField(
        _("pattern"), max_length=MAX_PATTERN, blank=True, help_text=_("Regular expression that a whole text must fit.")
    )
    in_list = models.BooleanField(_("shown in lists"), default=False, help_text=_("A column of the list on screens."))
    is_indexed = models.BooleanField(
        _("indexed"),
        default=False,
        help_text=_("Keeps filters by the field fast over many records, and lets the field order lists."),
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("A retired field is nowhere to be seen, but keeps its values.")
    )

    objects = CustomFieldQuerySet.as_manager()

    class Meta:
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        constraints = [
            models.UniqueConstraint(
                fields=["content_type", "name"],
                name="custom_field_unique",
                violation_error_message=_("There is a field of this name already."),
            ),
            models.CheckConstraint(condition=Q(name__regex=r"^[a-z][a-z0-9_]*$"), name="custom_field_name"),
            models.CheckConstraint(
                condition=Q(min_value__isnull=True) | Q(max_value__isnull=True) | Q(min_value__lte=F("max_value")),
                name="custom_field_limits",
                violation_error_message=_("The least value is above the greatest."),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        """Refuse what contradicts itself: choices and limits that are not of the type, a default that is no value."""
        self.check_choices()
        self.check_limits()
        self.check_names()
        if self.default is not None:
            try:
                self.default = values.check(self, self.default)
            except ValidationError as error:
                raise ValidationError({"default": error.messages}) from error

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the field; raise ProtectedError while records have values of it, which nobody could read any more."""
        from crm.custom import moves

        if moves.is_used(field=self):
            raise ProtectedError(str(_("Records have values of it; retire it instead.")), {self})
        return super().delete(*args, **kwargs)

    def check_choices(self) -> None:
        """Raise ValidationError unless a choice, and only a choice, has a list of values, and labels only for them."""
        items = self.choices
        texts = isinstance(items, list) and all(isinstance(item, str) and item.strip() == item != "" for item in items)
        if not texts or bool(items) != self.is_choice or len(items) > values.MAX_CHOICES:
            raise ValidationError({"choices": _("A choice, and only a choice, needs a list of values.")})
        if len(set(items)) < len(items):
            raise ValidationError({"choices": _("Name each value once.")})
        labels = self.choice_labels
        if not isinstance(labels, dict) or not all(isinstance(label, str) for label in labels.values()):
            raise ValidationError({"choice_labels": _("Give a text for each value.")})
        for name, texts_of in (("choices", items), ("choice_labels", labels.values())):
            if any(LINE_BREAK.search(one) for one in texts_of):
                raise ValidationError({name: refuse_line_breaks.message}, code=refuse_line_breaks.code)

    def check_limits(self) -> None:
        """Raise ValidationError for limits that are not of the type."""
        is_number, is_text = self.type == self.Type.NUMBER, self.type in {self.Type.TEXT, self.Type.URL}
        if not is_number and (self.min_value is not None or self.max_value is not None):
            raise ValidationError({"min_value": _("Only a number has such limits.")})
        if is_number and self.min_value is not None and self.max_value is not None and self.min_value > self.max_value:
            raise ValidationError({"min_value": _("The least value is above the greatest.")})
        if not is_text and (self.max_length is not None or self.pattern):
            raise ValidationError({"pattern": _("Only a text has a length and a pattern.")})
        if self.max_length is not None and not 1 <= self.max_length <= values.MAX_TEXT:
            raise ValidationError({"max_length": _("A whole number from 1 to 1,000.")})
        self.check_pattern()

    def check_pattern(self) -> None:
        """Raise ValidationError for a pattern that is none, or that some text could keep busy for long."""
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValidationError({"pattern": _("Not a regular expression.")}) from error
        if self.pattern and not is_quick(self.pattern, self.max_length or values.MAX_TEXT):
            text = _(
                "Some texts would take too long to check: repeat less within what is repeated, or limit the length."
            )
            raise ValidationError({"pattern": text})

    def check_names(self) -> None:
        """Raise ValidationError for a name that another field had, and for another type or kind of record."""
        others = CustomField.objects.filter(content_type=self.content_type_id).exclude(pk=self.pk)
        if others.filter(former_names__contains=[self.name]).exists():
            raise ValidationError({"name": _("Another field had this name, which programs may still use.")})
        before = None if self._state.adding else CustomField.objects.filter(pk=self.pk).values(*FIXED).first()
        if before is not None and before != {"content_type": self.content_type_id, "type": self.type}:
            raise ValidationError({"type": _("The type of a field never changes.")})

    @property
    def is_choice(self) -> bool:
        """Whether values are chosen from a list."""
        return self.type in {self.Type.CHOICE, self.Type.CHOICES}

    @property
    def needs_index(self) -> bool:
        """Whether the worker keeps an index of the values."""
        return self.is_indexed and self.is_active

    @property
    def records(self) -> Any:
        """The kind of record that has the field."""
        model = self.content_type.model_class()
        if model is None:
            raise LookupError(self.content_type)
        return model

    def check_value(self, value: Any) -> Any:
        """Return `value` as JSON keeps it; raise ValidationError where the field cannot have it."""
        return values.check(self, value)

    def read(self, text: str) -> Any:
        """Return the value that `text`, from a query parameter, stands for; raise ValidationError if for none."""
        return values.read(self, text)
