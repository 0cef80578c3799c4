"""Stages and reasons by their names."""

from __future__ import annotations

from sales.models import LossReason, Stage


def stage(name: str) -> Stage:
    """Return a stage of the standard pipeline."""
    return Stage.objects.get(name=name, pipeline__is_default=True)


def reason(name: str = "Price") -> LossReason:
    """Return a reason."""
    return LossReason.objects.get(name=name)
