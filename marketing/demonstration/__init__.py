"""Segments, for demonstration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from marketing.models import Segment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.models import Model

    from crm.demonstration import Setting

SEGMENTS: Final[list[dict[str, Any]]] = [
    {
        "name": "May be written to",
        "description": "Who agreed to marketing e-mail and has an address.",
        "conditions": {"all": [{"consent": "marketing_email"}, {"not": {"email": ""}}]},
    },
    {
        "name": "To be won back",
        "description": "Former customers, and customers of whom we have not heard for half a year.",
        "conditions": {
            "any": [
                {"lifecycle": "former"},
                {"all": [{"lifecycle": "customer"}, {"not": {"interaction_within_days": "180"}}]},
            ]
        },
    },
    {
        "name": "Organizations in Europe",
        "description": "For invitations to the trade fair.",
        "conditions": {"kind": "organization", "country__in": "AT,CH,DE,ES,FR,GB"},
    },
]


def make(setting: Setting) -> Iterator[Sequence[Model]]:
    """Save three segments."""
    segments = [Segment(created_at=setting.now, **values) for values in SEGMENTS]
    for segment in segments:
        segment.full_clean()
        segment.save()
    yield segments
