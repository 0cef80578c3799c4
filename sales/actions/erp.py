"""Products and orders, brought up to what an ERP says."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Unpack, cast

from django.db.models import OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from crm.sync.receiving import Rows, bring_up
from crm.sync.registry import Part
from sales.models import Order, OrderLine, Product

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm.sync.upsert import Outcome, Upsert

ERP_PRODUCTS: Final[Mapping[str, Part]] = {"product": Part(Product)}
ERP_ORDERS: Final[Mapping[str, Part]] = {
    "order": Part(Order),
    "line": Part(OrderLine, links={"order": ("order",)}),
}
NOTHING: Final = Decimal(0)


def upsert_products(**given: Unpack[Rows]) -> list[Outcome]:
    """Bring products up to what an ERP says, and say what became of each row."""
    return bring_up(ERP_PRODUCTS, given)


def upsert_orders(**given: Unpack[Rows]) -> list[Outcome]:
    """Bring orders and their lines up to what an ERP says, and say what became of each row.

    Where the ERP says no total, an order comes to the sum of its lines.
    """
    return bring_up(ERP_ORDERS, given, _begin_totals, _add_up)


def _lacks_totals(upsert: Upsert) -> bool:
    """Tell whether the rows leave it to us to add up."""
    drafts = [row.drafts["order"] for row in upsert.rows if "order" in row.drafts]
    return bool(drafts) and not any("total" in draft.values or "total" in draft.ours for draft in drafts)


def _begin_totals(upsert: Upsert) -> None:
    """Give new orders the sum of the lines that come with them."""
    if not _lacks_totals(upsert):
        return
    sums: dict[Any, Decimal] = defaultdict(lambda: NOTHING)
    for target in upsert.of_part("line"):
        line = cast("OrderLine", target.written)
        if target.is_new and not target.errors:
            sums[line.order_id] += line.quantity * line.unit_price * (100 - line.discount) / 100
    for target in upsert.of_part("order"):
        if target.is_new:
            cast("Order", target.written).total = sums[target.pk]


def _add_up(upsert: Upsert) -> None:
    """Bring the totals of the orders whose lines were written up to the sums of their lines."""
    if not _lacks_totals(upsert):
        return
    touched = {cast("OrderLine", target.written).order_id for target in upsert.of_part("line")}
    lines = OrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order").annotate(sum=Sum("total"))
    total = Coalesce(Subquery(lines.values("sum")), Value(NOTHING))
    orders = Order.objects.filter(pk__in=touched).annotate(sum=total)
    wrong = [order for order in orders.order_by("pk").select_for_update(of=("self",)) if order.total != order.sum]
    for order in wrong:
        order.total, order.updated_at = order.sum, timezone.now()
    Order.objects.bulk_update(wrong, ["total", "updated_at"])
