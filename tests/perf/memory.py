"""How much memory it takes to pass a whole table on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import psutil  # type: ignore[import-untyped]  # has none

from crm.api.export import table
from crm.api.representation import shape_of
from customers.api import CustomerSerializer
from customers.models import Customer
from tests.perf.measure import Row

if TYPE_CHECKING:
    from crm.models import User

MOST: Final = 30
MEBIBYTE: Final = 2**20


def of_export(reader: User) -> Row:
    """Return the line for the memory that an export takes beyond what the process has."""
    process = psutil.Process()
    before = most = process.memory_info().rss
    shape = shape_of(CustomerSerializer, None, frozenset())
    for _block in table(Customer.objects.order_by("id"), shape, reader):
        most = max(most, process.memory_info().rss)
    grown = (most - before) / MEBIBYTE
    return Row("memory of an export of 200,000 rows", "before it", f"{grown:.1f} MiB", f"≤ {MOST} MiB", grown <= MOST)
