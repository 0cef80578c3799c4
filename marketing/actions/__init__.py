"""Verbs of marketing."""

from marketing.actions.segments import (
    MOST_MEMBERS,
    NotFrozen,
    Refused,
    UnreadableNow,
    change_members,
    freeze_segment,
    thaw_segment,
)

__all__ = [
    "MOST_MEMBERS",
    "NotFrozen",
    "Refused",
    "UnreadableNow",
    "change_members",
    "freeze_segment",
    "thaw_segment",
]
