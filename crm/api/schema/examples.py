"""Examples for the document: the same realistic value for the same name, wherever it stands."""

from __future__ import annotations

import re
from typing import Any

ID = "019a1c5e-7b3a-7c52-9d1f-3f6a2b8c4d10"
MOMENT = "2026-03-02T09:30:00.000000Z"
BY_NAME: dict[str, Any] = {
    "about_id": None,
    "about_type": "",
    "after": {"lifecycle": "customer"},
    "application": "crm",
    "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
    "authorization_server": "https://crm.example.com/.well-known/oauth-authorization-server",
    "before": {"lifecycle": "prospect"},
    "body": "Asked for an offer by Friday.",
    "change": "73219-48113",
    "city": "New York",
    "color": "blue",
    "countries": ["US"],
    "country": "US",
    "currency": "EUR",
    "custom": {},
    "description": "Met at the spring fair.",
    "documentation": "https://crm.example.com/api/docs",
    "duration": 540,
    "email": "john.doe@example.com",
    "expires_in": 600,
    "external_id": "ALFKI",
    "external_references": [{"system": "erp", "external_id": "ALFKI"}],
    "family_name": "Doe",
    "fax": "",
    "first_name": "John",
    "given_name": "John",
    "industry": "Logistics",
    "items": [{"operation": "delete", "id": ID}],
    "job_title": "Buyer",
    "language": "en",
    "last_name": "Doe",
    "max_value": "100",
    "min_value": "1",
    "name": "John Doe",
    "only": ["lifecycle"],
    "parameters": {"lifecycle": "lead"},
    "password": "correct horse battery staple",
    "permissions": ["customers.add_customer", "customers.view_team_customer"],
    "position": "73219-48113-5f0c2a9e",
    "phone": "+1 212 555 0100",
    "phone_e164": "+12125550100",
    "postal_code": "10001",
    "read": "customers:read",
    "redirect_url": "https://www.example.com/thank-you",
    "refresh_token": "Jc7kP2mVtq0ZrXw4nB9eYh3LdUa6sGfT",
    "region": "NY",
    "request_id": "0b5e7c1d9a3f4e62",
    "resource": "customers",
    "roles": ["Sales representative"],
    "ship_to_country": "US",
    "secret": "whsec_c2VjcmV0IG9mIHRoaXMgb25lIHdlYmhvb2sgb25seSE=",
    "scope": "customers:read customers:write",
    "quiet_from": "20:00:00",
    "quiet_until": "08:00:00",
    "schema": "https://crm.example.com/api/schema",
    "scopes": ["customers:read", "customers:write"],
    "source": "Spring fair",
    "street": "350 Fifth Avenue",
    "subject": "First call",
    "system": "erp",
    "tags": ["vip"],
    "tax_id": "",
    "time_zone": "America/New_York",
    "title": "Call back about the offer",
    "token_type": "Bearer",
    "until": "2030-03-02T09:30:00.000000Z",
    "username": "john.doe",
    "website": "https://www.example.com",
    "write": "customers:write",
}
DECIMALS = ("^-?[0-9]", "^[0-9]")  # how the pattern of a decimal begins
BY_FORMAT = {
    "date": "2026-03-02",
    "date-time": MOMENT,
    "email": BY_NAME["email"],
    "uri": BY_NAME["website"],
    "uuid": ID,
}
BY_TYPE: dict[str, Any] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}


def example_of(schema: dict[str, Any], components: dict[str, Any], name: str = "") -> Any:
    """Return a value that the schema allows; `components` are what its references lead to."""
    if "$ref" in schema:
        return example_of(components[schema["$ref"].rpartition("/")[2]], components, name)
    for key in ("example", "const", "default"):
        if key in schema:
            return schema[key]
    if name in BY_NAME and fits(BY_NAME[name], schema):
        return BY_NAME[name]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return example_of(schema[key][0], components, name)
    return typed_example(schema, components)


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Tell whether the usual value of a name is one here: the same name may stand for something else elsewhere."""
    if value not in schema.get("enum", [value]) or (value is None and schema.get("type") == "string"):
        return False
    if isinstance(value, list):
        return "array" in schema.get("type", "")
    if not isinstance(value, str):
        return True
    return (
        "string" in schema.get("type", "string")
        and len(value) <= schema.get("maxLength", len(value))
        and bool(re.search(schema.get("pattern", ""), value))
    )


def typed_example(schema: dict[str, Any], components: dict[str, Any]) -> Any:
    """Return a value of the schema's type and format."""
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {
            name: example_of(item, components, name)
            for name, item in schema.get("properties", {}).items()
            if not is_only_expanded(item)
        }
    if kind == "array":
        return [example_of(schema.get("items", {}), components)]
    if schema.get("pattern", "").startswith(DECIMALS):
        return "12"
    return BY_FORMAT.get(schema.get("format", ""), BY_TYPE[kind])


def is_only_expanded(schema: dict[str, Any]) -> bool:
    """Tell whether a member is there only when `?expand=` asks for it."""
    return str(schema.get("description", "")).startswith("Only with `?expand=")


def written_example(schema: dict[str, Any], components: dict[str, Any]) -> Any:
    """Return a request body: what must be given, and what stands for itself without another record's id."""
    value = example_of(schema, components)
    component = components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if not isinstance(value, dict):
        return value
    required = component.get("required", [])
    properties = component.get("properties", {})
    return {name: item for name, item in value.items() if name in required or is_telling(item, properties[name])}


def is_telling(value: Any, schema: dict[str, Any]) -> bool:
    """Tell whether a value belongs into an example of a request: not a reference, not empty, not the default."""
    is_plain = not isinstance(value, dict | list) and value not in ("", None, ID, False)
    return is_plain and value != schema.get("default")


def csv_example(record: dict[str, Any]) -> str:
    """Return the first columns of a record as CSV; of a row that is no record, all."""
    telling = ["id", *(name for name in record if BY_NAME.get(name) and isinstance(record[name], str))]
    columns = telling[:5] if "id" in record else list(record)
    return ",".join(columns) + "\r\n" + ",".join(str(record[name]) for name in columns) + "\r\n"


def patch_example(schema: dict[str, Any], components: dict[str, Any]) -> Any:
    """Return a body that changes one field."""
    value = written_example(schema, components)
    names = [name for name in BY_NAME if name in value] if isinstance(value, dict) else []
    return {names[0]: value[names[0]]} if names else value
