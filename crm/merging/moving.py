"""Re-points what refers to a record, in few statements, and remembers how to go back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import BooleanField, Exists, OuterRef, Q
from django.utils import timezone

from crm.merging.references import references_to
from crm.merging.rows import as_json, from_json
from crm.models import ExternalReference, Record

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from django.db.models import Model, QuerySet

    from crm.merging.references import Reference


def counts(record: Record) -> dict[type[Model], int]:
    """Return how many rows of each kind refer to a record and would follow it."""
    found: dict[type[Model], int] = {}
    for one in references_to(type(record)):
        if one.follows and (number := one.rows(type(record), record.pk).count()):
            found[one.model] = found.get(one.model, 0) + number
    return found


def rows_moved(done: dict[str, Any]) -> dict[type[Model], set[Any]]:
    """Return the rows that a merge moved, as `move_all` has noted them."""
    found: dict[type[Model], set[Any]] = {}
    for item in (*done.get("moved", ()), *done.get("switched", ())):
        kind = apps.get_model(item["model"])
        found.setdefault(kind, set()).update(kind._meta.pk.to_python(key) for key in item["keys"])
    return found


def move_all(model: type[Record], source: UUID, target: UUID) -> dict[str, Any]:
    """Let what refers to `source`, all under locks, refer to `target`; return what `move_back` needs to know."""
    done: dict[str, Any] = {"moved": [], "switched": [], "removed": []}
    for one in references_to(model):
        rows = one.rows(model, source)
        if not one.follows:
            remove(rows, one, done)
            continue
        make_room(one, rows, one.rows(model, target), done)
        remove(one.between(source, target), one, done)
        keys = list(rows.values_list("pk", flat=True))
        if keys:
            point(one, one.model._base_manager.filter(pk__in=keys), target)
            done["moved"].append({**named(one), "keys": [str(key) for key in keys]})
    done["names"] = hand_over(model, source, target)
    return done


def named(one: Reference) -> dict[str, str]:
    """Return a reference as JSON keeps it."""
    return {"model": one.model._meta.label_lower, "name": one.name}


def point(one: Reference, rows: QuerySet[Any], target: UUID) -> int:
    """Let rows refer to another record, and return how many did."""
    times = {"updated_at": timezone.now()} if issubclass(one.model, Record) else {}
    return rows.update(**{one.name: target}, **times)


def make_room(one: Reference, rows: QuerySet[Any], others: QuerySet[Any], done: dict[str, Any]) -> None:
    """Where a record can be named once only and both are: let a switch such as `is_primary` go, else the row."""
    for names, condition in one.uniques():
        twin = others.filter(condition).filter(**{name: OuterRef(name) for name in names})
        in_the_way = rows.filter(condition).filter(Exists(twin))
        if switch := switch_of(one, condition):
            keys = list(in_the_way.values_list("pk", flat=True))
            if keys:
                one.model._base_manager.filter(pk__in=keys).update(**{switch: False})
                done["switched"].append({**named(one), "switch": switch, "keys": [str(key) for key in keys]})
        else:
            remove(in_the_way, one, done)


def switch_of(one: Reference, condition: Q) -> str:
    """Return the name of the boolean field without which a rule does not hold; empty where there is none."""
    pairs = [item for item in condition.children if isinstance(item, tuple) and item[1] is True]
    names = [name for name, _value in pairs if condition.connector == Q.AND and not condition.negated]
    return next((name for name in names if isinstance(one.model._meta.get_field(name), BooleanField)), "")


def remove(rows: QuerySet[Any], one: Reference, done: dict[str, Any]) -> None:
    """Delete rows, and keep what they held; django.db.IntegrityError is raised where something refers to them."""
    found = list(rows)
    if found:
        one.model._base_manager.filter(pk__in=[row.pk for row in found])._raw_delete(rows.db)
        done["removed"].append({**named(one), "rows": [as_json(row) for row in found]})


def hand_over(
    model: type[Record], source: UUID, target: UUID, only: Iterable[dict[str, str]] | None = None
) -> list[dict[str, str]]:
    """Give names by which other systems know one record to another, all or `only` some; return which.

    They are taken away and added, since that is what the change feed tells.
    """
    kind = ContentType.objects.get_for_model(model)
    held = ExternalReference.objects.filter(content_type=kind, object_id=source)
    if only is not None:
        wanted = {(one["system"], one["external_id"]) for one in only}
        held = held.filter(pk__in=[one.pk for one in held if (one.system, one.external_id) in wanted])
    names = [{"system": one.system, "external_id": one.external_id} for one in held]
    if only is None:
        only = names
    held.delete()
    ExternalReference.objects.bulk_create(
        [ExternalReference(content_type=kind, object_id=target, **name) for name in only], ignore_conflicts=True
    )
    return names


def move_back(model: type[Record], source: UUID, target: UUID, done: dict[str, Any]) -> list[str]:
    """Let what was moved from `target` to `source` refer to `target` again.

    Return the kinds of records of which some have gone, or were given to others, since.
    """
    left = set()
    known = {(one.model._meta.label_lower, one.name): one for one in references_to(model)}
    for item in done["moved"]:
        one = known.get((item["model"], item["name"]))
        count = point(one, one.rows(model, source).filter(pk__in=item["keys"]), target) if one else 0
        if count < len(item["keys"]):
            left.add(item["model"])
    for item in done["switched"]:
        rows = apps.get_model(item["model"])._base_manager.filter(pk__in=item["keys"], **{item["name"]: target})
        rows.update(**{item["switch"]: True})
    for item in done["removed"]:
        kind: Any = apps.get_model(item["model"])
        kind._base_manager.bulk_create([from_json(kind, row) for row in item["rows"]], ignore_conflicts=True)
    hand_over(model, source, target, done["names"])
    return sorted(left)
