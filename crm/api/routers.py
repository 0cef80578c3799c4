"""The URLs of resources: plural, kebab-case, without a slash at the end."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.conf import settings
from rest_framework.routers import SimpleRouter

from crm.api.viewsets import RecordViewSet

if TYPE_CHECKING:
    from collections.abc import Mapping

_resources: dict[str, type[RecordViewSet]] = {}


class Router(SimpleRouter):
    """DRF's router with path converters, which remembers the resources."""

    def __init__(self) -> None:
        """Leave out the slash at the end."""
        super().__init__(trailing_slash=False, use_regex_path=False)

    def get_method_map(self, viewset: Any, method_map: Mapping[str, str]) -> dict[str, str]:
        """Return which method of HTTP is which operation, without those that the viewset withholds."""
        withheld = getattr(viewset, "withheld", ())
        found = super().get_method_map(viewset, method_map)
        return {method: name for method, name in found.items() if name not in withheld}

    def register(self, prefix: str, viewset: Any, basename: str | None = None) -> None:
        """Serve a viewset under the name of its list."""
        super().register(prefix, viewset, basename)
        if issubclass(viewset, RecordViewSet):
            _resources[prefix] = viewset


def resources() -> Mapping[str, type[RecordViewSet]]:
    """Return every kind of record that the API has, by the name of its list such as `customers`."""
    import_module(settings.ROOT_URLCONF)
    return _resources


def resource_of(model: Any) -> str:
    """Return the name of the list of a kind of record; empty for one that the API has not."""
    return next((name for name, viewset in resources().items() if viewset.model is model), "")
