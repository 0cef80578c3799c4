"""Verbs on tickets."""

from service.actions.assigning import (
    IsTaken,
    MayNotServe,
    assign_automatically,
    assign_ticket,
    assign_waiting,
    take_ticket,
)
from service.actions.judging import NotDone, TooLate, judge_ticket
from service.actions.merging import NothingToSplit, NotTheirs, SameTicket, merge_tickets, split_ticket
from service.actions.refusals import IsClosed, IsMerged
from service.actions.states import NEXT, NoWayThere, change_status, close_resolved
from service.actions.threads import acknowledge, add_file_note, add_note, open_ticket, receive_message, reply_to_ticket
from service.actions.voting import NotPublished, rate_article

__all__ = [
    "NEXT",
    "IsClosed",
    "IsMerged",
    "IsTaken",
    "MayNotServe",
    "NoWayThere",
    "NotDone",
    "NotPublished",
    "NotTheirs",
    "NothingToSplit",
    "SameTicket",
    "TooLate",
    "acknowledge",
    "add_file_note",
    "add_note",
    "assign_automatically",
    "assign_ticket",
    "assign_waiting",
    "change_status",
    "close_resolved",
    "judge_ticket",
    "merge_tickets",
    "open_ticket",
    "rate_article",
    "receive_message",
    "reply_to_ticket",
    "split_ticket",
    "take_ticket",
]
