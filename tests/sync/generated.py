"""Rows of an imaginary ERP, in the columns of the Northwind mapping; the same for the same numbers."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADER = (
    "CustomerID", "CompanyName", "ContactName", "ContactTitle", "Address", "City", "Region", "PostalCode", "Country",
    "Phone", "Fax",
)  # fmt: skip
COUNTRIES = (
    ("Germany", "030 9018{:05}"),
    ("UK", "020 7946 {:04}"),
    ("USA", "(503) 555-{:04}"),
    ("Sweden", "08 500 {:05}"),
)


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """Yield `count` rows."""
    for number in range(count):
        country, phone = COUNTRIES[number % len(COUNTRIES)]
        phone = phone.format(number % 10_000)
        yield (
            f"C{number:07}", f"Company {number} & Söhne", f"Anna {number} Müller", "Owner", f"Straße {number}", "Köln",
            "", f"{number % 100_000:05}", country, phone, phone,
        )  # fmt: skip


def write(path: Path, count: int) -> None:
    """Write `count` rows as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(rows(count))
