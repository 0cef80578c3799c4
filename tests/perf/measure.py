"""Interleaved rounds and medians."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROUNDS = 9
SECONDS = 0.25


@dataclass(frozen=True)
class Row:
    """A line of the table: what was measured, the limit, the figure and the goal."""

    work: str
    limit: str
    figure: str
    goal: str
    is_reached: bool


def once(call: Callable[[], object], times: int) -> float:
    """Return the seconds that one call takes, over `times` calls."""
    start = time.perf_counter()
    for _number in range(times):
        call()
    return (time.perf_counter() - start) / times


def medians(calls: Mapping[str, Callable[[], object]], all_rounds: int = ROUNDS, least: int = 3) -> dict[str, float]:
    """Return the median seconds of each call; the rounds take turns, so that what else runs hits all alike."""
    times = {name: max(least, int(SECONDS / max(once(call, least), 1e-6) / 4)) for name, call in calls.items()}
    rounds: dict[str, list[float]] = {name: [] for name in calls}
    for _round in range(all_rounds):
        for name, call in calls.items():
            rounds[name].append(once(call, times[name]))
    return {name: statistics.median(values) for name, values in rounds.items()}


def share(work: str, limit: float, ours: float, goal: float, against: str) -> Row:
    """Return the line for a share of the limit's speed that is to be at least `goal`."""
    figure = limit / ours
    return Row(work, f"{against}: {limit * 1000:.2f} ms", f"{figure:.0%}", f"≥ {goal:.0%}", figure >= goal)


def factor(work: str, limit: float, ours: float, goal: float, against: str) -> Row:
    """Return the line for a multiple of the limit's time that is to be at most `goal`."""
    figure = ours / limit
    return Row(work, f"{against}: {limit * 1000:.2f} ms", f"{figure:.2f} ×", f"≤ {goal:.2f} ×", figure <= goal)
