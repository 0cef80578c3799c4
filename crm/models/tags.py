"""Tags: the list of all words that records have been given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.database.prepared import fetch_all
from crm.models.identifiers import new_id
from crm.querysets import Public

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

LONGEST = 50
MOST = 50
SIGNS = ",;\uff0c\uff1b\u3001"  # between tags in one text, also as Chinese writes them
CONTROL = r"\x00-\x1f\x7f-\x9f"
FORM = rf"\A[^\s{SIGNS}{CONTROL}]([^{SIGNS}{CONTROL}]*[^\s{SIGNS}{CONTROL}])?\Z"
AS_WRITTEN = "SELECT name FROM crm_tag WHERE lower(name) = ANY(%s)"
NOT_SO = _("A tag has no commas or semicolons, and no spaces around it.")


class TagQuerySet(Public, models.QuerySet["Tag"]):
    def as_written(self, names: Iterable[str]) -> list[str]:
        """Return the names of those of some tags that there are, as they are written, whatever capitals were given."""
        found = fetch_all(AS_WRITTEN, [[name.lower() for name in names]], prepares=True)
        return [name for (name,) in found]


class Tag(models.Model):
    """A word that records are given, to find them by; any record may have several."""

    class Color(models.TextChoices):
        GREY = "grey", _("grey")
        RED = "red", _("red")
        ORANGE = "orange", _("orange")
        YELLOW = "yellow", _("yellow")
        GREEN = "green", _("green")
        TEAL = "teal", _("teal")
        BLUE = "blue", _("blue")
        PURPLE = "purple", _("purple")
        PINK = "pink", _("pink")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, help_text=_("Identifier."))
    name = models.CharField(
        _("name"),
        max_length=LONGEST,
        validators=[RegexValidator(FORM, NOT_SO)],
        help_text=_("The word; records that have it follow when it changes."),
    )
    color = models.CharField(
        _("colour"), max_length=10, choices=Color, default=Color.GREY, help_text=_("Its colour on the screens.")
    )
    created_at = models.DateTimeField(
        _("created at"), default=timezone.now, editable=False, help_text=_("When it was first given.")
    )

    objects = TagQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="tag_name_unique",
                violation_error_message=_("There is such a tag already, perhaps with other capitals."),
            ),
            models.CheckConstraint(
                condition=models.Q(name__regex=rf"^[^\s{SIGNS}]([^{SIGNS}]*[^\s{SIGNS}])?$"),
                name="tag_name_form",
                violation_error_message=NOT_SO,
            ),
        ]
        indexes = [models.Index(fields=["name", "id"], name="tag_name")]

    def __str__(self) -> str:
        return self.name

    def is_given(self) -> bool:
        """Tell whether any record has the tag."""
        kinds = [model for model in apps.get_models() if hasattr(model, "external_references")]
        return any(model._default_manager.filter(tags__contains=[self.name]).exists() for model in kinds)


def in_order(names: Iterable[str]) -> list[str]:
    """Return names as a record keeps them: each once, whatever its capitals, as it is first written."""
    once: dict[str, str] = {}
    for name in names:
        once.setdefault(name.lower(), name)
    return sorted(once.values())


def as_known(names: Collection[str], known: dict[str, str] | None = None) -> list[str]:
    """Return names as the list of tags writes them; `known`, by small letters, saves the query and learns new ones."""
    if known is None:
        known = known_among(names)
    return in_order(known.setdefault(name.lower(), name) for name in names)


def known_among(names: Collection[str]) -> dict[str, str]:
    """Return those of the names that are on the list, by small letters."""
    found = Tag.objects.as_written(names) if names else ()
    return {name.lower(): name for name in found}
