"""Takes one e-mail from an MTA's pipe."""

from __future__ import annotations

import logging
import sys
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from crm.changes.context import acting
from service.mail.receiving import take

logger = logging.getLogger(__name__)
TRY_AGAIN: Final = 75  # EX_TEMPFAIL of sysexits.h: the MTA keeps the e-mail and hands it over again


class Command(BaseCommand):
    help = (
        "Take one e-mail from the standard input: it becomes a ticket or joins one. One that cannot is kept to be"
        " tried again, and is no failure. Where the database does not answer, the disk is full, or anything else goes"
        " wrong, the exit code is 75, upon which an MTA tries again later."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--recipient", default="", help="The address of the envelope, such as Postfix's ${recipient}."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        raw = sys.stdin.buffer.read(settings.MAIL_BYTES + 1)
        try:
            with acting(command="receive_mail"):
                taken = take(raw, recipient=options["recipient"])
        except Exception as error:  # any other exit code, and the MTA sends the e-mail back to the customer
            logger.exception("An e-mail could not be taken.")
            self.stderr.write(f"The e-mail could not be taken for now: {error}")
            sys.exit(TRY_AGAIN)
        self.stdout.write(
            " ".join(filter(None, [taken.state, taken.ticket.number if taken.ticket else "", taken.reason]))
        )
