"""Which column becomes which field, and what its cells stand for."""

from __future__ import annotations

import re
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_noop, override
from rest_framework import serializers

from crm.custom.definitions import definitions
from crm.models import ExternalReference, User
from crm.models.tags import SIGNS
from crm.tags.fields import TagsField

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from crm.api.serializers import RecordSerializer
    from crm.models import CustomField
    from crm.sync.formats import Line

EXTERNAL_ID: Final = "external_id"
CUSTOM: Final = "custom."
TRUE: Final = frozenset({"true", "yes", "y", "1", "x", "是"})
FALSE: Final = frozenset({"false", "no", "n", "0", "否"})
MIDNIGHT: Final = "T00:00:00"
NESTED: Final = (serializers.ListField, serializers.BaseSerializer, serializers.DictField, serializers.JSONField)
NUMBERS: Final = (serializers.IntegerField, serializers.FloatField)
# What other programs call things, besides the fields' own names and labels in every language.
SYNONYMS: Final = {
    "email": (gettext_noop("E-mail"), "mail", "email address"),
    "phone": ("telephone", "tel", "mobile", "phone number"),
    "name": ("full name", "company", "company name", "customer name", "customer"),
    "given_name": ("first name", "forename"),
    "family_name": ("last name", "surname"),
    "website": ("web", "url", "homepage"),
    "owner": ("responsible", "account owner"),
    "tags": ("labels", "keywords", "categories", "groups"),
    EXTERNAL_ID: ("customer id", "customer number", "number", "code"),
}


def targets(serializer: type[RecordSerializer]) -> dict[str, str]:
    """Return what a column may become, with its label: fields, `external_id`, `custom.NAME`."""
    model = serializer.Meta.model
    labels = {field.name: str(field.verbose_name) for field in model._meta.concrete_fields}
    fields = serializer().fields
    found = {
        name: labels.get(name) or str(field.label or name) for name, field in fields.items() if not field.read_only
    }
    found.pop("custom", None)
    own = {f"{CUSTOM}{name}": one.label for name, one in definitions(model).known.items()}
    return {"id": "ID", EXTERNAL_ID: gettext("external id"), **found, **own}


def guess(columns: Iterable[str], serializer: type[RecordSerializer]) -> dict[str, str]:
    """Return for each column that it can tell the field that is meant; each field once."""
    words = meanings(serializer)
    found: dict[str, str] = {}
    for is_exact in (True, False):
        for column in columns:
            word = plain(column)
            near = [word] if is_exact else get_close_matches(word, words, n=1, cutoff=0.87)
            chosen = words.get(near[0]) if word and near and column not in found else None
            if chosen and chosen not in found.values():
                found[column] = chosen
    return found


def meanings(serializer: type[RecordSerializer]) -> dict[str, str]:
    """Return which field a word means: its name and labels, then, for what is left, what others call it."""
    words: dict[str, str] = {}
    for language, _name in settings.LANGUAGES:
        with override(language):
            for target, label in targets(serializer).items():
                for word in (target, target.removeprefix(CUSTOM), label):
                    words.setdefault(plain(word), target)
    for target in targets(serializer):
        for word in SYNONYMS.get(target, ()):
            words.setdefault(plain(word), target)
    return words


def plain(text: str) -> str:
    """Return a name without what people write differently: case, spaces, signs."""
    return re.sub(r"[\W_]+", "", text).casefold()


