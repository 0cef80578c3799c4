"""Adds demonstration data, or removes it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm import demonstration


class Command(BaseCommand):
    help = "Add customers, colleagues and an application for demonstration, or remove exactly these."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--remove", action="store_true", help="remove all demonstration data")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["remove"]:
            self.remove()
            return
        if not settings.DEBUG:
            raise CommandError("Demonstration accounts have passwords that everyone knows; they need DEBUG.")
        if demonstration.exists():
            raise CommandError("The demonstration data is there already.")
        for name, number in demonstration.make().items():
            self.stdout.write(f"{number:6} {name}")

    def remove(self) -> None:
        gone, stay = demonstration.remove()
        self.stdout.write(f"{gone} records removed.")
        for row in stay:
            self.stdout.write(f"{row._meta.verbose_name} {row} stays: other data refers to it.")
