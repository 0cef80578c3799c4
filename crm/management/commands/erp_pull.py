"""`manage.py erp_pull`: bring records up to what an ERP says."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from crm.sync.commands import add_source, mapping_of, run_all, usage
from crm.sync.engine import Options

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    help = (
        "Read what an ERP has, and bring the records here up to it. "
        "Exit codes: 0 done, 1 failed, 2 usage, 3 done with refused rows, 75 already running."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_source(parser)
        parser.add_argument("--since", default="", metavar="TIME", help=_("Leave out rows that changed before."))
        parser.add_argument("--full", action="store_true", help=_("Read everything, not from the checkpoint."))
        parser.add_argument("--dry-run", action="store_true", help=_("Print the differences and write nothing."))
        parser.add_argument("--folder", default="", help=_("Folder of files, in place of the mapping's."))

    def handle(self, **options: Any) -> None:
        if options["full"] and options["since"]:
            raise usage(_("--full and --since exclude each other."))
        since = moment(options["since"]) if options["since"] else None
        lacking = [one.name for one in mapping_of(options)[1] if since and not one.changed_at]
        if lacking:
            text = _("--since needs changed_at in the mapping, the column that says when a row changed: %s.")
            raise usage(text % ", ".join(lacking))
        how = Options(
            is_full=options["full"],
            is_preview=options["dry_run"],
            since=since,
            batch_size=options["batch"],
            source={"folder": options["folder"]} if options["folder"] else {},
        )
        run_all(self, options, how)


def moment(text: str) -> datetime.datetime:
    """Return the time or the beginning of the day that `text` says in ISO 8601."""
    try:
        day = parse_date(text)
        found = datetime.datetime.combine(day, datetime.time()) if day else parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise usage(_("%s is not a time such as 2026-01-31 or 2026-01-31T12:00Z.") % text)
    return timezone.make_aware(found) if timezone.is_naive(found) else found
