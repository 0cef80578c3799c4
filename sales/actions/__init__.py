"""Verbs of sales: what can happen to leads and to opportunities."""

from sales.actions.leads import (
    AlreadyConverted,
    NotDisqualified,
    NotOpen,
    assign_lead,
    capture_lead,
    convert_lead,
    disqualify_lead,
    qualify_lead,
    reopen_lead,
    start_lead,
)
from sales.actions.opportunities import (
    AlreadyClosed,
    NoSuchStage,
    NotClosed,
    assign_opportunity,
    lose_opportunity,
    move_opportunity,
    reopen_opportunity,
    win_opportunity,
)
from sales.actions.refused import Refused

__all__ = [
    "AlreadyClosed",
    "AlreadyConverted",
    "NoSuchStage",
    "NotClosed",
    "NotDisqualified",
    "NotOpen",
    "Refused",
    "assign_lead",
    "assign_opportunity",
    "capture_lead",
    "convert_lead",
    "disqualify_lead",
    "lose_opportunity",
    "move_opportunity",
    "qualify_lead",
    "reopen_lead",
    "reopen_opportunity",
    "start_lead",
    "win_opportunity",
]
