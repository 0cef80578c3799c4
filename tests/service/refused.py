"""What is refused, and changes nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from service.models import Agent, Ticket, TicketMessage

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS: list[Any] = [Ticket, TicketMessage, Agent]


def state() -> list[Any]:
    return [list(kind.objects.order_by("pk").values()) for kind in KINDS]


@contextmanager
def refuses(error: type[Exception]) -> Iterator[None]:
    """Pass where the block raises the error and leaves tickets, messages and agents as they were."""
    before = state()
    with pytest.raises(error), transaction.atomic():
        yield
    assert state() == before
