"""Random deals and leads, and what they come to, added up in plain Python over the rows of the API."""

from __future__ import annotations

import datetime
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from hypothesis import strategies as st

from crm.models import Team, User
from customers.models import Customer
from sales import actions
from sales.models import ExchangeRate, Lead, LossReason, Opportunity, Pipeline, Stage
from sales.models.currencies import rounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.test import Client

type Row = dict[str, Any]

RATES = {"USD": [(datetime.date(2026, 9, 1), Decimal("0.85123")), (datetime.date(2020, 1, 1), Decimal("0.9"))]}
COPY = {"GBP": [], "EUR": [(datetime.date(2020, 1, 1), Decimal(1))], **RATES}

DEALS = st.lists(
    st.fixed_dictionaries(
        {
            "amount": st.decimals(0, 99_999, places=2),
            "currency": st.sampled_from(["EUR", "USD", "GBP"]),
            "probability": st.none() | st.integers(0, 100),
            "forecast_category": st.sampled_from(["pipeline", "best_case", "commit", "omitted"]),
            "expected": st.integers(-60, 120),
            "path": st.lists(st.integers(0, 5), max_size=3),
            "created": st.integers(300, 400),
            "closed": st.integers(0, 200),
            "owner": st.integers(0, 2),
        }
    ),
    max_size=7,
)
LEADS = st.lists(
    st.fixed_dictionaries(
        {
            "source": st.sampled_from(["", "web", "fair"]),
            "verb": st.sampled_from(["", "qualify", "disqualify", "convert", "win"]),
            "owner": st.integers(0, 2),
            "amount": st.decimals(0, 99_999, places=2),
            "currency": st.sampled_from(["EUR", "USD", "GBP"]),
        }
    ),
    max_size=7,
)


class World:
    """Two colleagues of a team and one of another, with rates."""

    def __init__(self) -> None:
        north, south = (Team.objects.create(name=name) for name in ("Report north", "Report south"))
        names = zip(("ada", "bob", "eve"), (north, north, south), strict=True)
        self.people = [User.objects.create_user(f"report-{name}", team=team) for name, team in names]
        self.stages = list(Stage.objects.filter(pipeline__is_default=True).in_order())
        for currency, rates in RATES.items():
            for day, rate in rates:
                ExchangeRate.objects.create(currency=currency, on=day, rate=rate)

    def owned(self, number: int) -> Row:
        """Return whose a record is."""
        return {"owner": self.people[number], "team": self.people[number].team}

    def deal(self, given: Row) -> Opportunity:
        """Make a deal that goes its way through the stages, and was made and closed on days of the past."""
        values = {**given, **self.owned(given["owner"])}
        ways = [values.pop(name) for name in ("path", "created", "closed", "expected")]
        path, created, closed, expected = ways
        values["expected_close_on"] = timezone.localdate() + datetime.timedelta(days=expected)
        values["customer"] = Customer.objects.create(name="Acme", kind="organization", **self.owned(given["owner"]))
        deal: Opportunity = Opportunity.objects.create(name="Deal", stage=self.stages[0], **values)
        for number in path:
            go(deal, self.stages[number])
            deal.refresh_from_db()
        changed: Row = {"created_at": timezone.now() - datetime.timedelta(days=created, seconds=4321)}
        if not deal.is_open:
            changed["closed_at"] = timezone.now() - datetime.timedelta(days=closed)
        Opportunity.objects.filter(pk=deal.pk).update(**changed)
        return deal

    def lead(self, given: Row) -> None:
        """Make a lead and let it go as far as it goes."""
        people = self.owned(given["owner"])
        customer = Customer.objects.create(name="Acme", kind="organization", **people)
        lead = Lead.objects.create(customer=customer, source=given["source"], **people)
        if given["verb"] == "qualify":
            actions.qualify_lead(lead=lead)
        elif given["verb"] == "disqualify":
            actions.disqualify_lead(lead=lead, reason="spam")
        elif given["verb"]:
            worth = {"amount": given["amount"], "currency": given["currency"]}
            deal = actions.convert_lead(lead=lead, by=people["owner"], **worth)
            if given["verb"] == "win":
                actions.win_opportunity(opportunity=deal)


def go(deal: Opportunity, stage: Stage) -> None:
    """Bring a deal to a stage, by whichever verb leads there; nowhere from where none does."""
    if stage == deal.stage:
        return
    if stage.kind == "open":
        verb: Callable[..., Any] = actions.move_opportunity if deal.is_open else actions.reopen_opportunity
        verb(opportunity=deal, stage=stage)
    elif not deal.is_open:
        return
    elif stage.kind == "won":
        actions.win_opportunity(opportunity=deal, stage=stage)
    else:
        actions.lose_opportunity(
            opportunity=deal, stage=stage, reason=LossReason.objects.order_by("name")[deal.pk.int % 3]
        )


def read(client: Client, path: str) -> list[Row]:
    """Return all rows of a list."""
    answer = client.get(f"/api/v1/{path}", {"limit": "200"})
    assert answer.status_code == 200
    found: list[Row] = answer.json()["results"]
    return found


def day_of(moment: str) -> datetime.date:
    """Return the day of a moment, here."""
    return timezone.localtime(datetime.datetime.fromisoformat(moment)).date()


def worth(row: Row) -> Decimal | None:
    """Return what a deal is worth in the reporting currency."""
    day = day_of(row["closed_at"]) if row["closed_at"] else timezone.localdate()
    rate = next((rate for first, rate in COPY[row["currency"]] if first <= day), None)
    return None if rate is None else rounded(Decimal(row["amount"]) * rate)


def weighted(row: Row) -> Decimal:
    """Return what a deal is worth by its likelihood."""
    chances = {str(stage.pk): stage.probability for stage in Stage.objects.all()}
    chance = chances[row["stage"]] if row["probability"] is None else row["probability"]
    return rounded((worth(row) or Decimal(0)) * chance / 100)


def total(rows: Iterable[Row]) -> Decimal:
    """Return the sum of what deals are worth."""
    return sum(((worth(row) or Decimal(0)) for row in rows), Decimal(0))


def missing(rows: Iterable[Row]) -> int:
    """Return how many deals no rate is known for."""
    return sum(worth(row) is None for row in rows)


def split(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """Return rows by a key."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(found)


def other_pipeline() -> Pipeline:
    """Make a second pipeline with one open stage."""
    pipeline = Pipeline.objects.create(name="Partners")
    Stage.objects.create(pipeline=pipeline, name="Talks", order=1, probability=20)
    return pipeline
