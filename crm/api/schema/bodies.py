"""Request bodies and answers of the kit's operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.plumbing import ResolvedComponent

from crm.api.schema import responses
from crm.api.schema.serializers import Components

if TYPE_CHECKING:
    from drf_spectacular.utils import Direction

JSON, XML, CSV, MERGE_PATCH = "application/json", "application/xml", "text/csv", "application/merge-patch+json"
LINES = "application/jsonl"
TABLE = {"type": "string", "maxLength": 100_000_000, "pattern": r"^[^\u0000]*$"}
EXPORTED: dict[str, Any] = {
    CSV: {"schema": TABLE, "example": "id,name\n019a1c5e-7b3a-7c52-9d1f-3f6a2b8c4d10,John Doe\n"},
    LINES: {"schema": TABLE, "example": '{"id":"019a1c5e-7b3a-7c52-9d1f-3f6a2b8c4d10","name":"John Doe"}\n'},
}
MERGED: dict[str, Any] = {
    "type": "object",
    "required": ["id", "merged_into"],
    "properties": {
        "id": {"type": "string", "format": "uuid", "maxLength": 36},
        "merged_into": {"type": "string", "format": "uuid", "maxLength": 36},
    },
}
LINKED = ("retrieve", "update", "partial_update", "destroy")


class Bodies(Components):
    """Describes what the operations of a resource take and answer."""

    def is_resource(self) -> bool:
        """Tell whether the kit itself answers this operation."""
        from crm.api.schema.texts import OPERATIONS
        from crm.api.viewsets import ShapedViewSet

        is_own = self.view.action in getattr(self.view, "own_actions", ())
        return isinstance(self.view, ShapedViewSet) and self.view.action in OPERATIONS and not is_own

    def map_parsers(self) -> list[Any]:
        """Return the media types of bodies: of a patch first its own, and XML once."""
        types = [item for item in super().map_parsers() if item not in {MERGE_PATCH, "text/xml"}]
        return [MERGE_PATCH, *types] if self.method == "PATCH" else types

    def _get_request_body(self, direction: Direction = "request") -> Any:
        body = super()._get_request_body(direction)  # type: ignore[no-untyped-call]  # spectacular is typed by half
        if body and (self.is_resource() or self.view.action in getattr(self.view, "needs_body", ())):
            body["required"] = True
        return body

    def _get_response_bodies(self, direction: Direction = "response") -> Any:
        if self.is_page():
            return {"200": self.page(self.pages()[self.view.action])}
        if not self.is_resource():
            return super()._get_response_bodies(direction)
        if self.view.action == "destroy":
            return {"204": {"description": _("Deleted."), "headers": responses.headers()}}
        if self.view.action == "batch":
            return {"200": self.batch_answer()}
        if self.view.action == "export":
            return {"200": {"description": _("All records."), "content": EXPORTED}}
        found = {"200": self.record(_("The record."))}
        unchanged = {"description": _("Your copy is still good."), "headers": responses.headers("ETag")}
        created = self.record(_("The new record."), "Location")
        return {
            "create": {"201": created},
            "upsert": {**found, "201": created},
            "restore": {**found, "201": created},
            "retrieve": {**found, **self.led_on(), "304": unchanged},
            "by_external_id": {**found, "304": unchanged},
        }.get(self.view.action, found)

    def led_on(self) -> dict[str, Any]:
        """Return the answer to whoever asks for a record that became part of another."""
        schema = {"schema": MERGED}
        said = {
            "description": _("It became part of another record, which `Location` names."),
            "content": {JSON: schema},
        }
        return {"301": {**said, "headers": responses.headers("Location")}} if hasattr(self.view, "merge") else {}

    def record(self, description: Any, *names: str) -> dict[str, Any]:
        """Return the answer that shows one record."""
        schema = {"schema": self.component().ref}
        content = {JSON: schema, XML: schema}
        answer = {"description": description, "headers": responses.headers("ETag", *names), "content": content}
        return {**answer, "links": self.links()} if "Location" in names else answer

    def batch_answer(self) -> dict[str, Any]:
        """Return the answer that says what became of each item."""
        from crm.api.batch import BatchAnswerSerializer

        schema = {"schema": self.resolve_serializer(BatchAnswerSerializer, "response").ref}
        return {"description": _("What became of each item."), "content": {JSON: schema, XML: schema}}

    def links(self) -> dict[str, Any]:
        """Return which operations take the id of a new record."""
        from crm.api.schema.texts import OPERATIONS

        one = self.view.queryset.model._meta.model_name
        offered = [action for action in LINKED if action not in getattr(self.view, "withheld", ())]
        names = [OPERATIONS[action].name.format(one=one) for action in offered]
        return {name: {"operationId": name, "parameters": {"id": "$response.body#/id"}} for name in names}

    def pages(self) -> dict[str, Any]:
        """Return the serializers of the actions that answer pages."""
        from crm.api.timeline import TimelineEntrySerializer
        from crm.changes.representation import ChangeSerializer

        own = {"list": self.view.serializer_class, **getattr(self.view, "page_of", {})}
        return {**own, "history": ChangeSerializer, "timeline": TimelineEntrySerializer}

    def is_page(self) -> bool:
        """Tell whether the kit describes the operation's answer as a page, also where the resource answers itself."""
        is_own = self.view.action in getattr(self.view, "page_of", ()) and self.method == "GET"
        return is_own or (self.is_resource() and self.view.action in self.pages())

    def page(self, serializer: Any) -> dict[str, Any]:
        """Return the answer that shows a page of records."""
        name = self.resolve_serializer(serializer, "response").name
        page = ResolvedComponent(
            name=f"{name}List", type=ResolvedComponent.SCHEMA, schema=responses.page_of(name), object=name
        )
        self.registry.register_on_missing(page)
        content = {JSON: {"schema": page.ref}, XML: {"schema": page.ref}}
        if self.view.action == "list":
            content[CSV] = {"schema": TABLE}
        return {"description": _("A page of records."), "headers": responses.headers("Link"), "content": content}

    def component(self) -> ResolvedComponent:
        """Return how the resource's records are answered."""
        return self.resolve_serializer(self.view.serializer_class, "response")
