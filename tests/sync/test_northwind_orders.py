"""Real products and orders: 77 and 830, with 2,155 lines, as a company's ERP wrote them down."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db.models import Sum

from crm.models import Change, ExternalReference
from sales.models import Order, OrderLine, Product

if TYPE_CHECKING:
    from tests.sync.conftest import Erp

pytestmark = pytest.mark.django_db


@pytest.fixture
def pulled(northwind: Erp) -> Erp:
    assert northwind.pull() == 0
    return northwind


def sums_of(erp: Erp) -> dict[str, Decimal]:
    """Return what each order comes to, computed from the file alone."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    with (erp.folder / "orders.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found[row["OrderID"]] += (
                Decimal(row["UnitPrice"]) * Decimal(row["Quantity"]) * (1 - Decimal(row["Discount"]))
            )
    return dict(found)


def test_every_product_order_and_line_is_here(pulled: Erp) -> None:
    assert (Product.objects.count(), Order.objects.count(), OrderLine.objects.count()) == (77, 830, 2155)
    assert Product.objects.filter(is_active=False).count() == 10


def test_every_order_comes_to_what_the_file_says(pulled: Erp) -> None:
    assert dict(Order.objects.values_list("number", "total")) == sums_of(pulled)
    assert Order.objects.aggregate(sum=Sum("total"))["sum"] == Decimal("1265793.0395")
    assert OrderLine.objects.aggregate(sum=Sum("total"))["sum"] == Decimal("1265793.0395")


def test_orders_are_those_of_the_customers_that_were_pulled(pulled: Erp) -> None:
    with (pulled.folder / "orders.csv").open(encoding="utf-8") as file:
        said = {(row["OrderID"], row["CustomerID"]) for row in csv.DictReader(file)}
    names = dict(ExternalReference.objects.filter(system="northwind").values_list("object_id", "external_id"))
    assert {(number, names[pk]) for number, pk in Order.objects.values_list("number", "customer")} == said


def test_an_order_has_what_its_rows_say(pulled: Erp) -> None:
    order = Order.objects.get(number="10248")
    assert (str(order.ordered_on), str(order.shipped_on)) == ("1996-07-04", "1996-07-16")
    assert (order.currency, order.freight, order.total) == ("USD", Decimal("32.38"), Decimal(440))
    assert (order.ship_to_name, order.ship_to_city, order.ship_to_country) == (
        "Vins et alcools Chevalier",
        "Reims",
        "FR",
    )
    lines = order.lines.order_by("-total").values_list("product__name", "quantity", "unit_price", "total")
    assert lines[0] == ("Mozzarella di Giovanni", Decimal(5), Decimal("34.80"), Decimal(174))


def test_an_order_that_has_not_left_has_no_day_of_shipping(pulled: Erp) -> None:
    assert Order.objects.filter(shipped_on=None).count() == 21


def test_a_second_run_finds_everything_unchanged(pulled: Erp) -> None:
    last = Change.objects.order_by("sequence").last()
    assert pulled.counts("--resource", "orders") == {"read": 2155, "unchanged": 2155}
    assert pulled.counts("--resource", "products") == {"read": 77, "unchanged": 77}
    assert Change.objects.order_by("sequence").last() == last


def test_an_order_is_written_once_though_it_has_many_rows(pulled: Erp) -> None:
    order = Order.objects.get(number="10248")
    assert list(Change.objects.filter(record=order.pk).values_list("action", flat=True)) == ["created"]


def test_a_line_that_changes_changes_the_total_of_its_order(pulled: Erp) -> None:
    text = (pulled.folder / "orders.csv").read_text(encoding="utf-8").replace("10248,11,14,12,0", "10248,11,14,13,0")
    pulled.drop(text, "orders.csv")
    assert pulled.counts("--resource", "orders", "--full") == {"read": 2155, "updated": 1, "unchanged": 2154}
    assert Order.objects.get(number="10248").total == Decimal(454)


def test_batches_that_part_an_order_come_to_the_same(northwind: Erp) -> None:
    northwind.pull("--batch", "7")
    assert dict(Order.objects.values_list("number", "total")) == sums_of(northwind)


def test_an_order_of_a_customer_that_is_not_here_waits_and_comes_later(northwind: Erp) -> None:
    northwind.pull("--resource", "products")
    assert northwind.pull("--resource", "orders") == 3
    assert not Order.objects.exists()
    northwind.pull("--resource", "customers")
    assert northwind.run("erp_retry") == 0
    assert Order.objects.count() == 830


@pytest.mark.parametrize("batch", ["1000", "7", "1"])
def test_a_dry_run_takes_every_row_that_a_run_takes(northwind: Erp, batch: str) -> None:
    if batch == "1":
        shorten(northwind, 40)
    rows = sum(1 for _ in csv.DictReader((northwind.folder / "orders.csv").open(encoding="utf-8")))
    assert northwind.pull("--dry-run", "--batch", batch, "--json") == 0, northwind.err
    assert (northwind.events[-1]["read"], northwind.events[-1]["created"]) == (rows, rows)
    assert not ExternalReference.objects.filter(system="northwind").exists()
    assert northwind.pull("--batch", batch, "--json") == 0
    assert (northwind.events[-1]["read"], northwind.events[-1]["created"]) == (rows, rows)


def shorten(erp: Erp, rows: int) -> None:
    """Keep so many lines of orders."""
    lines = (erp.folder / "orders.csv").read_text("utf-8").splitlines(keepends=True)
    (erp.folder / "orders.csv").write_text("".join(lines[: rows + 1]), "utf-8")
    os.utime(erp.folder / "orders.csv", (1_000_000_000, 1_000_000_000))


def test_a_dry_run_knows_whom_its_rows_of_a_later_batch_belong_to(northwind: Erp) -> None:
    head, *lines = (northwind.folder / "customers.csv").read_text("utf-8").splitlines(keepends=True)
    changed = lines[0].replace("Maria Anders", "Marie Anders")
    path = northwind.folder / "customers.csv"
    path.write_text(f"{head}{lines[0]}{lines[1]}{changed}", "utf-8")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    counts = northwind.counts("--dry-run", "--batch", "1", "--resource", "customers")
    assert counts == {"read": 3, "created": 2, "updated": 1}
