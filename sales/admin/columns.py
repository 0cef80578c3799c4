"""What the pipeline board shows: columns of deals, and what they are worth."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from sales.models import Opportunity, Pipeline, Stage, reporting_currency
from sales.reports.figures import DealsForm, deals, listed, total, weighted, without_rate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from uuid import UUID

    from crm.models import User

MOST: Final = 50  # cards in a column; the list shows them all
RECENT: Final = timedelta(days=30)  # for how long what is won or lost stays on the board
CARD: Final = (
    "id",
    "name",
    "amount",
    "currency",
    "expected_close_on",
    "updated_at",
    "stage_id",
    "customer_id",
    "likelihood",
    "owner__username",
    "owner__first_name",
    "owner__last_name",
)


class BoardForm(DealsForm):
    """Which pipeline, whose deals, and words to look for."""

    q = forms.CharField(label=_("Search"), required=False, max_length=200)


@dataclass(frozen=True)
class Card:
    """A deal on the board."""

    id: UUID
    name: str
    customer: str
    owner: str
    amount: Decimal
    currency: str
    expected_close_on: Any
    version: str
    likelihood: int
    is_stale: bool
    is_overdue: bool


@dataclass
class Lane:
    """A stage with its deals, and what all of them come to in the reporting currency."""

    stage: Stage
    link: str
    number: int = 0
    total: Any = 0
    weighted: Any = 0
    without_rate: int = 0
    cards: list[Card] = field(default_factory=list)

    @property
    def hidden(self) -> int:
        """How many deals there are besides those shown."""
        return self.number - len(self.cards)

    @property
    def is_open(self) -> bool:
        """Whether deals in it are open."""
        return self.stage.kind == Stage.Kind.OPEN


@dataclass(frozen=True)
class Board:
    """A pipeline as somebody sees it."""

    pipeline: Pipeline | None
    pipelines: list[Pipeline]
    lanes: list[Lane]
    currency: str
    table: str


def board_for(user: User, wanted: Mapping[str, Any]) -> Board:
    """Return the board of the pipeline asked for, or of the default one, by seven queries, however many deals."""
    pipelines = list(Pipeline.objects.filter(is_active=True).order_by("-is_default", "name"))
    pipeline = wanted.get("pipeline") or next(iter(pipelines), None)
    if pipeline is None:
        return Board(None, [], [], reporting_currency(), listed(Opportunity, {}))
    asked = {**wanted, "pipeline": pipeline}
    if pipeline not in pipelines:
        pipelines.append(pipeline)
    lanes = [Lane(stage, of_stage(stage, asked)) for stage in Stage.objects.filter(pipeline=pipeline).in_order()]
    chosen = deals(user, asked).filter(Q(status="open") | Q(closed_at__gte=timezone.now() - RECENT))
    if words := (wanted.get("q") or "").strip():
        chosen = chosen.search(words)
    add_sums(lanes, chosen)
    add_cards(lanes, chosen, user)
    return Board(pipeline, pipelines, lanes, reporting_currency(), listed(Opportunity, asked, status__exact="open"))


def of_stage(stage: Stage, asked: Mapping[str, Any]) -> str:
    """Return the address of the list of the deals in a stage."""
    words = (asked.get("q") or "").strip()
    recent = {} if stage.kind == Stage.Kind.OPEN else {"closed_at__gte": (timezone.localdate() - RECENT).isoformat()}
    return listed(Opportunity, asked, stage__id__exact=stage.pk, q=words, **recent)


def add_sums(lanes: list[Lane], chosen: Any) -> None:
    """Count and add up the deals of each lane."""
    counted = chosen.values("stage_id").annotate(
        number=Count("pk"), total=total("reporting_amount"), weighted=total(weighted()), without_rate=without_rate()
    )
    rows = {row.pop("stage_id"): row for row in counted}
    for lane in lanes:
        for name, value in rows.get(lane.stage.pk, {}).items():
            setattr(lane, name, value)


def add_cards(lanes: list[Lane], chosen: Any, user: User) -> None:
    """Put the first deals of each lane on it: open ones by when they should close, closed ones the newest first."""
    parts = [first_of(lane, chosen) for lane in lanes if lane.number]
    if not parts:
        return
    rows = list(parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0])
    keys = {row["customer_id"] for row in rows}
    names = dict(Customer.objects.visible_to(user).filter(pk__in=keys).values_list("pk", "name"))
    shown = Opportunity.objects.stale().filter(pk__in=[row["id"] for row in rows])
    stale = set(shown.values_list("pk", flat=True))
    found = {lane.stage.pk: lane for lane in lanes}
    for row in rows:
        customer = names.get(row["customer_id"], "")
        found[row["stage_id"]].cards.append(card(row, customer, is_stale=row["id"] in stale))


def first_of(lane: Lane, chosen: Any) -> Any:
    """Return the rows of the first deals of a lane."""
    order = ("expected_close_on", "id") if lane.is_open else (F("closed_at").desc(), "id")
    return chosen.filter(stage=lane.stage, status=lane.stage.kind).order_by(*order).values(*CARD)[:MOST]


def card(row: Mapping[str, Any], customer: str, *, is_stale: bool) -> Card:
    """Return the card of a row."""
    name = " ".join(part for part in (row["owner__first_name"], row["owner__last_name"]) if part)
    return Card(
        id=row["id"],
        name=row["name"],
        customer=customer,
        owner=name or row["owner__username"] or "",
        amount=row["amount"],
        currency=row["currency"],
        expected_close_on=row["expected_close_on"],
        version=row["updated_at"].isoformat(),
        likelihood=row["likelihood"],
        is_stale=is_stale,
        is_overdue=row["expected_close_on"] < timezone.localdate(),
    )
