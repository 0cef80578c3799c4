"""The document as a whole: what all operations share, and the last step before it is written."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings

from crm.api.schema import parameters, responses
from crm.api.schema.examples import csv_example, example_of, patch_example, written_example
from crm.api.schema.texts import ABOUT, BEARER, OAUTH
from crm.api.schema.webhooks import headers, webhooks

METHODS = ("get", "post", "put", "patch", "delete")
IDENTITY = {"openid", "profile", "email"}
JSON_TYPES = ("application/json", "application/merge-patch+json")


def complete(result: dict[str, Any], **_context: Any) -> dict[str, Any]:
    """Return the document with shared components, tags and examples; a postprocessing hook of spectacular's."""
    components = result["components"]
    components["schemas"] |= {"Problem": responses.PROBLEM, "Fault": responses.FAULT}
    components["responses"] = responses.shared()
    components["headers"] = responses.HEADERS
    components["parameters"] = parameters.shared() | headers()
    components["securitySchemes"] = security_schemes()
    result["info"]["description"] = ABOUT
    result["webhooks"] = webhooks()
    result["tags"] = tags(result)
    result["paths"] = {path: dict(sorted(item.items(), key=method_order)) for path, item in result["paths"].items()}
    for operation in operations(result):
        add_examples(operation, components["schemas"])
    keep_used(result)
    return result


def method_order(item: tuple[str, Any]) -> int:
    """Return where an operation stands among those of its path; spectacular itself keeps no order."""
    return METHODS.index(item[0])


def operations(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all operations."""
    return [operation for item in result["paths"].values() for operation in item.values()]


def security_schemes() -> dict[str, Any]:
    """Return how one gets and shows an access token; the addresses are relative to the server's."""
    scopes = cast("dict[str, str]", settings.OAUTH2_PROVIDER["SCOPES"])
    flow: dict[str, Any] = {
        "tokenUrl": "/o/token/",
        "refreshUrl": "/o/token/",
        "scopes": {name: str(text) for name, text in scopes.items() if name not in IDENTITY},
    }
    flows = {"authorizationCode": {"authorizationUrl": "/o/authorize/", **flow}, "clientCredentials": flow}
    return {
        "oauth2": {"type": "oauth2", "description": OAUTH, "flows": flows},
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": BEARER},
    }


def tags(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the tags in use, each described by the docstring of its first view."""
    found: dict[str, Any] = {}
    for operation in operations(result):
        description = operation.pop("x-tag-description")
        for name in operation["tags"]:
            found.setdefault(name, description)
    return [{"name": name, "description": found[name]} for name in sorted(found)]


def add_examples(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Give every body in JSON or CSV an example, unless it has one."""
    for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
        if media_type in JSON_TYPES and body.keys() == {"schema"}:
            make = patch_example if body["schema"].get("$ref", "").endswith("Patch") else written_example
            body["example"] = make(body["schema"], schemas)
    for answer in operation["responses"].values():
        content = answer.get("content", {})
        for media_type in (item for item in JSON_TYPES if item in content and content[item].keys() == {"schema"}):
            content[media_type] = {**content[media_type], "example": example_of(content[media_type]["schema"], schemas)}
        if "text/csv" in content and "application/json" in content:
            content["text/csv"]["example"] = csv_example(content["application/json"]["example"]["results"][0])


def keep_used(result: dict[str, Any]) -> None:
    """Drop the components to which nothing refers."""
    components = result["components"]
    while True:
        used = set(references({**result, "components": components}))
        left = {
            kind: {name: item for name, item in items.items() if kind == "securitySchemes" or f"{kind}/{name}" in used}
            for kind, items in components.items()
        }
        if left == components:
            break
        components = left
    result["components"] = {kind: items for kind, items in components.items() if items}


def references(node: Any) -> list[str]:
    """Return the kind and name of every component that is referred to."""
    if isinstance(node, dict):
        own = [node["$ref"].removeprefix("#/components/")] if isinstance(node.get("$ref"), str) else []
        return [*own, *(found for item in node.values() for found in references(item))]
    return [found for item in node for found in references(item)] if isinstance(node, list) else []
