"""What marketing holds about customers, where it is not emptied as of itself."""

from __future__ import annotations

from crm.privacy import holdings
from crm.privacy.holdings import Holding
from marketing.models import Segment, SegmentMember


def register() -> None:
    """Tell the registry."""
    holdings.register(Holding(SegmentMember, is_deleted=True))
    holdings.nobody([Segment], "Whom the company turns to.")
