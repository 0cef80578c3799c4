"""How the synchronisation with each ERP stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from crm.models import SyncCheckpoint, SyncRefusal, SyncRun
from crm.sync.mapping import MappingRefused, find
from crm.sync.runs import is_running

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

COMPLETED = (SyncRun.Status.DONE, SyncRun.Status.REFUSED)


@dataclass(frozen=True, slots=True)
class Standing:
    """One resource of one source; `lag` is the time since a run last completed, in seconds."""

    source: str
    resource: str
    is_running: bool
    lag: float | None
    checkpoint: dict[str, Any]
    runs: Sequence[SyncRun]
    refused: int
    refusals: QuerySet[SyncRefusal]


def standings(source: str = "") -> list[Standing]:
    """Return how every resource that was ever pulled stands, or those of one mapping or connector."""
    pulled = SyncRun.objects.order_by("source", "resource").values_list("source", "resource").distinct()
    if source:
        pulled = pulled.filter(source__in=[source, name_of(source)])
    return [standing(name, resource) for name, resource in pulled]


def name_of(source: str) -> str:
    """Return the name of the mapping that `source` means, or `source` itself."""
    try:
        return find(source).name
    except MappingRefused:
        return source


def standing(source: str, resource: str) -> Standing:
    """Return how one resource of a source stands."""
    scope = {"source": source, "resource": resource}
    runs = SyncRun.objects.filter(**scope).order_by("-started_at", "-pk")
    completed = runs.filter(status__in=COMPLETED).values_list("finished_at", flat=True).first()
    checkpoint = SyncCheckpoint.objects.filter(**scope).first()
    refusals = SyncRefusal.objects.filter(**scope).order_by("refused_at", "pk")
    return Standing(
        source=source,
        resource=resource,
        is_running=is_running(source),
        lag=(timezone.now() - completed).total_seconds() if completed else None,
        checkpoint=checkpoint.position if checkpoint else {},
        runs=list(runs[:20]),
        refused=refusals.count(),
        refusals=refusals,
    )
