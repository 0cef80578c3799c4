"""Databases that are no longer what they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crm.models import DatabaseIdentity
from crm.restored.identity import Marks, marks_now
from tests.changes.conftest import follow, reader
from tests.worker import no_jobs

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["follow", "no_jobs", "reader"]
NAMES = ("system", "database", "table", "timeline", "port")


@pytest.fixture
def was_other(transactional_db: None) -> Callable[..., None]:
    """Let the database say that it was another one before, as a copy does."""

    def make(**fields: Any) -> None:
        live = marks_now().split(":")
        marks = [fields.pop(name, value) for name, value in zip(NAMES, live, strict=True)]
        assert len(Marks(*marks).origin) == 3
        DatabaseIdentity.objects.update(marks=":".join(marks), **fields)

    return make
