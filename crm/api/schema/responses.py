"""What the kit's operations answer: headers, media types and problems."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.api.schema.fields import STORED_TEXT

HEADERS: dict[str, dict[str, Any]] = {
    "RateLimit": {
        "description": _("What is left of the quota, and in how many seconds it is whole again."),
        "schema": {"type": "string", "maxLength": 200, "pattern": "^[ -~]*$"},
        "example": '"default";r=599;t=60',
    },
    "RateLimit-Policy": {
        "description": _("The quota and its window in seconds."),
        "schema": {"type": "string", "maxLength": 200, "pattern": "^[ -~]*$"},
        "example": '"default";q=600;w=60',
    },
    "X-Request-ID": {
        "description": _("The name of this request in the logs: the one that you sent, or a new one."),
        "schema": {"type": "string", "maxLength": 200, "pattern": "^[ -~]*$"},
        "example": "0b5e7c1d9a3f4e62",
    },
    "ETag": {
        "description": _("The version of the record, for `If-Match` and `If-None-Match` (RFC 9110)."),
        "schema": {"type": "string", "maxLength": 100, "pattern": '^"[!#-~]*"$'},
        "example": '"73219-Zk1vVb0Qd2xA"',
    },
    "Location": {
        "description": _("The address of the new record."),
        "schema": {"type": "string", "format": "uri-reference", "maxLength": 2000},
    },
    "Link": {
        "description": _("The next and the previous page (RFC 8288)."),
        "schema": {"type": "string", "maxLength": 10_000, "pattern": "^[ -~]*$"},
    },
    "Retry-After": {
        "description": _("In how many seconds to come back."),
        "schema": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 86_400},
        "example": 30,
    },
    "WWW-Authenticate": {
        "description": _("What the token lacks (RFC 6750)."),
        "schema": {"type": "string", "maxLength": 500, "pattern": "^[ -~]*$"},
        "example": 'Bearer error="insufficient_scope", scope="customers:write"',
    },
    "Allow": {
        "description": _("The methods that there are."),
        "schema": {"type": "string", "maxLength": 100, "pattern": "^[A-Z, ]*$"},
    },
}
ALWAYS = ("RateLimit", "RateLimit-Policy", "X-Request-ID")
TOO_LONG = "AddressTooLong"
REFUSALS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "400": ("Invalid", "invalid", ()),
    "401": ("NotAuthenticated", "not_authenticated", ("WWW-Authenticate",)),
    "403": ("PermissionDenied", "permission_denied", ("WWW-Authenticate",)),
    "404": ("NotFound", "not_found", ()),
    "405": ("MethodNotAllowed", "method_not_allowed", ("Allow",)),
    "406": ("NotAcceptable", "not_acceptable", ()),
    "409": ("Conflict", "conflict", ()),
    "410": ("Gone", "gone", ()),
    "412": ("PreconditionFailed", "precondition_failed", ()),
    "413": ("TooLarge", "too_large", ()),
    "414": (TOO_LONG, "", ()),
    "415": ("UnsupportedMediaType", "unsupported_media_type", ()),
    "422": ("RuleBroken", "rule_broken", ()),
    "428": ("PreconditionRequired", "precondition_required", ()),
    "429": ("Throttled", "throttled", ("Retry-After",)),
    "500": ("ServerError", "error", ()),
    "503": ("Unavailable", "unavailable", ("Retry-After",)),
}
EVERYWHERE = ("400", "401", "403", "406", "414", "429", "500", "503")
WITH_BODY = ("409", "413", "415", "422")
VERSIONED = ("412", "428")

LINE = {"type": "string", "maxLength": 1000, "pattern": STORED_TEXT}
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": _("What is wrong, for people and for programs (RFC 9457)."),
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri", "maxLength": 500, "description": _("The kind of problem.")},
        "title": {**LINE, "description": _("The kind of problem, in words.")},
        "status": {"type": "integer", "format": "int32", "minimum": 400, "maximum": 599},
        "detail": {**LINE, "maxLength": 10_000, "description": _("What is wrong here.")},
        "instance": {**LINE, "maxLength": 10_000, "description": _("The path that was asked for.")},
        "request_id": {**LINE, "description": _("The name of this request in the logs.")},
        "errors": {
            "type": "array",
            "maxItems": 10_000,
            "description": _("Each fault by itself."),
            "items": {"$ref": "#/components/schemas/Fault"},
            "xml": {"wrapped": True},
        },
    },
}
FAULT: dict[str, Any] = {
    "type": "object",
    "description": _("One fault: where it is, and what it is."),
    "required": ["code", "detail"],
    "properties": {
        "pointer": {**LINE, "maxLength": 10_000, "description": _("Where in the body it is (RFC 6901).")},
        "parameter": {**LINE, "maxLength": 10_000, "description": _("Which parameter it is.")},
        "code": {**LINE, "description": _("A stable name; never translated.")},
        "detail": {**LINE, "maxLength": 10_000, "description": _("What is wrong, in words.")},
        "id": {"type": "string", "format": "uuid", "maxLength": 36, "description": _("The record that is in the way.")},
        "score": {"type": "number", "minimum": 0, "maximum": 1, "description": _("How likely it is the same.")},
        "reasons": {
            "type": "array",
            "maxItems": 10,
            "items": LINE,
            "description": _("What it shares."),
            "xml": {"wrapped": True},
        },
    },
}


def headers(*names: str) -> dict[str, Any]:
    """Return references to the headers that every answer carries, and to these."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*ALWAYS, *names)}


