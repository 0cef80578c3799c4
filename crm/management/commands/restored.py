"""`manage.py restored`: what an operator decides after a database was restored, copied or failed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.restored import holding, waiting
from crm.restored.identity import recognise

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    help = "Show whether a restored copy holds back what it would send, and decide what becomes of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--stop-sending",
            action="store_true",
            help=_("Say that this is a restored copy that was not recognised: nothing is sent, old positions end."),
        )
        parser.add_argument(
            "--discard-waiting",
            action="store_true",
            help=_("Discard what waits to be sent, because the original has sent it; campaigns are paused."),
        )
        parser.add_argument("--resume-sending", action="store_true", help=_("Send again, also what waits."))
        parser.add_argument(
            "--nothing-lost",
            action="store_true",
            help=_("Say that no change was lost: readers of the change feed go on from their old positions."),
        )

    def handle(self, **options: Any) -> None:
        if options["stop_sending"] and (options["resume_sending"] or options["nothing_lost"]):
            raise CommandError("--stop-sending goes with neither --resume-sending nor --nothing-lost.")
        try:
            with transaction.atomic():
                self.decide(options)
        except holding.NothingHeld as error:
            raise CommandError("Nothing is held back: this database sends.") from error
        self.show()

    def decide(self, options: dict[str, Any]) -> None:
        """Do what the operator said, all of it or nothing."""
        if options["stop_sending"]:
            holding.declare_restored()
        if options["nothing_lost"]:
            holding.accept_former_positions()
        if options["discard_waiting"]:
            for name, count in waiting.discard_all().items():
                self.stdout.write(_("discarded: %(count)d %(name)s") % {"count": count, "name": name})
        if options["resume_sending"]:
            holding.resume_sending()

    def show(self) -> None:
        """Print how it stands."""
        known = recognise()
        if known.held_since is None:
            self.stdout.write(_("This database sends."))
        else:
            said = {"reason": known.get_held_reason_display(), "since": f"{known.held_since:%Y-%m-%d %H:%M} UTC"}
            self.stdout.write(_("Nothing is sent since %(since)s: this database was %(reason)s.") % said)
            self.stdout.write(_("Decide by --resume-sending, perhaps with --discard-waiting."))
        for name, count in waiting.counts().items():
            self.stdout.write(_("waiting: %(count)d %(name)s") % {"count": count, "name": name})
        if not known.accepts_former:
            self.stdout.write(_("Readers of the change feed begin anew, unless --nothing-lost says otherwise."))
