"""Mapping files: which column of the ERP becomes which field of ours, and whose word counts (docs/how-to/erp.md)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from crm.models import Record
from crm.sync import registry
from crm.sync.transforms import TRANSFORMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from crm.sync.registry import Part

PLACEHOLDER: Final = re.compile(r"\{([^{}]+)\}")
NAME: Final = re.compile(r"\A[A-Za-z0-9_-]{1,50}\Z")
FIELD_OPTIONS: Final = frozenset({"column", "columns", "separator", "constant", "transform", "values", "owner"})
PART_OPTIONS: Final = frozenset({"external_id", "when", "fields"})
RESOURCE_OPTIONS: Final = frozenset({"receiver", "key", "ignore", "changed_at", "deleted", "snapshot", "options"})


class MappingRefused(Exception):
    """A mapping file that cannot be followed; the text says where and why."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """How one field of ours comes about; `is_ours` fields are set on creation and never again.

    Where nothing is said, one that may be null is.
    """

    name: str
    columns: tuple[str, ...]
    constant: Any
    separator: str
    transforms: tuple[Callable[[str], object], ...]
    values: Mapping[str, Any]
    to_python: Callable[[Any], Any]
    is_ours: bool
    may_be_null: bool


@dataclass(frozen=True, slots=True)
class PartRule:
    """How one record comes about; it does where one of the columns in `when` says something.

    `references` are external ids of records that another resource brings, by the foreign keys that point to them.
    """

    name: str
    part: Part
    external_id: str
    when: tuple[str, ...]
    fields: tuple[FieldRule, ...]
    references: Mapping[str, str]

    @property
    def columns(self) -> set[str]:
        named = {column for rule in self.fields for column in rule.columns}
        ids = (self.external_id, *self.references.values())
        return named | set(self.when) | {column for text in ids for column in PLACEHOLDER.findall(text)}


@dataclass(frozen=True, slots=True)
class ResourceMapping:
    """How the rows of one resource are read; the first part is the one that a row is about.

    `key` is a column, or several in braces, such as `{Order}/{Line}`.
    """

    name: str
    receiver: str
    key: str
    ignore: frozenset[str]
    changed_at: str
    deleted_column: str
    deleted_values: frozenset[str]
    is_snapshot: bool
    parts: tuple[PartRule, ...]
    options: Mapping[str, Any]

    @property
    def columns(self) -> set[str]:
        """Return every column that a row must have."""
        named = {*(PLACEHOLDER.findall(self.key) or [self.key]), self.changed_at, self.deleted_column} - {""}
        return named.union(*(part.columns for part in self.parts))

    def unknown(self, columns: Iterable[str]) -> list[str]:
        """Return the columns that would be dropped without a word."""
        known = self.columns | self.ignore
        return [column for column in columns if column not in known]

    def check_columns(self, columns: list[str]) -> None:
        """Refuse columns that would be dropped without a word, and the lack of one that is mapped."""
        unknown = self.unknown(columns)
        missing = sorted(self.columns - set(columns))
        if unknown:
            message = f"columns neither mapped nor listed under ignore: {', '.join(unknown)}"
            raise MappingRefused(message)
        if missing:
            message = f"mapped columns are missing: {', '.join(missing)}"
            raise MappingRefused(message)


@dataclass(frozen=True, slots=True)
class ErpMapping:
    """A mapping file: the ERP behind it, and its resources."""

    name: str
    connector: str
    system: str
    team: str
    path: Path
    resources: Mapping[str, ResourceMapping]


def folders() -> list[Path]:
    """Return where mapping files are looked for: the setting's folder first, then those that applications ship."""
    own = [Path(settings.ERP_MAPPINGS)] if settings.ERP_MAPPINGS else []
    return own + [Path(config.path) / "mappings" for config in apps.get_app_configs()]


def available() -> dict[str, Path]:
    """Return every mapping file by its name."""
    found: dict[str, Path] = {}
    for folder in folders():
        for path in sorted(folder.glob("*.toml")):
            found.setdefault(path.stem, path)
    return found


def find(source: str, path: str = "") -> ErpMapping:
    """Return the mapping that SOURCE means: a mapping's name or path, or a connector with one mapping to choose."""
    if path or source.endswith(".toml"):
        mapping = load(Path(path or source))
        if source not in {mapping.name, mapping.connector} and not source.endswith(".toml"):
            message = f"{mapping.path} is a mapping for {mapping.connector}, not {source}."
            raise MappingRefused(message)
        return mapping
    known = available()
    if source in known:
        return load(known[source])
    fitting = [mapping for mapping in map(load, known.values()) if mapping.connector == source]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(mapping.name for mapping in fitting) or ", ".join(known) or "none"
    message = f"{source} is not one mapping; name one with --mapping. Known: {names}."
    raise MappingRefused(message)


