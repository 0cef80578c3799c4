"""How the document describes the change feed."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from crm.api.routers import resources
from crm.api.schema.fields import STORED_TEXT
from crm.api.schema.parameters import choice_of, fields_parameter, filter_parameters, query
from crm.changes.representation import ChangeSerializer


class FeedPageSerializer(serializers.Serializer[Any]):
    """A page of the change feed."""

    next = serializers.URLField(allow_null=True, help_text=_("More changes, which are there already; null if none."))
    position = serializers.CharField(max_length=46, help_text=_("Where the page ends: go on `after` it, now or later."))
    results = ChangeSerializer(many=True)


def follow_parameters(view: Any) -> list[dict[str, Any]]:
    """Return the parameters of the feed."""
    limit = {"type": "integer", "format": "int32", "minimum": 1, "maximum": 500, "default": 100}
    return [
        query(
            "after", AFTER, _("Position, as answered; `latest`; or a time. Without it, the beginning of what is kept.")
        ),
        query("limit", limit, _("How many changes a page has.")),
        query("resource", choice_of(resources()), _("Only changes in these lists.")),
        *filter_parameters(view),
        fields_parameter(ChangeSerializer),
        query("format", {"type": "string", "enum": ["json", "xml", "csv"]}, FORMAT),
    ]


POSITION: Final = {"type": "string", "maxLength": 46, "pattern": "^[0-9]{1,18}-[0-9]{1,18}(-[0-9a-f]{8})?$"}
MOMENT: Final = {"type": "string", "format": "date-time", "maxLength": 40}
AFTER: Final = {"anyOf": [POSITION, {"type": "string", "const": "latest"}, MOMENT]}
FORMAT: Final = _("The media type, where `Accept` cannot say it.")
LINES: Final = {"type": "string", "maxLength": 100_000_000, "pattern": STORED_TEXT}
RESPONSES: Final[Any] = {
    (200, "application/json"): FeedPageSerializer,
    (200, "application/xml"): FeedPageSerializer,
    (200, "text/csv"): LINES,
    (200, "text/event-stream"): LINES,
}
