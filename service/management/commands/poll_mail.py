"""Fetches e-mail from IMAP once."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from imapclient.exceptions import IMAPClientError

from crm.changes.context import acting
from crm.restored.holding import SendingHeld, refuse_while_held
from service.mail.polling import poll


class Command(BaseCommand):
    help = "Take the e-mail that waits in IMAP_URL; the worker does so each minute by itself."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IMAP_URL:
            raise CommandError("IMAP_URL is not set.")
        try:
            refuse_while_held()
            with acting(command="poll_mail"):
                states = Counter(one.state for one in poll(settings.IMAP_URL))
        except SendingHeld as error:
            raise CommandError("This database was restored: `manage.py restored` says what to do.") from error
        except (OSError, ValueError, IMAPClientError) as error:
            raise CommandError(f"The mailbox cannot be read: {error}") from error
        self.stdout.write(", ".join(f"{number} {state}" for state, number in sorted(states.items())) or "nothing waits")
