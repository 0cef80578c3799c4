"""Runs background work until it is told to stop, then finishes what it is doing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.beats import keep_beating
from crm.restored.holding import may_send
from crm.working import work


class Command(BaseCommand):
    help = "Run background work until a signal to stop (SIGTERM or Ctrl-C); a job may then go on for half a minute."

    def handle(self, *args: Any, **options: Any) -> None:
        stopped = keep_beating(may=may_send)
        was_told = work()
        stopped.set()
        if not was_told:
            raise CommandError("The worker has ended by itself; what went wrong stands above.")