class Reader:
    """Makes the data of records from the cells of rows."""

    def __init__(self, serializer: type[RecordSerializer], mapping: Mapping[str, str], user: User) -> None:
        """Take how records look, which column becomes which field, and whose view of other records counts."""
        self.mapping = mapping
        self.fields: Mapping[str, Any] = serializer(context={"request": self}).fields
        self.user = user
        self.custom = definitions(serializer.Meta.model).known
        self.related = {
            column: self.fields[target]
            for column, target in mapping.items()
            if target in self.fields and hasattr(self.fields[target], "get_queryset")
        }

    def data(self, lines: Iterable[Line]) -> list[dict[str, Any]]:
        """Return the data of each row, `id` and `external_id` among them; an empty cell says nothing."""
        rows = list(lines)
        known = {column: self.known(column, field, rows) for column, field in self.related.items()}
        return [self.row(line.values, known) for line in rows]

    def row(self, cells: Mapping[str, str], known: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
        """Return the data of one row."""
        found: dict[str, Any] = {}
        for column, target in self.mapping.items():
            text = cells.get(column, "").strip()
            if not text:
                continue
            if target.startswith(CUSTOM):
                found.setdefault("custom", {})[target.removeprefix(CUSTOM)] = self.custom_value(target, text)
            elif column in known:
                found[target] = known[column].get(text, text)
            else:
                found[target] = value_of(self.fields.get(target), text)
        return found

    def custom_value(self, target: str, text: str) -> Any:
        """Return the value of a custom field; the text itself where it is none, for the serializer to refuse."""
        field = self.custom.get(target.removeprefix(CUSTOM))
        if field is None:
            return text
        try:
            return field.read(custom_word(field, text))
        except ValidationError:
            return text

    def known(self, column: str, field: Any, rows: Iterable[Line]) -> dict[str, str]:
        """Return the ids that the cells of a column mean: colleagues by name or e-mail, records as `SYSTEM:ID`."""
        cells = {line.values.get(column, "").strip() for line in rows} - {""}
        cells = {cell for cell in cells if not is_id(cell)}
        model = field.get_queryset().model
        if not cells:
            return {}
        if model is User:
            people = User.objects.filter(username__in=cells) | User.objects.filter(email__in=cells)
            rows_of = list(people.values_list("username", "email", "pk"))
            return {name: str(pk) for username, email, pk in rows_of for name in (username, email) if name}
        if not hasattr(model, "external_references"):
            return {str(one): str(one.pk) for one in field.get_queryset()[:1000] if str(one) in cells}
        pairs = [cell.partition(":")[::2] for cell in cells]
        references = ExternalReference.objects.of(model).filter(
            system__in={system for system, _name in pairs}, external_id__in={name for _system, name in pairs}
        )
        return {f"{one.system}:{one.external_id}": str(one.object_id) for one in references}


def value_of(field: Any, text: str) -> Any:
    """Return what a cell stands for; the text itself where it is nothing of the kind, for the serializer to refuse."""
    for kinds, convert in CONVERSIONS:
        if isinstance(field, kinds):
            with suppress(ValueError):
                return convert(field, text)
    return text


def boolean(_field: Any, text: str) -> bool | str:
    """Return true or false for the words that stand for them."""
    return {"true": True, "false": False}.get(boolean_word(text), text)


def boolean_word(text: str) -> str:
    """Return `true` or `false` for the words that stand for them, any other text as it is."""
    word = text.casefold()
    return "true" if word in TRUE else "false" if word in FALSE else text


def custom_word(field: CustomField, text: str) -> str:
    """Return the text that a custom field reads: for the label of a choice its value."""
    if field.type == field.Type.BOOLEAN:
        return boolean_word(text)
    if field.type == field.Type.DATE:
        return text.removesuffix(MIDNIGHT)
    by_label = {plain(label): value for value, label in field.choice_labels.items()}
    return text if text in field.choices else by_label.get(plain(text), text)


def choice(field: Any, text: str) -> str:
    """Return the value of a choice for its label in any language."""
    if text in field.choices:
        return text
    for language, _name in settings.LANGUAGES:
        with override(language):
            for value, label in field.choices.items():
                if plain(text) in {plain(str(label)), plain(str(value))}:
                    return str(value)
    return text


def day(_field: Any, text: str) -> str:
    """Return a day as a date has it: workbooks know only moments."""
    return text.removesuffix(MIDNIGHT)


def number(_field: Any, text: str) -> int | float:
    """Return a number; raise ValueError for a text that is none."""
    return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else float(text)


def words(_field: Any, text: str) -> Any:
    """Return the tags that a cell holds, separated by commas or semicolons, or as a list in JSON."""
    if text.startswith("["):
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(text)
    return [word.strip() for word in re.split(f"[{SIGNS}]", text) if word.strip()]


def nested(_field: Any, text: str) -> Any:
    """Return what a cell with JSON holds; raise ValueError for any other."""
    return orjson.loads(text)


CONVERSIONS: Final[tuple[tuple[Any, Callable[[Any, str], Any]], ...]] = (
    (serializers.BooleanField, boolean),
    (serializers.ChoiceField, choice),
    (serializers.DateField, day),
    (NUMBERS, number),
    (TagsField, words),
    (NESTED, nested),
)


def is_id(text: str) -> bool:
    """Tell whether a text is an id of ours."""
    try:
        return bool(UUID(text))
    except ValueError:
        return False
