"""Records that rows refer to and another resource brought, found by the ids by which the ERP knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from crm.bulk import known_as

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from crm.models import Record
    from crm.sync.rows import Draft


class Elsewhere:
    """Finds, in one statement for each foreign key, what the drafts of a batch refer to; a preview has its own."""

    def __init__(self, system: str, preview: Mapping[Any, Record] | None) -> None:
        """Take the system whose ids they are."""
        self.system = system
        self.preview = preview or {}
        self.known: dict[tuple[str, str], Any] = {}

    def find(self, model: type[Record], drafts: Collection[Draft]) -> None:
        """Look up what the drafts of one kind of record refer to."""
        for name in {name for draft in drafts for name in draft.references}:
            kind = kind_of(model, name)
            label = kind.label()
            wanted = {draft.references[name] for draft in drafts if draft.references.get(name)}
            new = [one for one in wanted if (label, one) not in self.known]
            found, _orphans = known_as(kind, self.system, new, ["id"]) if new else ({}, [])
            previewed = {one: self.preview[label, one].pk for one in new if (label, one) in self.preview}
            stored = {one: values["id"] for one, values in found.items()}
            self.known |= {(label, one): pk for one, pk in (previewed | stored).items()}

    def of(self, model: type[Record], draft: Draft) -> dict[str, Any]:
        """Return the ids of the records that a draft refers to, by foreign key; None where there is none."""
        return {name: self.known.get((kind_of(model, name).label(), one)) for name, one in draft.references.items()}

    def missing(self, model: type[Record], draft: Draft) -> dict[str, list[str]]:
        """Return what is wrong with the references of a draft."""
        errors = {}
        for name, pk in self.of(model, draft).items():
            field, wanted = model._meta.get_field(name), draft.references[name]
            if pk is None and (wanted or not field.null):
                kind = kind_of(model, name)._meta.verbose_name
                errors[name] = [_("There is no %(kind)s of the ERP's id %(id)s here.") % {"kind": kind, "id": wanted}]
        return errors


def kind_of(model: type[Record], name: str) -> type[Record]:
    """Return the kind of record to which a foreign key points."""
    kind: type[Record] = model._meta.get_field(name).related_model  # type: ignore[assignment]  # never "self" here
    return kind