def load(path: Path) -> ErpMapping:
    """Return the mapping in the file at `path`; raise MappingRefused where it cannot be followed."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{path} cannot be read: {error}"
        raise MappingRefused(message) from error
    try:
        return _mapping(path, content)
    except MappingRefused as error:
        message = f"{path}: {error}"
        raise MappingRefused(message) from error


def _mapping(path: Path, content: dict[str, Any]) -> ErpMapping:
    _known(content, frozenset({"source", "system", "team", "resources"}), "the file")
    system = content.get("system", path.stem)
    if not NAME.match(path.stem) or not NAME.match(system):
        message = "the file's name and the system are made of up to 50 letters, digits, _ and -"
        raise MappingRefused(message)
    resources = {name: _resource(name, body) for name, body in content.get("resources", {}).items()}
    if not resources:
        message = "there is no [resources.NAME]"
        raise MappingRefused(message)
    for one in resources.values():
        models = {part.part.model for part in one.parts}
        others = {part.part.model for other in resources.values() if other is not one for part in other.parts}
        if one.is_snapshot and models & others:
            message = f"{one.name} cannot be a snapshot: another resource writes the same kind of record"
            raise MappingRefused(message)
    team = content.get("team", "")
    return ErpMapping(path.stem, content.get("source", "files"), system, team, path, resources)


def _resource(name: str, body: dict[str, Any]) -> ResourceMapping:
    receiver = body.get("receiver", name)
    try:
        parts = registry.receiver(receiver).parts
    except KeyError as error:
        message = f"nothing receives {receiver}; known: {', '.join(registry.resources())}"
        raise MappingRefused(message) from error
    _known(body, RESOURCE_OPTIONS | parts.keys(), f"[resources.{name}]")
    if not isinstance(body.get("key"), str):
        message = f"[resources.{name}] needs key, the column that identifies a row"
        raise MappingRefused(message)
    rules = tuple(_part(part, parts[part], body[part], body["key"]) for part in body if part in parts)
    if not rules:
        message = f"[resources.{name}] produces nothing; give one of {', '.join(parts)}"
        raise MappingRefused(message)
    deleted = body.get("deleted", {})
    _known(deleted, frozenset({"column", "values"}), f"[resources.{name}.deleted]")
    return ResourceMapping(
        name=name,
        receiver=receiver,
        key=body["key"],
        ignore=frozenset(body.get("ignore", ())),
        changed_at=body.get("changed_at", ""),
        deleted_column=deleted.get("column", ""),
        deleted_values=frozenset(deleted.get("values", ())),
        is_snapshot=body.get("snapshot", False),
        parts=rules,
        options=body.get("options", {}),
    )


def _part(name: str, part: Part, body: dict[str, Any], key: str) -> PartRule:
    _known(body, PART_OPTIONS, name)
    given = body.get("fields", {})
    references = {field: rule["reference"] for field, rule in given.items() if is_reference(rule)}
    for field in references:
        _check_reference(part, field)
    fields = tuple(_field(part, field, rule) for field, rule in given.items() if field not in references)
    said = dict.fromkeys(column for rule in fields for column in rule.columns if column != key)
    external_id = body.get("external_id", f"{{{key}}}")
    return PartRule(name, part, external_id, tuple(body.get("when", said)), fields, references)


def is_reference(rule: Any) -> bool:
    """Tell whether a field is to point to a record of another resource."""
    return isinstance(rule, dict) and rule.keys() == {"reference"} and isinstance(rule["reference"], str)


def _check_reference(part: Part, name: str) -> None:
    """Refuse a reference that is not a foreign key to a record, or is for the kit to set."""
    known = {one.name: one for one in part.model._meta.concrete_fields}
    field = known.get(name)
    if not isinstance(field, models.ForeignKey) or not issubclass(field.related_model, Record) or name in part.links:
        message = f"{name} does not refer to records of another resource"
        raise MappingRefused(message)


def _field(part: Part, name: str, rule: str | dict[str, Any]) -> FieldRule:
    body: dict[str, Any] = {"column": rule} if isinstance(rule, str) else rule
    _known(body, FIELD_OPTIONS, name)
    try:
        field = part.model._meta.get_field(name)
    except FieldDoesNotExist as error:
        message = f"{part.model._meta.label} has no field {name}"
        raise MappingRefused(message) from error
    if (
        not isinstance(field, models.Field)
        or field.is_relation
        or name in part.fixed
        or name in {"id", "created_at", "updated_at", "custom"}
    ):
        message = f"{name} is not for a mapping to set"
        raise MappingRefused(message)
    columns = tuple(body.get("columns", [body["column"]] if "column" in body else []))
    if bool(columns) == ("constant" in body):
        message = f"{name} needs either columns or a constant"
        raise MappingRefused(message)
    names = body.get("transform", [])
    names = [names] if isinstance(names, str) else names
    _known(names, frozenset(TRANSFORMS), f"transform of {name}")
    if body.get("owner", "erp") not in {"erp", "crm"}:
        message = f"owner of {name} is erp or crm"
        raise MappingRefused(message)
    return FieldRule(
        name=name,
        columns=columns,
        constant=body.get("constant"),
        separator=body.get("separator", " "),
        transforms=tuple(TRANSFORMS[transform] for transform in names),
        values=body.get("values", {}),
        to_python=field.to_python,
        is_ours=body.get("owner", "erp") == "crm",
        may_be_null=field.null,
    )


def _known(given: Any, known: frozenset[str], place: str) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        message = f"{place} does not know {', '.join(unknown)}; known: {', '.join(sorted(known))}"
        raise MappingRefused(message)
