"""Tests of what is always so: tried with many inputs, each in a transaction that leaves nothing."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from django.db import transaction
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable


def always(test: Callable[..., None]) -> Callable[..., None]:
    """Try a test with many inputs, each in a transaction that leaves nothing."""

    @functools.wraps(test)
    def alone(*args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            test(*args, **kwargs)
            transaction.set_rollback(True)

    quiet = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=12, deadline=None, suppress_health_check=quiet)(alone)
