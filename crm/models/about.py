"""Records that concern another record of whatever kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.records import Record

if TYPE_CHECKING:
    from uuid import UUID

    from crm.models.users import User


class AboutRecord(Record):
    """A record that may concern another one, of any kind: a call about a lead, a task about a customer."""

    about_type = models.CharField(
        _("about, kind"),
        max_length=50,
        blank=True,
        help_text=_("Kind of the record it concerns besides the customer, such as `sales.lead`."),
    )
    about_id = models.UUIDField(_("about, id"), null=True, blank=True, help_text=_("Id of that record."))

    class Meta(Record.Meta):
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(about_type="", about_id__isnull=True) | (~Q(about_type="") & Q(about_id__isnull=False)),
                name="%(class)s_about_whole",
                violation_error_message=_("Give both the kind and the id of the record it concerns."),
            ),
        ]
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["about_id"], name="%(class)s_about", condition=Q(about_id__isnull=False)),
        ]

    def clean(self) -> None:
        """Refuse half a reference to the record that this one concerns."""
        if bool(self.about_type) != (self.about_id is not None):
            raise ValidationError({"about_id": _("Give both the kind and the id of the record it concerns.")})

    def about(self, user: User) -> Any:
        """Return the record that this one concerns; None where there is none, or none that `user` may see."""
        return found(self.about_type, self.about_id, user)


def kind_of(label: str) -> type[Record] | None:
    """Return the kind of record of a name such as `sales.lead`; None where there is none."""
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        return None
    return model if issubclass(model, Record) and label == model.label() else None


def found(label: str, key: UUID | None, user: User) -> Any:
    """Return a record of a kind as far as `user` may see it."""
    model = kind_of(label) if key else None
    return model.objects.visible_to(user).filter(pk=key).first() if model else None


def customer_of(label: str, key: UUID | None) -> UUID | None:
    """Return the id of the customer that a record is, or is about; None where there is none."""
    model, path = kind_of(label) if key else None, ""
    while model is not None:
        names = {field.name for field in model._meta.concrete_fields}
        name = model.concerns or ("customer" if "customer" in names else "")
        if name == "id" and not path:
            return key
        if name:
            kind: Any = kind_of(label)
            value: UUID | None = kind.objects.filter(pk=key).values_list(path + name, flat=True).first()
            return value
        path += f"{model.visible_through}__"
        model = model._meta.get_field(model.visible_through).related_model if model.visible_through else None  # type: ignore[assignment]
    return None
