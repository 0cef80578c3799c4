"""Rows: as a source reads them, and as a mapping translates them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.sync.mapping import PLACEHOLDER

if TYPE_CHECKING:
    from crm.models import Record
    from crm.sync.mapping import FieldRule, PartRule, ResourceMapping

type Position = dict[str, Any]
MAX_EXTERNAL_ID = 200


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row as the source has it: where it stands, for the checkpoint and for people, and its text by column."""

    position: Position
    place: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A piece of a source that should have been a row and is none."""

    position: Position
    place: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point that a source goes on from only once everything before it is committed."""

    position: Position


@dataclass(frozen=True, slots=True)
class Problem:
    """What the operator must know about a source: something left alone, or a failure.

    `is_gap` where the source may have more than was read.
    """

    text: str
    is_failure: bool = False
    is_gap: bool = True


type Item = SourceRow | Unreadable | Mark | Problem


@dataclass(slots=True)
class Draft:
    """What a row says about one record.

    `values` hold whenever the row is read, `ours` only when it creates the record. `references` are external ids of
    records that the row does not have, by foreign key; empty for none.
    """

    part: str
    external_id: str
    values: dict[str, Any]
    ours: dict[str, Any] = field(default_factory=dict)
    links: dict[str, Draft] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    is_deleted: bool = False


@dataclass(slots=True)
class Row:
    """A translated row: the drafts by part, the one that the row is about first."""

    source: SourceRow
    key: str
    drafts: dict[str, Draft]
    is_deleted: bool = False


def translate(mapping: ResourceMapping, source: SourceRow) -> Row:
    """Return the records that `source` speaks of; raise ValidationError, by field, where it cannot be read."""
    key = key_of(mapping, source)
    _check_characters(source.values)
    if not key:
        raise ValidationError({mapping.key: _("The key is empty.")})
    if mapping.deleted_column and source.values[mapping.deleted_column].strip() in mapping.deleted_values:
        return Row(source, key, _deleted(mapping, source.values), is_deleted=True)
    return Row(source, key, _drafts(mapping, source.values))


def key_of(mapping: ResourceMapping, source: SourceRow) -> str:
    """Return what identifies a row within its resource; empty where one of its columns is."""
    values = source.values
    names = PLACEHOLDER.findall(mapping.key)
    if names and not all(values.get(name, "").strip() for name in names):
        return ""
    return filled(mapping.key, values) if names else values.get(mapping.key, "").strip()


def _drafts(mapping: ResourceMapping, values: dict[str, str]) -> dict[str, Draft]:
    errors: dict[str, Any] = {}
    drafts = {
        rule.name: _draft(mapping, rule, values, errors)
        for rule in mapping.parts
        if not rule.when or any(values[column].strip() for column in rule.when)
    }
    if errors:
        raise ValidationError(errors)
    identities = {(rule.part.model, drafts[rule.name].external_id) for rule in mapping.parts if rule.name in drafts}
    if len(identities) < len(drafts):
        raise ValidationError({mapping.key: _("Two records of one kind cannot have the same external id.")})
    for rule in mapping.parts:
        if rule.name in drafts:
            _link(rule, drafts)
    return drafts


def _draft(mapping: ResourceMapping, rule: PartRule, values: dict[str, str], errors: dict[str, Any]) -> Draft:
    references = {name: filled(text, values) for name, text in rule.references.items()}
    draft = Draft(rule.name, external_id(rule, values), {}, references=references)
    if (mapping.deleted_column or mapping.is_snapshot) and can_deactivate(rule.part.model):
        draft.values["is_active"] = True
    for one in rule.fields:
        try:
            value = _value(one, values)
        except ValidationError as error:
            errors.setdefault(f"{rule.name}.{one.name}", []).extend(error.messages)
        else:
            (draft.ours if one.is_ours else draft.values)[one.name] = value
    return draft


def _value(rule: FieldRule, values: dict[str, str]) -> Any:
    if not rule.columns:
        return rule.to_python(rule.constant)
    if len(rule.columns) == 1:
        text = values[rule.columns[0]].strip()
    else:
        text = rule.separator.join(filter(None, (values[column].strip() for column in rule.columns)))
    if text in rule.values:
        return rule.to_python(rule.values[text])
    if rule.values and text and not rule.transforms:
        raise ValidationError(_("The mapping gives no meaning to %(text)s."), code="invalid", params={"text": text})
    if not text and rule.may_be_null:
        return None
    result: Any = text
    for transform in rule.transforms:
        result = transform(result)
    return rule.to_python(result)


def external_id(rule: PartRule, values: dict[str, str]) -> str:
    """Return the id by which the ERP knows the record; raise ValidationError if it has none or too long a one."""
    found = filled(rule.external_id, values)
    if not found or len(found) > MAX_EXTERNAL_ID:
        raise ValidationError({rule.name: _("The external id must have 1 to 200 characters.")})
    return found


def filled(text: str, values: dict[str, str]) -> str:
    """Return an external id with the columns' values in their places."""
    return PLACEHOLDER.sub(lambda match: values[match[1]].strip(), text)


def can_deactivate(model: type[Record]) -> bool:
    """Return whether records of this kind can be given up without being deleted."""
    return any(one.name == "is_active" for one in model._meta.get_fields())


def _deleted(mapping: ResourceMapping, values: dict[str, str]) -> dict[str, Draft]:
    """Return drafts that give up what the row is about, and what belongs to it."""
    about = mapping.parts[0].name
    return {
        rule.name: Draft(rule.name, external_id(rule, values), {"is_active": False}, is_deleted=True)
        for rule in mapping.parts
        if can_deactivate(rule.part.model)
        and (rule.name == about or any(about in targets for targets in rule.part.links.values()))
    }


def _link(rule: PartRule, drafts: dict[str, Draft]) -> None:
    for name, targets in rule.part.links.items():
        target = next((drafts[target] for target in targets if target in drafts), None)
        if target is not None:
            drafts[rule.name].links[name] = target


def _check_characters(values: dict[str, str]) -> None:
    """Refuse what PostgreSQL cannot keep as text: NUL and halves of surrogate pairs."""
    if is_writable("".join(values.values())):
        return
    wrong = [column for column, text in values.items() if not is_writable(text)]
    raise ValidationError({column: _("The text has characters that cannot be kept.") for column in wrong})


def is_writable(text: str) -> bool:
    """Return whether PostgreSQL can keep the text."""
    try:
        return b"\x00" not in text.encode()
    except UnicodeEncodeError:
        return False
