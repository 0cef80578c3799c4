"""Whom the company turns to."""

from marketing.models.segments import Segment, SegmentMember

__all__ = ["Segment", "SegmentMember"]
