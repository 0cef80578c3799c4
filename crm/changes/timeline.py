"""The timeline of a customer: all that happened, in one order, out of what each application adds.

An application registers its kinds of records in `AppConfig.ready`; changes are on it by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import CharField, F, Q, TextField, Value
from django.db.models.functions import Cast, Concat

from crm.api.representation import SERIALIZERS, RowJSON, shape_of
from crm.api.routers import resources
from crm.changes.representation import ChangeSerializer
from crm.database.expressions import After
from crm.models import Change, Merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from crm.models import Record, User

CHANGES: Final = "changes"


@dataclass(frozen=True)
class Source:
    """A kind of record that stands on the timeline at a moment of its own, or once for each of its `events`.

    `template` shows a `record` of it to people, who read `related` records along with it; and the `event`, which is the
    name of the moment's field. Changes of records with events are not told of again.
    """

    model: type[Record]
    moment: str
    template: str
    customer: str = "customer"
    related: tuple[str, ...] = ()
    events: tuple[str, ...] = ()

    @property
    def moments(self) -> tuple[tuple[str, str], ...]:
        """The events and their fields; an event without a name where the record stands there once."""
        return tuple((name, name) for name in self.events) or (("", self.moment),)

    @property
    def customer_column(self) -> str:
        """Name under which a row has the id of its customer, by a foreign key, by that of a parent, or by itself."""
        if "__" in self.customer:
            return f"{self.customer}_id"
        field: Any = self.model._meta.get_field(self.customer)
        return str(field.attname)


@dataclass(frozen=True)
class Entry:
    """One thing that happened: when, its key among what happened then, with whom, and the record as JSON text."""

    at: datetime
    key: str
    customer: UUID
    text: str

    @property
    def kind(self) -> str:
        """Name of the list that the record is in."""
        return self.key.partition(":")[0]

    @property
    def record(self) -> str:
        """Id of the record, or number of the change."""
        return self.key.split(":")[1]

    @property
    def event(self) -> str:
        """What happened with the record, such as `opened_at`; empty where it is the record itself."""
        return (*self.key.split(":"), "")[2]


_sources: list[Source] = []


def register(source: Source) -> None:
    """Put a kind of record on the timeline."""
    if source not in _sources:
        _sources.append(source)


def sources() -> dict[str, Source]:
    """Return what is on the timeline besides changes, by the name of its list."""
    by_model = {source.model: source for source in _sources}
    return {name: by_model[one.model] for name, one in resources().items() if one.model in by_model}


def kinds() -> list[str]:
    """Return the names of what may be on a timeline, such as `interactions`."""
    return [*sources(), CHANGES]


def read(
    *,
    user: User,
    shown: Iterable[type[Record]],
    changing: Sequence[type[Record]],
    customers: Sequence[UUID],
    before: tuple[datetime, str] | None,
    limit: int,
) -> list[Entry]:
    """Return the latest entries about these customers before a place; as far as `user` may see.

    `shown` are the kinds of records wanted, `changing` those whose changes are.
    """
    wanted = [(name, one) for name, one in sources().items() if one.model in shown]
    parts = [of_source(one, name, user, customers, event) for name, one in wanted for event in one.moments]
    if changing:
        parts.append(of_changes(user, changing, customers))
    # What is empty from the outset leaves a union of one, which Django cannot order.
    latest = [ended(part, before)[:limit] for part in parts if not part.query.is_empty()]
    if not latest:
        return []
    first, *others = latest
    rows = first.union(*others, all=True).order_by("-happened_at", "-key") if others else first
    return [Entry(*row) for row in rows[:limit]]


def of_source(
    source: Source, name: str, user: User, customers: Sequence[UUID], moment: tuple[str, str]
) -> QuerySet[Any, Any]:
    """Return the entries of one kind of record, at one of its moments."""
    event, field = moment
    rows = source.model.objects.visible_to(user).filter(**{f"{source.customer}__in": customers})
    rows = rows.filter(**{f"{field}__isnull": False}) if event else rows
    shape = shape_of(SERIALIZERS[source.model], None, frozenset())
    key = Cast("pk", TextField())
    return entries(
        rows,
        F(field),
        Concat(key, Value(f":{event}"), output_field=TextField()) if event else key,
        name,
        F(source.customer_column),
        RowJSON(shape, user),
    )


def of_changes(user: User, models: Sequence[type[Record]], customers: Sequence[UUID]) -> QuerySet[Any, Any]:
    """Return the changes; what has an entry of its own needs none for its creation."""
    shown = [source.model.label() for source in _sources]
    rows = Change.objects.visible_to(user, models)
    rows = rows.filter(customer__in=[*customers, *Merge.objects.absorbed(customers)])
    told = [source.model.label() for source in _sources if source.events]
    rows = rows.exclude(Q(model__in=shown) & Q(action=Change.Action.CREATED)).exclude(model__in=told)
    text = RowJSON(shape_of(ChangeSerializer, None, frozenset()), user)
    number = Cast("sequence", TextField())
    return entries(rows, F("at"), number, CHANGES, F("customer"), text)


def entries(rows: QuerySet[Any, Any], moment: F, key: Any, name: str, customer: F, text: RowJSON) -> QuerySet[Any, Any]:
    """Return rows as entries, latest first."""
    whole = Concat(Value(f"{name}:"), key, output_field=CharField())
    rows = rows.annotate(happened_at=moment, key=whole, with_whom=customer, text=text)
    return rows.order_by("-happened_at", "-key").values_list("happened_at", "key", "with_whom", "text")


def ended(rows: QuerySet[Any, Any], before: tuple[datetime, str] | None) -> QuerySet[Any, Any]:
    """Keep what happened before a place on the timeline."""
    if before is None:
        return rows
    return rows.filter(After([F("happened_at"), F("key")], [Value(item) for item in before], "<"))
