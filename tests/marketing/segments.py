"""Segments for tests of campaigns."""

from __future__ import annotations

from marketing.models import Segment
from tests.samples import make


def everyone() -> Segment:
    """Make a segment of all customers."""
    return make(Segment)  # type: ignore[no-any-return]
