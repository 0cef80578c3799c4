"""What the document says of the messages that webhooks send: one for each list and each thing that can happen."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from crm.api.schema.examples import ID, MOMENT
from crm.models import Change

TAG: Final = "webhooks"
TEST: Final = "webhook.test"
ASCII: Final = {"type": "string", "maxLength": 1000, "pattern": "^[ -~]*$"}
HEADERS: Final[dict[str, Any]] = {
    "webhook-id": _("The message's id: the same whenever it is sent, so that you can tell what you have already."),
    "webhook-timestamp": _("When it was sent, in seconds of the epoch; refuse what is older than five minutes."),
    "webhook-signature": _("HMAC-SHA256 over `id.timestamp.body` as `v1,BASE64`; two while a secret is renewed."),
}
SENT: Final = (Change.Action.CREATED, Change.Action.UPDATED, Change.Action.DELETED)


def webhooks() -> dict[str, Any]:
    """Return the messages by their names, such as `customers.created`."""
    from crm.api.routers import resources

    change = {"$ref": "#/components/schemas/Change"}
    found = {
        f"{name}.{action}": message(f"{name}.{action}", _("Sent when such a record was %s.") % action.label, change)
        for name in resources()
        for action in SENT
    }
    nothing = {
        "type": "object",
        "description": _("The webhook that is tested."),
        "properties": {"webhook": {"type": "string", "format": "uuid", "maxLength": 36, "example": ID}},
    }
    return {**found, TEST: message(TEST, _("Sent when somebody asks for a test message."), nothing)}


def message(event: str, description: Any, data: dict[str, Any]) -> dict[str, Any]:
    """Return the description of one kind of message."""
    schema = {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": event, "description": _("What happened.")},
            "timestamp": {
                "type": "string",
                "format": "date-time",
                "maxLength": 27,
                "description": _("When it happened."),
                "example": MOMENT,
            },
            "data": data,
        },
    }
    operation = {
        "operationId": f"on_{event.replace('.', '_').replace('-', '_')}",
        "summary": event,
        "description": f"{description} {_('Signed after Standard Webhooks; answer 2xx within 15 seconds.')}",
        "tags": [TAG],
        "security": [],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in HEADERS],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "2XX": {"description": _("It has arrived.")},
            "4XX": {"description": _("It is sent again later; after 410 nothing is sent any more.")},
        },
    }
    return {"post": operation}


def headers() -> dict[str, Any]:
    """Return the headers of a message, as parameters by component name."""
    return {
        name: {"name": name, "in": "header", "required": True, "description": about, "schema": ASCII}
        for name, about in HEADERS.items()
    }
