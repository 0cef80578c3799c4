"""The staff site's frame: its sidebar, which every application fills, and its style sheet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from django.contrib import admin
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import Model
    from django.http import HttpRequest
    from django.utils.functional import _StrPromise

    from crm.models import User


@dataclass(frozen=True)
class Item:
    """One line of the sidebar: the list of a kind of record, perhaps narrowed to one value of a field."""

    title: _StrPromise
    icon: str
    model: type[Model]
    narrowed_by: tuple[str, str] | None = None

    @property
    def path(self) -> str:
        """Address of the list, before it is narrowed."""
        options = self.model._meta
        return reverse(f"admin:{options.app_label}_{options.model_name}_changelist")

    def is_open(self, request: HttpRequest) -> bool:
        """Tell whether the page belongs to this line."""
        if not request.path.startswith(self.path):
            return False
        if self.narrowed_by is None:
            others = [item for section in SECTIONS for item in section.items if item.narrowed_by]
            return not any(item.model is self.model and item.is_open(request) for item in others)
        name, value = self.narrowed_by
        return request.GET.get(name) == value

    def entry(self, request: HttpRequest) -> dict[str, Any]:
        """Return the line as unfold draws it."""
        return {
            "title": self.title,
            "icon": self.icon,
            "link": f"{self.path}?{urlencode([self.narrowed_by])}" if self.narrowed_by else self.path,
            "active": self.is_open(request),
            "permission": lambda _request: admin.site.get_model_admin(self.model).has_view_permission(request),
        }


@dataclass
class Section:
    """A titled group of lines of the sidebar."""

    title: _StrPromise
    order: int
    items: list[Item] = field(default_factory=list)


SECTIONS: list[Section] = []


def add_section(section: Section) -> None:
    """Put a section into the sidebar, by its order."""
    SECTIONS.append(section)
    SECTIONS.sort(key=lambda one: one.order)


type Entry = Callable[[HttpRequest], dict[str, Any]]
TOP: list[Entry] = []


def add_to_top(entry: Entry) -> Entry:
    """Put the line that `entry` returns, as unfold draws it, below the home page's."""
    TOP.append(entry)
    return entry


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar; unfold hides the lines that the user may not see."""
    home = {"title": _("Home"), "icon": "home", "link": reverse("admin:index")}
    return [
        {"items": [home, *(entry(request) for entry in TOP)]},
        *(
            {"title": section.title, "separator": True, "items": [item.entry(request) for item in section.items]}
            for section in SECTIONS
        ),
    ]


def stylesheet(request: HttpRequest) -> str:
    """Return the address of the staff site's own style sheet."""
    return static("crm/staff.css")


def icon(request: HttpRequest) -> str:
    """Return the address of the icon that browsers show beside the page's name."""
    return static("crm/icon.svg")


def staff(request: HttpRequest) -> User:
    """Return who is signed in; the staff site lets nobody else in."""
    return cast("User", request.user)
