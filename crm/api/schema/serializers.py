"""Components of the document: how a serializer is written by clients, and how it is answered."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from drf_spectacular.openapi import AutoSchema

from crm.api.schema.custom import custom_values
from crm.api.schema.fields import constrained, default_of

if TYPE_CHECKING:
    from drf_spectacular.utils import Direction


class Components(AutoSchema):
    """Describes serializers: `Customer` is what is answered, `CustomerInput` and `CustomerPatch` what is sent."""

    view: Any

    def _get_serializer_name(self, serializer: Any, direction: Direction, bypass_extensions: bool = False) -> str:  # noqa: FBT001, FBT002 -- spectacular's signature
        name = str(super()._get_serializer_name(serializer, direction, bypass_extensions))
        if name.startswith("Patched"):
            return name.removeprefix("Patched").removesuffix("Request") + "Patch"
        return name.removesuffix("Request") + "Input" if name.endswith("Request") else name

    def _get_serializer_field_meta(self, field: Any, direction: Direction) -> dict[str, Any]:
        meta: dict[str, Any] = super()._get_serializer_field_meta(field, direction)  # type: ignore[no-untyped-call]  # spectacular is typed by half
        return {key: value for key, value in meta.items() if key not in {"title", "nullable", "minLength"}}

    def _map_serializer_field(self, field: Any, direction: Direction, bypass_extensions: bool = False) -> Any:  # noqa: FBT001, FBT002 -- spectacular's signature
        from crm.api.fields import CustomValuesField
        from crm.api.representation import SQLField

        about = self._get_serializer_field_meta(field, direction)
        if isinstance(field, SQLField):
            described = copy.copy(field.described_by)  # records' fields share it
            described.bind(str(field.field_name), field.parent)
            return {**self._map_serializer_field(described, direction), **about}
        if isinstance(field, CustomValuesField):
            return custom_values(field.parent, direction) | about
        schema = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]  # spectacular is typed by half
        return schema and constrained(field, schema, direction)

    def _insert_field_validators(self, field: Any, schema: dict[str, Any]) -> None:
        """Do nothing: `constrained` has read the validators."""

    def _map_serializer(self, serializer: Any, direction: Direction, bypass_extensions: bool = False) -> Any:  # noqa: FBT001, FBT002 -- spectacular's signature
        schema = super()._map_serializer(serializer, direction, bypass_extensions)  # type: ignore[no-untyped-call]  # spectacular is typed by half
        fields = getattr(serializer, "fields", {})
        schema["description"] = sentence_about(serializer)
        if direction == "request":
            schema["additionalProperties"] = False
            if not serializer.partial:
                for name in schema["properties"]:
                    schema["properties"][name] |= default_of(fields[name])
        elif is_shaped(type(serializer)):
            schema.pop("required", None)
            self.expand(type(serializer), schema["properties"])
        return schema

    def expand(self, serializer: Any, properties: dict[str, Any]) -> None:
        """Let the fields that `?expand=` replaces be records too; a client may see fewer than there are."""
        from crm.api.representation import MAX_EXPANDED, expandable_fields

        for name, target in expandable_fields(serializer).items():
            record = self.resolve_serializer(target, "response").ref
            if name in properties:
                schema = properties[name]
                about = {key: schema.pop(key) for key in ("description", "readOnly") if key in schema}
                reference = {**schema, "type": "string"}
                properties[name] = {"anyOf": [reference, record, {"type": "null"}], **about}
            else:
                properties[name] = {
                    "type": "array",
                    "items": record,
                    "maxItems": MAX_EXPANDED,
                    "description": f"Only with `?expand={name}`.",
                    "xml": {"wrapped": True},
                }


def is_shaped(serializer: Any) -> bool:
    """Tell whether `fields` and `expand` shape what this serializer answers."""
    from crm.api.representation import SERIALIZERS

    return serializer in SERIALIZERS.values()


def sentence_about(serializer: Any) -> str:
    """Return the serializer's own docstring, or else its model's, whose first paragraph says what a record is."""
    own = vars(type(serializer)).get("__doc__")
    model = getattr(getattr(serializer, "Meta", None), "model", None)
    return str(own or getattr(model, "__doc__", "") or "").partition("\n\n")[0]
