"""Takes a message that came back, as a mail server pipes it in."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from crm.changes.context import acting
from marketing import actions
from marketing.mail import bounces


class Command(BaseCommand):
    help = "Read from standard input a message that came to the bounce address, and note whose message came back."

    def handle(self, *args: Any, **options: Any) -> None:
        found = bounces.read(sys.stdin.buffer.read())
        if found is None:
            self.stdout.write("This is not a message of a campaign that came back.")
            return
        with acting(command="receive_bounce"):
            actions.note_bounce(member=found.member, is_permanent=found.is_permanent, detail=found.detail)
        self.stdout.write(f"Noted: member {found.member}, {'for good' if found.is_permanent else 'for now'}.")
