"""The API's resources, read from the URL map."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, get_resolver

from crm.api.viewsets import RecordViewSet, ShapedViewSet


def patterns(resolver: Any, prefix: str = "") -> list[tuple[str, URLPattern]]:
    """Return every route with its pattern."""
    found: list[tuple[str, URLPattern]] = []
    for item in resolver.url_patterns:
        route = f"{prefix}{item.pattern}"
        if isinstance(item, URLPattern):
            found.append((route, item))
        else:
            found += patterns(item, route)
    return found


def viewsets() -> dict[str, type[ShapedViewSet]]:
    """Return the viewset of each resource by the path of its list."""
    routes = {
        f"/{route}": pattern.callback.cls  # type: ignore[attr-defined]
        for route, pattern in patterns(get_resolver())
        if getattr(pattern.callback, "actions", {}).get("get") == "list"
    }
    return {route: viewset for route, viewset in routes.items() if issubclass(viewset, ShapedViewSet)}


RESOURCES = viewsets()
RECORDS = {path: viewset for path, viewset in RESOURCES.items() if issubclass(viewset, RecordViewSet)}


def scope_to_read(path: str) -> str:
    """Return the scope that reading a resource needs."""
    scope = RESOURCES[path].scope
    return scope if ":" in scope else f"{scope}:read"


def scopes_of(viewset: type[ShapedViewSet]) -> tuple[str, str]:
    """Return the scopes with which everything can be done that a resource offers."""
    return f"{viewset.scope}:read", getattr(viewset, "write_scope", f"{viewset.scope}:write")


STANDARD = {"list", "retrieve", "create", "update", "partial_update", "destroy"}


def operations(viewset: type[ShapedViewSet]) -> set[str]:
    """Return the names of everything that a resource can do."""
    actions: list[Any] = list(viewset.get_extra_actions())
    extra = {name for action in actions for name in action.mapping.values()}
    standard = {name for name in STANDARD if hasattr(viewset, name)}
    return (extra | standard) - getattr(viewset, "withheld", frozenset())


def offering(*names: str) -> list[str]:
    """Return the records whose viewsets do all of this as the kit does it."""
    own = {path: set(getattr(viewset, "own_actions", ())) for path, viewset in RECORDS.items()}
    return [path for path, viewset in RECORDS.items() if set(names) <= operations(viewset) - own[path]]
