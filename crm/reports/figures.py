"""What reports have in common: by what their rows are grouped, and shares."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from crm.reports.reports import Column, Kind

GROUP: Final = Column("group", _("group"))
GROUP_ID: Final = Column("group_id", _("id of the group"), Kind.ID, may_be_null=True)


def percent(part: Any, whole: Any) -> Any:
    """Return a part of a whole in percent, to the hundredth, a half going away from zero; None of nothing."""
    return (Decimal(100) * part / whole).quantize(Decimal("0.01"), ROUND_HALF_UP) if whole else None
