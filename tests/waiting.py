"""Waiting for what happens elsewhere."""

from __future__ import annotations

import time
from typing import Any


def wait_until(done: Any, seconds: float = 300) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "It takes too long."
        time.sleep(0.01)
