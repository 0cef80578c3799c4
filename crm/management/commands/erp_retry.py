"""`manage.py erp_retry`: try the refused rows of an ERP again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from crm.sync.commands import add_source, run_all
from crm.sync.engine import Options

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    help = "Try the rows again that were refused, as they were kept, by the mapping as it is now."

    def add_arguments(self, parser: CommandParser) -> None:
        add_source(parser)

    def handle(self, **options: Any) -> None:
        run_all(self, options, Options(batch_size=options["batch"]), is_retry=True)
