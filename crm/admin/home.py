"""The home page: panels of real figures, one per question, which every application adds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from crm.admin.site import staff

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.http import HttpRequest
    from django.utils.functional import _StrPromise

    from crm.models import User

COLORS = (
    "var(--color-primary-600)",
    "var(--color-primary-300)",
    "var(--color-base-400)",
    "var(--color-base-300)",
    "#0d9488",
    "#d97706",
    "#db2777",
    "#7c3aed",
)


@dataclass(frozen=True)
class Figure:
    """A number with its name and the list that it counts."""

    label: str | _StrPromise
    value: int
    link: str
    icon: str = ""


@dataclass(frozen=True)
class Panel:
    """A part of the home page; `template` draws `data`."""

    title: str | _StrPromise
    template: str
    data: Any = None
    link: str = ""
    width: int = 1
    extra: dict[str, Any] = field(default_factory=dict)


PanelMaker = Callable[["User"], "Iterable[Panel]"]
PANELS: list[PanelMaker] = []


def add_panels(maker: PanelMaker) -> PanelMaker:
    """Show on the home page what `maker` returns for a user: nothing, where they may see nothing."""
    PANELS.append(maker)
    return maker


def chart(labels: Sequence[object], series: Mapping[str, Sequence[float]]) -> str:
    """Return the data of a chart as unfold's chart component reads it."""
    return json.dumps(
        {
            "labels": [str(label) for label in labels],
            "datasets": [
                {
                    "label": label,
                    "data": list(values),
                    "backgroundColor": color,
                    "borderColor": color,
                    "displayYAxis": True,
                    "maxBarThickness": 24,
                }
                for (label, values), color in zip(series.items(), cycle(COLORS), strict=False)
            ],
        }
    )


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Give the home page its panels."""
    user = staff(request)
    return {**context, "title": _("Home"), "panels": [panel for maker in PANELS for panel in maker(user)]}
