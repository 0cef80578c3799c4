"""Verbs of marketing: what can happen to segments, campaigns, their members, and addresses."""

from crm.refused import Refused
from marketing.actions.campaigns import (
    NotReady,
    WrongStatus,
    WrongTime,
    cancel_campaign,
    finish_campaign,
    pause_campaign,
    resume_campaign,
    schedule_campaign,
    start_campaign,
    unschedule_campaign,
)
from marketing.actions.claiming import (
    Claim,
    claim_member,
    note_interrupted,
    note_postponed,
    note_refused,
    note_sender_refused,
    note_sent,
    note_unconfirmed,
    note_unknown_address,
    note_unsent,
)
from marketing.actions.comparing import choose_winner
from marketing.actions.ending import end_sent_campaign
from marketing.actions.members import resolve_members
from marketing.actions.outcomes import (
    note_bounce,
    note_click,
    note_complaint,
    note_outcome,
    note_unsubscribed,
    recipient_of,
    unsubscribe,
)
from marketing.actions.segments import (
    MOST_MEMBERS,
    NotFrozen,
    UnreadableNow,
    change_members,
    freeze_segment,
    thaw_segment,
)
from marketing.actions.suppressions import suppress_address, suppress_address_of

__all__ = [
    "MOST_MEMBERS",
    "Claim",
    "NotFrozen",
    "NotReady",
    "Refused",
    "UnreadableNow",
    "WrongStatus",
    "WrongTime",
    "cancel_campaign",
    "change_members",
    "choose_winner",
    "claim_member",
    "end_sent_campaign",
    "finish_campaign",
    "freeze_segment",
    "note_bounce",
    "note_click",
    "note_complaint",
    "note_interrupted",
    "note_outcome",
    "note_postponed",
    "note_refused",
    "note_sender_refused",
    "note_sent",
    "note_unconfirmed",
    "note_unknown_address",
    "note_unsent",
    "note_unsubscribed",
    "pause_campaign",
    "recipient_of",
    "resolve_members",
    "resume_campaign",
    "schedule_campaign",
    "start_campaign",
    "suppress_address",
    "suppress_address_of",
    "thaw_segment",
    "unschedule_campaign",
    "unsubscribe",
]
