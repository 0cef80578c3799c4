"""One operation of the document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.plumbing import get_doc

from crm.api.schema import parameters, responses
from crm.api.schema.bodies import Bodies
from crm.api.schema.texts import OPERATIONS, PATHS

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH_SCHEMAS: dict[str, dict[str, Any]] = {
    "id": parameters.UUID,
    "delivery": parameters.UUID,
    "system": {"type": "string", "maxLength": 50, "pattern": "^[-a-zA-Z0-9_]+$"},
    "external_id": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[^\u0000-\u001f\u007f]+$"},
}


class OperationSchema(Bodies):
    """Describes an operation of the kit in full, and completes what spectacular finds out about any other."""

    def get_operation(self, *args: Any) -> dict[str, Any] | None:
        """Return the operation with all the problems that it can answer."""
        operation = super().get_operation(*args)
        if operation is None:
            return None
        operation.setdefault("security", [])
        if self.is_repeatable():
            operation.setdefault("parameters", []).append(parameters.reference("Idempotency-Key"))
        answers = operation["responses"]
        for answer in answers.values():
            answer["headers"] = {**responses.headers(), **answer.get("headers", {})}
            answer["description"] = answer.get("description") or _("Done.")
        operation["responses"] = dict(sorted({**responses.refusals(*self.refusals()), **answers}.items()))
        operation["x-tag-description"] = get_doc(self.view.__class__)
        return operation

    def is_repeatable(self) -> bool:
        """Tell whether the operation takes an Idempotency-Key: whatever changes something for a caller with a token."""
        return self.method in {"POST", "PUT", "PATCH", "DELETE"} and bool(self.get_auth())

    def refusals(self) -> list[str]:
        """Return the statuses with which this operation can refuse, besides those that all share."""
        codes = [*(["404"] if "{" in self.path else []), *getattr(self.view, "own_refusals", ())]
        if self.is_page() or (self.is_resource() and self.view.action == "export"):
            codes.append("422")
        if self.method in {"POST", "PUT", "PATCH"}:
            codes += responses.WITH_BODY
        if self.is_repeatable():
            codes += ["409", "422"]
        if self.is_resource() and (self.method in {"PUT", "PATCH", "DELETE"} or self.view.action == "restore"):
            codes += ["409", *responses.VERSIONED]
        return codes

    def names(self) -> dict[str, str]:
        """Return what one record is called, and what several are."""
        options = self.view.queryset.model._meta
        return {"one": str(options.verbose_name), "many": str(options.verbose_name_plural)}

    def get_operation_id(self) -> str:
        """Return a name such as `list_customers`."""
        model = getattr(getattr(self.view, "queryset", None), "model", None)
        if model is None:
            return str(getattr(self.view, "action", None) or super().get_operation_id())
        one, many = model._meta.model_name, str(model._meta.verbose_name_plural).replace(" ", "_")
        if self.is_resource():
            return OPERATIONS[self.view.action].name.format(one=one, many=many)
        return f"{self.view.action}_{many if self.view.action.endswith('s') else one}"

    def get_tags(self) -> list[str]:
        """Return the resource; of another view what it says that it belongs to."""
        if getattr(self.view, "queryset", None) is not None:
            return [self.names()["many"].capitalize()]
        return [str(getattr(self.view, "tag", _("Sign-in")))]

    def get_summary(self) -> str:
        """Return what the operation does, in a few words."""
        if self.is_resource():
            return str(OPERATIONS[self.view.action].summary) % self.names()
        sentence = (self.said() or str(super().get_description())).split("\n\n")[0].replace("\n", " ")
        return sentence.partition(".")[0].partition(";")[0].partition(":")[0]

    def get_description(self) -> str:  # type: ignore[override]  # spectacular's signature
        """Return what the records are, and what the operation does to them."""
        if self.is_resource():
            parts = (get_doc(self.view.__class__), self.said(), str(OPERATIONS[self.view.action].description))
            return "\n\n".join(filter(None, parts))
        return self.said() or str(super().get_description())

    def said(self) -> str:
        """Return what the view says of this operation alone."""
        says: Mapping[str, str] = getattr(self.view, "says", {})
        return says.get(getattr(self.view, "action", ""), "")

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Return the scope that the token needs; nothing where no token is needed."""
        from rest_framework.permissions import AllowAny

        from crm.api.permissions import required_scope

        if all(isinstance(item, AllowAny) for item in self.view.get_permissions()):
            return []
        scope = required_scope(self.view, self.method)
        return [{"oauth2": [scope] if scope else []}, {"bearer": []}]

    def _get_format_parameters(self) -> list[dict[str, Any]]:
        return [parameters.media_format(self.map_renderers("format"))]

    def _get_parameters(self) -> list[dict[str, Any]]:
        found = [self.path_parameter(name) for name in PATHS if f"{{{name}}}" in self.path]
        own = getattr(self.view, f"{getattr(self.view, 'action', '')}_parameters", None)
        if own is not None:
            return [*found, *own()]
        if not (self.is_resource() or self.is_page()):
            others = [one for one in super()._get_parameters() if one["in"] != "path"]
            return [*found, *others]
        return [*found, *self.kit_parameters(self.view.action)]

    def kit_parameters(self, action: str) -> list[dict[str, Any]]:
        """Return the parameters of an operation of the kit, besides those in the path."""
        makers = {"list": parameters.list_parameters, "export": parameters.export_parameters}
        if action in makers:
            return makers[action](self.view)
        if action in self.pages():
            return parameters.page_parameters(self.pages()[action], self.view)
        found = []
        if action in {"retrieve", "by_external_id", "upsert"}:
            found.append(parameters.reference("If-None-Match"))
        if self.method in {"PUT", "PATCH", "DELETE"} or action == "restore":
            found.append(parameters.reference("If-Match"))
        if action in {"destroy", "batch"}:
            return [*found, parameters.media_format(self.map_renderers("format"))]
        return [*found, *parameters.shape_parameters(self.view)]

    def path_parameter(self, name: str) -> dict[str, Any]:
        """Return a parameter that stands in the path."""
        return {"name": name, "in": "path", "required": True, "description": PATHS[name], "schema": PATH_SCHEMAS[name]}
