"""Leave to change what the database otherwise keeps as it is, such as the history of consent."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from django.db import connection, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator

SET: Final = "SELECT set_config('crm.erasing', %s, true)"


@contextmanager
def erasing() -> Iterator[None]:
    """Run the block in a transaction in which facts about people may change, as when they are erased or merged."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SET, ["on"])
        yield
        cursor.execute(SET, ["off"])
