"""Sales for demonstration: products, a year of deals on their way, leads and some orders."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from crm.currencies import reporting_currency
from customers.demonstration import save
from customers.models import Customer
from marketing.models import Campaign
from sales.models import (
    ExchangeRate,
    Lead,
    LossReason,
    Opportunity,
    OpportunityLine,
    Order,
    OrderLine,
    Pipeline,
    Product,
    Stage,
    StageChange,
)
from sales.models.standard import add_standard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.models import Model

    from crm.demonstration import Setting

DEALS: Final = 160
LEADS: Final = 120
ORDERS: Final = 60
WON: Final = 0.32
LOST: Final = 0.62  # of all deals that far along, the rest are open
PRODUCTS: Final = [
    ("DEMO-100", "Desk, height-adjustable", "649.00", "piece"),
    ("DEMO-110", "Office chair", "289.00", "piece"),
    ("DEMO-120", "Meeting table", "1190.00", "piece"),
    ("DEMO-130", "Acoustic panel", "149.00", "piece"),
    ("DEMO-200", "Floor planning", "120.00", "hour"),
    ("DEMO-210", "Assembly", "65.00", "hour"),
    ("DEMO-220", "Service contract", "990.00", "year"),
]
SUBJECTS: Final = [
    "New office",
    "Meeting rooms",
    "Replacement chairs",
    "Second floor",
    "Service contract",
    "Home offices",
]
MESSAGES: Final = [
    "We are moving in autumn and need furniture for about forty people.",
    "Please send us your price list and the delivery times.",
    "A colleague recommended you. Could somebody call us next week?",
    "We saw your stand at the trade fair and would like a quote.",
]
SOURCES: Final = ["website", "referral", "trade fair", "phone", "partner"]
RATES: Final = {"USD": "0.92", "GBP": "1.17", "CNY": "0.13", "JPY": "0.006", "BRL": "0.17", "EUR": "1"}


def make(setting: Setting) -> Iterator[Sequence[Model]]:
    """Save products, rates, deals with lines and the way that they came, leads, and orders."""
    add_standard(Pipeline.objects, Stage.objects, LossReason.objects)
    customers = customers_of(setting)
    yield save(Product, [product(values) for values in PRODUCTS])
    products = list(Product.objects.filter(code__startswith="DEMO-").order_by("code"))
    if rates := list(exchange_rates(setting)):
        yield ExchangeRate.objects.bulk_create(rates)
    stages = list(Pipeline.objects.get(is_default=True).stages.in_order())
    reasons = list(LossReason.objects.order_by("name"))
    plans = [deal(setting, customers, stages, reasons) for _ in range(DEALS)]
    deals = save(Opportunity, [one for one, _way in plans])
    yield deals
    yield save(OpportunityLine, [line for one in deals for line in lines_of(setting, one, products)])
    yield save(StageChange, [change for _one, way in plans for change in way])
    leads = [*(lead(setting, customers) for _ in range(LEADS)), *(origin(setting, one) for one in deals[::3])]
    brought(leads)
    yield save(Lead, leads)
    orders = [order(setting, one, number) for number, one in enumerate(buyers(setting, deals), 1)]
    parts = [part for one in orders for part in order_lines(setting, one, products)]
    yield save(Order, orders)
    yield save(OrderLine, parts)


def customers_of(setting: Setting) -> list[Customer]:
    """Return the customers of the demonstration: those of its colleagues."""
    colleagues = [one for several in setting.colleagues.values() for one in several]
    return list(Customer.objects.filter(owner__in=colleagues).select_related("owner", "team").order_by("email", "name"))


def product(values: tuple[str, str, str, str]) -> Product:
    """Return a product."""
    code, name, price, unit = values
    return Product(code=code, name=name, price=Decimal(price), unit=unit)


def exchange_rates(setting: Setting) -> Iterator[ExchangeRate]:
    """Yield a rate of each currency from a year ago on, but of those that have one."""
    known = set(ExchangeRate.objects.values_list("currency", flat=True))
    base = Decimal(RATES.get(reporting_currency(), "0"))
    day = (setting.now - timedelta(days=400)).date()
    for currency, rate in RATES.items():
        if base and currency != reporting_currency() and currency not in known:
            yield ExchangeRate(currency=currency, on=day, rate=round(Decimal(rate) / base, 8))


def people_of(customer: Customer) -> dict[str, Any]:
    """Return who is responsible for what concerns a customer."""
    return {"owner": customer.owner, "team": customer.team}


def at(moment: datetime) -> dict[str, datetime]:
    """Return the times of a record that was made then."""
    return {"created_at": moment, "updated_at": moment}


def deal(
    setting: Setting, customers: list[Customer], stages: list[Stage], reasons: list[LossReason]
) -> tuple[Opportunity, list[StageChange]]:
    """Return a deal that began in the last year, and the way that it has come since."""
    random = setting.random
    customer = random.choice(customers)
    began = setting.now - timedelta(days=random.randrange(3, 300), hours=random.randrange(24))
    open_stages = [one for one in stages if one.kind == Stage.Kind.OPEN]
    reached = random.randrange(len(open_stages))
    way = open_stages[: reached + 1]
    chance = random.random()
    if chance < LOST:
        kind = Stage.Kind.WON if chance < WON else Stage.Kind.LOST
        way = (open_stages if kind == Stage.Kind.WON else way) + [one for one in stages if one.kind == kind][:1]
    one = Opportunity(
        **people_of(customer),
        **at(began),
        customer=customer,
        name=random.choice(SUBJECTS),
        stage=way[-1],
        pipeline=way[-1].pipeline,
        amount=Decimal(random.randrange(4, 400) * 50),
        currency=reporting_currency(),
        forecast_category=random.choice(["pipeline", "pipeline", "best_case", "commit"]),
        expected_close_on=(setting.now + timedelta(days=random.randrange(-10, 120))).date(),
    )
    changes = list(moves(setting, one, way, began))
    one.stage_since = changes[-1].changed_at if changes else began
    if way[-1].kind != Stage.Kind.OPEN:
        one.closed_at, one.expected_close_on = one.stage_since, one.stage_since.date()
    if way[-1].kind == Stage.Kind.LOST:
        one.lost_reason = random.choice(reasons)
    return one, changes


def moves(setting: Setting, one: Opportunity, way: list[Stage], began: datetime) -> Iterator[StageChange]:
    """Yield the moves of a deal from stage to stage until now."""
    moment = began
    for number, (left, reached) in enumerate(itertools.pairwise(way), 1):
        after = moment + (setting.now - moment) * (setting.random.uniform(0.2, 0.8) / (len(way) - number + 1))
        yield StageChange(
            opportunity=one,
            from_stage=left,
            to_stage=reached,
            changed_at=after,
            changed_by=one.owner,
            seconds=int((after - moment).total_seconds()),
            owner=one.owner,
            team=one.team,
            **at(after),
        )
        moment = after


def lines_of(setting: Setting, one: Opportunity, products: list[Product]) -> Iterator[OpportunityLine]:
    """Yield the lines of a deal; of every second deal, none."""
    random = setting.random
    for thing in random.sample(products, random.choice([0, 0, 1, 2, 3])):
        yield OpportunityLine(
            **at(one.created_at),
            opportunity=one,
            product=thing,
            quantity=Decimal(random.randrange(1, 30)),
            unit_price=thing.price,
            discount=Decimal(random.choice([0, 0, 5, 10])),
            owner=one.owner,
            team=one.team,
        )


def lead(setting: Setting, customers: list[Customer]) -> Lead:
    """Return a lead of the last months: most of them open."""
    random = setting.random
    customer = random.choice(customers)
    status = random.choice(["new", "new", "new", "working", "working", "qualified", "disqualified"])
    is_given_up = status == Lead.Status.DISQUALIFIED
    return Lead(
        **people_of(customer),
        **at(setting.now - timedelta(hours=random.randrange(1, 24 * 90))),
        customer=customer,
        subject=random.choice(SUBJECTS),
        message=random.choice(MESSAGES),
        source=random.choice(SOURCES),
        rating=random.choice(["", "hot", "warm", "cold"]),
        status=status,
        disqualified_reason=random.choice(Lead.Disqualification.values) if is_given_up else "",
    )


def origin(setting: Setting, one: Opportunity) -> Lead:
    """Return the lead that became a deal."""
    return Lead(
        **people_of(one.customer),
        **at(one.created_at - timedelta(days=setting.random.randrange(1, 15))),
        customer=one.customer,
        subject=one.name,
        message=setting.random.choice(MESSAGES),
        source=setting.random.choice(SOURCES),
        status=Lead.Status.CONVERTED,
        converted_at=one.created_at,
        opportunity=one,
    )


def brought(leads: Sequence[Lead]) -> None:
    """Let every third lead have come by the campaign that had been sent last."""
    sent = Campaign.objects.filter(owner__username="nadia", started_at__isnull=False)
    newest = list(sent.order_by("-started_at"))
    for one in leads[::3]:
        one.campaign = next((campaign for campaign in newest if campaign.started_at <= one.created_at), None)


def buyers(setting: Setting, deals: Sequence[Opportunity]) -> list[Opportunity]:
    """Return won deals of which orders came, several of some."""
    won = [one for one in deals if one.closed_at is not None and one.lost_reason is None]
    return [setting.random.choice(won) for _ in range(ORDERS)] if won else []


def order(setting: Setting, one: Opportunity, number: int) -> Order:
    """Return an order that came of a deal."""
    moment = (one.closed_at or setting.now) + timedelta(days=setting.random.randrange(5))
    day = min(moment, setting.now).date()
    shipped = day + timedelta(days=setting.random.randrange(2, 20))
    return Order(
        **people_of(one.customer),
        **at(min(moment, setting.now)),
        customer=one.customer,
        number=f"DEMO-{number:05}",
        ordered_on=day,
        required_on=day + timedelta(days=21),
        shipped_on=shipped if shipped <= setting.now.date() else None,
        currency=reporting_currency(),
        freight=Decimal(setting.random.randrange(0, 120)),
        ship_to_name=one.customer.name,
        ship_to_country=one.customer.country,
    )


def order_lines(setting: Setting, one: Order, products: list[Product]) -> Iterator[OrderLine]:
    """Yield the lines of an order, and let the order know what it comes to."""
    random = setting.random
    one.total = one.freight
    for thing in random.sample(products, random.randrange(1, 4)):
        line = OrderLine(
            **at(one.created_at),
            order=one,
            product=thing,
            quantity=Decimal(random.randrange(1, 20)),
            unit_price=thing.price,
            discount=Decimal(random.choice([0, 0, 5])),
            owner=one.owner,
            team=one.team,
        )
        one.total += line.computed_total()
        yield line
