"""What a run says: to people, a progress bar, differences and a table; to machines, one JSON object a line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson
from django.utils.translation import gettext as _

from crm.sync.runs import COUNTS

if TYPE_CHECKING:
    from django.core.management.base import OutputWrapper

    from crm.models import SyncRun
    from crm.sync.rows import Problem, Row, SourceRow, Unreadable
    from crm.sync.upsert import Outcome

BAR = 30


class Report:
    """A listener that prints; differences only in a preview."""

    def __init__(self, out: OutputWrapper, err: OutputWrapper, *, is_json: bool, is_preview: bool, system: str) -> None:
        self.out = out
        self.err = err
        self.is_json = is_json
        self.is_preview = is_preview
        self.system = system
        self.is_terminal = err.isatty() and not is_json
        self.started = time.monotonic()

    def progressed(self, run: SyncRun, expected: int | None) -> None:
        rate = run.read / max(time.monotonic() - self.started, 1e-9)
        if self.is_terminal:
            share = min(run.read / expected, 1) if expected else 0
            bar = ("#" * round(share * BAR)).ljust(BAR, ".")
            text = _("%(read)s rows, %(rate)s a second")
            self.err.write(f"\r[{bar}] {text % {'read': f'{run.read:,}', 'rate': f'{rate:,.0f}'}} ", str, ending="")
            self.err.flush()
        elif self.is_json and not self.is_preview:
            self._json(event="progress", expected=expected, **counts(run))

    def written(self, row: Row, outcome: Outcome) -> None:
        if not self.is_preview:
            return
        for target in outcome.targets:
            label = target.written._meta.label_lower
            action = "created" if target.is_new else outcome.status
            linked = {f"{name}_id": f"{self.system}:{draft.external_id}" for name, draft in target.draft.links.items()}
            changes = {name: [plain(old), linked.get(name, plain(new))] for name, (old, new) in target.changes.items()}
            if self.is_json:
                self._json(
                    event="change", place=row.source.place, record=label, system=self.system,
                    external_id=target.draft.external_id, action=action, changes=changes,
                )  # fmt: skip
                continue
            self._line(f"{label} {self.system}:{target.draft.external_id} {action}")
            for name, (old, new) in changes.items():
                self._line(f"  {name}: {orjson.dumps(old).decode()} -> {orjson.dumps(new).decode()}")

    def refused(self, row: SourceRow | Unreadable, reasons: dict[str, list[str]]) -> None:
        if self.is_json:
            self._json(event="refused", place=row.place, reasons=reasons)
            return
        text = "; ".join(f"{name}: {' '.join(messages)}" for name, messages in reasons.items())
        self._warn(_("Refused %(place)s: %(reasons)s") % {"place": row.place, "reasons": text})

    def deactivated(self, label: str, external_id: str) -> None:
        if not self.is_preview:
            return
        if self.is_json:
            self._json(
                event="change", record=label, system=self.system, external_id=external_id, action="deleted",
                changes={"is_active": [True, False]},
            )  # fmt: skip
            return
        self._line(f"{label} {self.system}:{external_id} deleted")
        self._line("  is_active: true -> false")

    def remarked(self, problem: Problem) -> None:
        if self.is_json:
            self._json(event="problem" if problem.is_failure else "notice", text=problem.text)
        else:
            self._warn(problem.text)

    def summary(self, run: SyncRun, whole: dict[str, int]) -> None:
        """Print what the run did, with what it went on with, by `whole` counts."""
        rate = round(run.read / max(time.monotonic() - self.started, 1e-9))
        if self.is_json:
            self._json(
                event="summary", run=None if self.is_preview else str(run.pk), source=run.source, resource=run.resource,
                status=run.status, is_preview=self.is_preview, **whole, rows_per_second=rate,
            )  # fmt: skip
            return
        self._clear()
        heads = [
            _("resource"),
            _("read"),
            _("created"),
            _("updated"),
            _("unchanged"),
            _("deleted"),
            _("refused"),
            _("rows/s"),
        ]
        values = [run.resource, *(f"{value:,}" for value in whole.values()), f"{rate:,}"]
        self.out.write(table([heads, values]))
        if self.is_preview:
            self.out.write(_("This was a dry run: nothing was written."))

    def _json(self, **event: Any) -> None:
        self.out.write(orjson.dumps(event, default=str).decode())

    def _line(self, text: str) -> None:
        self._clear()
        self.out.write(text)

    def _warn(self, text: str) -> None:
        self._clear()
        self.err.write(text)

    def _clear(self) -> None:
        if self.is_terminal:
            self.err.write("\r\x1b[K", str, ending="")


def counts(run: SyncRun) -> dict[str, int]:
    """Return the counts of a run by name."""
    return {name: getattr(run, name) for name in COUNTS}


def plain(value: Any) -> Any:
    """Return the value as JSON has it."""
    return value if value is None or isinstance(value, bool | int | float | str | dict | list) else str(value)


def table(rows: list[list[str]]) -> str:
    """Return rows as columns of equal width: the first to the left, figures to the right."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = []
    for first, *rest in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
