"""What stays as it was once a campaign has begun: its status goes one way, and it becomes no other campaign."""

from __future__ import annotations

from typing import Any, Final, Self, cast

import pgtrigger
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

BEFORE: Final = ("draft", "scheduled")
# Whom it is for, and what it says to all of them alike.
FIXED: Final = ("kind", "segment", "template", "purpose", "subject_b", "test_share")
BACK: Final = """OLD.status IN ('sending', 'paused') AND NEW.status IN ('draft', 'scheduled')
    OR OLD.status IN ('sent', 'cancelled') AND NEW.status <> OLD.status"""
REFUSE: Final = """RAISE EXCEPTION 'A campaign does not go back.'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'campaign_never_back', TABLE = TG_TABLE_NAME;"""


def campaign_triggers() -> list[pgtrigger.Trigger]:
    """Return what keeps a campaign from going back, also where somebody saves one that they read before it began."""
    condition = pgtrigger.Condition(BACK)
    return [
        pgtrigger.Trigger(
            name="campaign_never_back",
            when=pgtrigger.Before,
            operation=pgtrigger.UpdateOf("status"),  # type: ignore[no-untyped-call]  # pgtrigger is typed by half
            condition=condition,
            func=REFUSE,
        )
    ]


class Begun(models.Model):
    """A campaign that remembers what it was when it was read."""

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: Any, field_names: Any, values: Any, **options: Any) -> Self:
        """Remember what a campaign that began was."""
        campaign: Any = super().from_db(db, field_names, values, **options)
        if not campaign.get_deferred_fields() and campaign.status not in BEFORE:
            campaign._began_as = campaign.what_is_fixed()
        return cast("Self", campaign)

    def clean(self) -> None:
        """Refuse to make another campaign of one that began."""
        now = self.what_is_fixed()
        changed = [name for name, value in getattr(self, "_began_as", now).items() if now[name] != value]
        if changed:
            begun = ValidationError(_("The campaign has begun: this stays as it is."), code="begun")
            raise ValidationError(dict.fromkeys(changed, begun))

    def what_is_fixed(self) -> dict[str, Any]:
        """Return what stays as it is once the campaign has begun."""
        known: Any = self._meta
        return {name: getattr(self, known.get_field(name).attname) for name in FIXED}
