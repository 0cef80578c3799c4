"""The pipeline and the loss reasons that every installation begins with."""

from __future__ import annotations

from typing import Any, Final

PIPELINE: Final = "Sales"
STAGES: Final[list[dict[str, Any]]] = [
    {"name": "Qualification", "order": 10, "probability": 10, "stale_after_days": 14},
    {"name": "Needs analysis", "order": 20, "probability": 25, "stale_after_days": 21},
    {"name": "Proposal", "order": 30, "probability": 50, "stale_after_days": 21},
    {"name": "Negotiation", "order": 40, "probability": 75, "stale_after_days": 14},
    {"name": "Won", "order": 50, "kind": "won", "probability": 100},
    {"name": "Lost", "order": 60, "kind": "lost", "probability": 0},
]
LOSS_REASONS: Final = ["Price", "Competitor", "No budget", "No decision", "Missing feature", "Timing"]


def add_standard(pipelines: Any, stages: Any, reasons: Any) -> None:
    """Add them through these managers, where there is no pipeline yet."""
    if pipelines.exists():
        return
    pipeline = pipelines.create(name=PIPELINE, is_default=True)
    for values in STAGES:
        stages.create(pipeline=pipeline, **values)
    for name in LOSS_REASONS:
        reasons.get_or_create(name=name)
