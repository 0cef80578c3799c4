"""Takes a message that came back, or an answer, as a mail server pipes it in."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from crm.changes.context import acting
from marketing import actions
from marketing.mail import bounces, replies
from marketing.models import CampaignMember


class Command(BaseCommand):
    help = "Read an e-mail from standard input, and note whose message of a campaign came back or was answered."

    def handle(self, *args: Any, **options: Any) -> None:
        content = sys.stdin.buffer.read()
        found = bounces.read(content)
        if found is None:
            self.answered(content)
            return
        with acting(command="receive_bounce"):
            actions.note_bounce(member=found.member, is_permanent=found.is_permanent, detail=found.detail)
        self.stdout.write(f"Noted: member {found.member}, {'for good' if found.is_permanent else 'for now'}.")

    def answered(self, content: bytes) -> None:
        """Note whose message was answered, if one was."""
        member = replies.read(content)
        if member is None:
            self.stdout.write("This is neither a message of a campaign that came back nor an answer to one.")
            return
        with acting(command="receive_bounce"):
            actions.note_outcome(member=member, state=CampaignMember.State.REPLIED)
        self.stdout.write(f"Noted: member {member} answered.")
