"""`manage.py erp_status`: how the synchronisation with each ERP stands."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import orjson
from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.sync.report import counts, table
from crm.sync.status import Standing, standings

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from crm.models import SyncRun

LAST_RUNS = 5
REFUSED_SHOWN = 20


class Command(BaseCommand):
    help = "Show the last runs, the checkpoint, the lag and the refused rows of every source, or of one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "source", nargs="?", default="", metavar="SOURCE", help=_("Name of a mapping, or a connector.")
        )
        parser.add_argument("--json", action="store_true", help=_("Print one JSON object a line."))

    def handle(self, **options: Any) -> None:
        found = standings(options["source"])
        if not found and not options["json"]:
            self.stdout.write(_("Nothing has been pulled yet."))
        for standing in found:
            if options["json"]:
                self.stdout.write(orjson.dumps(as_json(standing)).decode())
            else:
                self._print(standing)

    def _print(self, standing: Standing) -> None:
        self.stdout.write(f"{standing.source} {standing.resource}")
        busy = _("running now") if standing.is_running else _("idle")
        lag = _("never completed") if standing.lag is None else _("completed %s ago") % readable(standing.lag)
        self.stdout.write(f"  {busy}, {lag}")
        position = ", ".join(f"{name}={str(value)[:40]}" for name, value in standing.checkpoint.items()) or "-"
        self.stdout.write("  " + _("checkpoint: %s") % position)
        runs = standing.runs[:LAST_RUNS]
        rows = [[_("run"), _("status"), *(_(name) for name in counts(runs[0]))]] if runs else []
        rows += [[f"{run.started_at:%Y-%m-%d %H:%M:%S}", run.status, *map(str, counts(run).values())] for run in runs]
        self.stdout.write("\n".join(f"  {line}" for line in (table(rows).splitlines() if rows else [])))
        for run in runs[:1]:
            if run.error:
                self.stdout.write("  " + _("error: %s") % run.error)
        self.stdout.write("  " + _("refused rows kept: %d") % standing.refused)
        for refusal in standing.refusals[:REFUSED_SHOWN]:
            reasons = "; ".join(f"{name}: {' '.join(map(str, texts))}" for name, texts in refusal.reasons.items())
            self.stdout.write(f"    {refusal.position} {refusal.identity}: {reasons}")


def as_json(standing: Standing) -> dict[str, Any]:
    """Return the standing as `--json` prints it; times in ISO 8601, the lag in seconds."""
    return {
        "source": standing.source,
        "resource": standing.resource,
        "is_running": standing.is_running,
        "lag_seconds": standing.lag,
        "checkpoint": standing.checkpoint,
        "refused": standing.refused,
        "runs": [run_as_json(run) for run in standing.runs[:LAST_RUNS]],
        "refusals": [
            {"place": one.position, "key": one.identity, "reasons": one.reasons}
            for one in standing.refusals[:REFUSED_SHOWN]
        ],
    }


def run_as_json(run: SyncRun) -> dict[str, Any]:
    """Return a run as `--json` prints it."""
    finished = run.finished_at.isoformat() if run.finished_at else None
    return {
        "id": str(run.pk),
        "status": run.status,
        "started_at": run.started_at.isoformat(),
        "finished_at": finished,
        "error": run.error,
        **counts(run),
    }


def readable(seconds: float) -> str:
    """Return a length of time in words."""
    from django.utils.timesince import timesince

    now = timezone.now()
    return timesince(now - datetime.timedelta(seconds=seconds), now)
