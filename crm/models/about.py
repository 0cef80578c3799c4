"""Records that concern another record of whatever kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.about import find
from crm.models.records import Record

if TYPE_CHECKING:
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
        return find(self.about_type, self.about_id, user)
