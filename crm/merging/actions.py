"""Making two records one, and two again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from crm.custom.definitions import definitions
from crm.database.locks import lock_together
from crm.erasing import erasing
from crm.merging.fields import merged
from crm.merging.moving import move_all, move_back, rows_moved
from crm.merging.references import rows_around
from crm.merging.rows import CUSTOM, as_json, difference, flat, from_json, set_flat
from crm.models import Change, Merge
from crm.models.tags import as_known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm.models import Record, User


class NotThere(Exception):
    """One of the records is gone, perhaps because it was merged meanwhile."""


class NotUndoable(Exception):
    """The merge was undone already, is older than 30 days, or its record was merged further or deleted."""


@transaction.atomic
def merge_records(*, winner: Record, loser: Record, by: User, fields: Mapping[str, str] | None = None) -> Merge:
    """Let `loser` become part of `winner`, which takes over whatever refers to it, whoever may see that.

    `fields` says which of the two has the value that counts, `winner` or `loser`, where that is not the winner's, or
    the loser's if the winner has none. Raises NotThere, crm.merging.fields.NoSuchChoice, and
    django.core.exceptions.ValidationError where the two cannot be one.
    """
    model = type(winner)
    lock_together(lambda: rows_around(model, winner.pk, loser.pk))
    locked = model._default_manager.in_bulk({winner.pk, loser.pk})
    if winner.pk == loser.pk or len(locked) < len({winner.pk, loser.pk}):
        raise NotThere
    winner, loser = locked[winner.pk], locked[loser.pk]
    winner.clean_merge(loser)
    before = flat(as_json(winner))
    values = merged(winner, loser, fields or {})
    row = as_json(loser)
    with erasing():
        done = move_all(model, loser.pk, winner.pk)
    _remove(loser, winner)
    for name, value in values.items():
        setattr(winner, name, value)
    winner.clean()
    winner.save(force_update=True)
    changed = difference(before, flat(as_json(winner)), besides={"updated_at"})
    return Merge.objects.create(
        model=model.label(), winner=winner.pk, loser=loser.pk, by=by, before={"row": row, "fields": changed, **done}
    )


@transaction.atomic
def undo_merge(*, merge: Merge, model: type[Record]) -> Merge:
    """Bring a merged record back, with all that referred to it; the other gets its own values again.

    What changed since the merge stays as it is, and is named in `left`. Raises NotUndoable, and
    django.core.exceptions.ValidationError or django.db.IntegrityError where the values no longer fit.
    """
    merge = Merge.objects.select_for_update().get(pk=merge.pk)
    lock_together(lambda: {**rows_moved(merge.before or {}), model: {merge.winner}})
    winner: Any = model._default_manager.filter(pk=merge.winner).first()
    if winner is None or merge.before is None or not Merge.objects.undoable().filter(pk=merge.pk).exists():
        raise NotUndoable
    loser = from_json(model, merge.before["row"])
    loser.custom, loser.tags = definitions(model).named_now(loser.custom), as_known(loser.tags)
    loser.save(force_insert=True)
    left = _put_back(winner, _named_now(model, merge.before["fields"]))
    with erasing():
        left += move_back(model, winner.pk, merge.loser, merge.before)
    winner.clean()
    winner.save(force_update=True)
    loser.part_from(winner)
    merge.undone_at, merge.left, merge.before = timezone.now(), left, None
    merge.save()
    return merge


def _remove(loser: Record, winner: Record) -> None:
    """Delete the loser's row, and say on the feed what became of it."""
    model = type(loser)
    rows: Any = model._base_manager.filter(pk=loser.pk)
    rows._raw_delete(rows.db)
    gone = Change.objects.filter(record=loser.pk, model=model.label(), action=Change.Action.DELETED)
    last = gone.order_by("-sequence").values_list("pk", flat=True)[:1]
    said: dict[str, Any] = {"action": Change.Action.MERGED, "after": {"merged_into": str(winner.pk)}}
    if model.concerns == "id":
        said["customer"] = winner.pk
    Change.objects.filter(pk__in=list(last)).update(**said)


def _named_now(model: type[Record], changed: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Return what changed by the names that custom fields have now."""
    custom = {name.removeprefix(CUSTOM): values for name, values in changed.items() if name.startswith(CUSTOM)}
    columns = {name: values for name, values in changed.items() if not name.startswith(CUSTOM)}
    return columns | {f"{CUSTOM}{name}": values for name, values in definitions(model).named_now(custom).items()}


def _put_back(winner: Any, changed: Mapping[str, list[Any]]) -> list[str]:
    """Give the winner the values that it had, but where they changed again; return the names of those."""
    now = flat(as_json(winner))
    left = []
    for name, (value, given) in changed.items():
        if now.get(name) == given:
            set_flat(winner, name, value)
        else:
            left.append(name)
    return left
