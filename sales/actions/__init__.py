"""Verbs of sales: what can happen to leads and to opportunities."""

from crm.refused import Refused
from sales.actions.assignment import NoRuleFits, tell_managers
from sales.actions.capture import capture_answer, forget_receipts
from sales.actions.leads import (
    AlreadyConverted,
    NotDisqualified,
    NotOpen,
    assign_by_rules,
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
from sales.actions.scoring import rescore_all, rescore_recent, rules_changed

__all__ = [
    "AlreadyClosed",
    "AlreadyConverted",
    "NoRuleFits",
    "NoSuchStage",
    "NotClosed",
    "NotDisqualified",
    "NotOpen",
    "Refused",
    "assign_by_rules",
    "assign_lead",
    "assign_opportunity",
    "capture_answer",
    "capture_lead",
    "convert_lead",
    "disqualify_lead",
    "forget_receipts",
    "lose_opportunity",
    "move_opportunity",
    "qualify_lead",
    "reopen_lead",
    "reopen_opportunity",
    "rescore_all",
    "rescore_recent",
    "rules_changed",
    "start_lead",
    "tell_managers",
    "win_opportunity",
]
