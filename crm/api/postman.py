"""The OpenAPI document as a Postman collection (format v2.1)."""

from __future__ import annotations

import json
from typing import Any

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
TOKEN_SCRIPT = (
    "pm.test('is not refused', () => pm.expect(pm.response.code).to.be.below(400));",
    "const tag = pm.response.headers.get('ETag');",
    "if (tag) pm.collectionVariables.set('etag', tag);",
    "const body = pm.response.headers.get('Content-Type')?.includes('json') ? pm.response.json() : {};",
    "if (pm.response.code === 201 && body.id) pm.collectionVariables.set('id', body.id);",
)
VARIABLES = ("client_id", "client_secret", "access_token", "id", "etag")


def collection(document: dict[str, Any], base_url: str) -> dict[str, Any]:
    """Return the collection: a folder for each tag, a request for each operation, OAuth from variables."""
    folders: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            folders[operation["tags"][0]].append(request_item(document, path, method, operation))
    about = {tag["name"]: tag.get("description", "") for tag in document["tags"]}
    values = {"base_url": base_url, "scope": " ".join(scopes(document)), **dict.fromkeys(VARIABLES, "")}
    return {
        "info": {
            "name": document["info"]["title"],
            "description": document["info"]["description"],
            "version": document["info"]["version"],
            "schema": SCHEMA,
        },
        "auth": oauth(document),
        "event": [{"listen": "test", "script": {"type": "text/javascript", "exec": list(TOKEN_SCRIPT)}}],
        "variable": [{"key": name, "value": value} for name, value in values.items()],
        "item": [{"name": name, "description": about[name], "item": items} for name, items in folders.items()],
    }


def scopes(document: dict[str, Any]) -> list[str]:
    """Return all scopes there are."""
    return sorted(document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"])


def oauth(document: dict[str, Any]) -> dict[str, Any]:
    """Return Postman's OAuth 2.0 settings: client credentials, with what the variables hold."""
    flow = document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
    values = {
        "grant_type": "client_credentials",
        "accessTokenUrl": "{{base_url}}" + flow["tokenUrl"],
        "clientId": "{{client_id}}",
        "clientSecret": "{{client_secret}}",
        "scope": "{{scope}}",
        "accessToken": "{{access_token}}",
        "client_authentication": "header",
        "addTokenTo": "header",
    }
    return {
        "type": "oauth2",
        "oauth2": [{"key": key, "value": value, "type": "string"} for key, value in values.items()],
    }


def request_item(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    """Return one request with its parameters, switched off unless they are compulsory, and its body."""
    parameters = [resolved(document, item) for item in operation.get("parameters", [])]
    media_type, body = body_of(operation)
    sent = [{"key": "Content-Type", "value": media_type}] if media_type else []
    request: dict[str, Any] = {
        "method": method.upper(),
        "description": operation.get("description", ""),
        "header": [*sent, {"key": "Accept", "value": "application/json"}, *of_kind(parameters, "header")],
        "url": address(path, parameters),
    }
    if media_type:
        request["body"] = {"mode": "raw", "raw": body, "options": {"raw": {"language": "json"}}}
    if not operation.get("security"):
        request["auth"] = {"type": "noauth"}
    return {"name": operation["summary"], "request": request, "response": []}


def resolved(document: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter, where it is a reference the one that it leads to."""
    if "$ref" not in item:
        return item
    found: dict[str, Any] = document["components"]["parameters"][item["$ref"].rpartition("/")[2]]
    return found


def of_kind(parameters: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Return the parameters in the query or the headers as Postman has them."""
    return [
        {"key": item["name"], "value": "{{etag}}" if item["name"].startswith("If-") else "", "disabled": True}
        | {"description": item["description"]}
        for item in parameters
        if item["in"] == kind
    ]


def address(path: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """Return Postman's form of an address with variables in its path."""
    parts = [f":{part[1:-1]}" if part.startswith("{") else part for part in path.strip("/").split("/")]
    names = [part[1:] for part in parts if part.startswith(":")]
    return {
        "raw": "{{base_url}}/" + "/".join(parts),
        "host": ["{{base_url}}"],
        "path": parts,
        "query": of_kind(parameters, "query"),
        "variable": [{"key": name, "value": "{{id}}" if name == "id" else ""} for name in names],
    }


def body_of(operation: dict[str, Any]) -> tuple[str, str]:
    """Return the media type and the example of the body; both empty where there is none."""
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        if "json" in media_type:
            return media_type, json.dumps(content.get("example", {}), ensure_ascii=False, indent=2)
    return "", ""
