"""What campaigns say: a subject and a text with placeholders."""

from __future__ import annotations

from typing import Final

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import Record, SearchKey
from marketing.placeholders import check

SEARCHED: Final = ("name", "subject")


class Template(Record):
    """A message that campaigns send, with placeholders such as `{{ customer.first_name | default: "there" }}`."""

    search_fields = SEARCHED

    name = models.CharField(_("name"), max_length=200, help_text=_("What colleagues call it."))
    subject = models.CharField(
        _("subject"), max_length=300, blank=True, help_text=_("Subject line; may have placeholders.")
    )
    preheader = models.CharField(
        _("preview text"), max_length=300, blank=True, help_text=_("What many programs show beside the subject.")
    )
    html = models.TextField(
        "HTML",
        max_length=200_000,
        blank=True,
        help_text=_("The message as HTML; may have placeholders, whose values are escaped."),
    )
    text = models.TextField(
        _("plain text"),
        max_length=100_000,
        blank=True,
        help_text=_("The message for those who read no HTML; may have placeholders."),
    )

    class Meta(Record.Meta):
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        constraints = [
            models.CheckConstraint(
                condition=~Q(name=""),
                name="template_named",
                violation_error_message=_("A template needs a name."),
            ),
        ]
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["name", "id"], name="template_name"),
            GinIndex(OpClass(SearchKey(*SEARCHED), "gin_trgm_ops"), name="template_search"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse what cannot be read, with the line, and placeholders that there are not."""
        wrong = {name: check(getattr(self, name)) for name in ("subject", "preheader", "html", "text")}
        errors = {name: found for name, found in wrong.items() if found}
        if errors:
            raise ValidationError({name: ValidationError(text, code="template") for name, text in errors.items()})
