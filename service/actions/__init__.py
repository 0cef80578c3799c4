"""Verbs on tickets."""

from service.actions.assigning import (
    IsTaken,
    MayNotServe,
    assign_automatically,
    assign_ticket,
    assign_waiting,
    take_ticket,
)
from service.actions.collisions import Overtaken, newer_replies, replies_of_others
from service.actions.desk import discard_draft, leave_ticket, note_presence, others_there, save_draft
from service.actions.files import MOST_FILES, FileNotThere
from service.actions.judging import NotDone, TooLate, judge_ticket
from service.actions.merging import NothingToSplit, NotTheirs, SameTicket, merge_tickets, split_ticket
from service.actions.refusals import IsClosed, IsMerged
from service.actions.states import NEXT, NoWayThere, change_status, close_resolved
from service.actions.threads import acknowledge, add_file_note, add_note, open_ticket, receive_message, reply_to_ticket
from service.actions.voting import NotPublished, rate_article

__all__ = [
    "MOST_FILES",
    "NEXT",
    "FileNotThere",
    "IsClosed",
    "IsMerged",
    "IsTaken",
    "MayNotServe",
    "NoWayThere",
    "NotDone",
    "NotPublished",
    "NotTheirs",
    "NothingToSplit",
    "Overtaken",
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
    "discard_draft",
    "judge_ticket",
    "leave_ticket",
    "merge_tickets",
    "newer_replies",
    "note_presence",
    "open_ticket",
    "others_there",
    "rate_article",
    "receive_message",
    "replies_of_others",
    "reply_to_ticket",
    "save_draft",
    "split_ticket",
    "take_ticket",
]