def refusals(*codes: str) -> dict[str, Any]:
    """Return references to the problems of these statuses."""
    return {code: {"$ref": f"#/components/responses/{REFUSALS[code][0]}"} for code in sorted({*EVERYWHERE, *codes})}


def shared() -> dict[str, Any]:
    """Return the problems as responses by component name."""
    from crm.api.errors import PROBLEMS

    problem = {"$ref": "#/components/schemas/Problem"}
    page = {"schema": {"type": "string", "maxLength": 10_000, "pattern": STORED_TEXT}}
    too_long = _("The address has more than 8,190 characters: the web server refuses it before the CRM sees it.")
    return {
        TOO_LONG: {"description": too_long, "headers": headers(), "content": {"text/html": page}},
    } | {
        component: {
            "description": str(PROBLEMS[name][1]),
            "headers": headers(*more),
            "content": {
                "application/problem+json": {"schema": problem, "example": example(name)},
                "application/problem+xml": {"schema": problem},
            },
        }
        for component, name, more in REFUSALS.values()
        if name
    }


def example(name: str) -> dict[str, Any]:
    """Return a problem as it is answered."""
    from crm.api.errors import PROBLEMS

    code, title = PROBLEMS[name]
    errors = [{"pointer": "/email", "code": "invalid", "detail": "Enter a valid email address."}]
    return {
        "type": f"https://crm.example.com/api/problems#{name}",
        "title": str(title),
        "status": code,
        "detail": str(title),
        "instance": "/api/v1/customers",
        "request_id": "0b5e7c1d9a3f4e62",
        **({"errors": errors} if name == "invalid" else {}),
    }


def page_of(name: str) -> dict[str, Any]:
    """Return the schema of a list's page of one kind of record."""
    link = {"type": ["string", "null"], "format": "uri", "maxLength": 10_000}
    return {
        "type": "object",
        "description": _("A page of a list."),
        "required": ["next", "previous", "results"],
        "properties": {
            "next": {**link, "description": _("The next page; null on the last.")},
            "previous": {**link, "description": _("The previous page; null on the first.")},
            "count": {
                "type": "integer",
                "format": "int64",
                "minimum": 0,
                "maximum": 2**53,
                "description": _("How many records there are, where `count` asks for it."),
            },
            "results": {
                "type": "array",
                "maxItems": 200,
                "items": {"$ref": f"#/components/schemas/{name}"},
                "xml": {"wrapped": True},
            },
        },
    }
