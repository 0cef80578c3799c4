"""The beginning of the API: what there is in it, where, and which scopes it needs."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.urls import URLPattern, reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, viewsets
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from crm.api.permissions import required_scope
from crm.api.throttles import AddressThrottle
from crm.api.views import AnswerHeaders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rest_framework.request import Request

PREFIX: Final = "v1/"
WRITING: Final = {"create", "update", "partial_update", "destroy"}


class ScopesSerializer(serializers.Serializer[Any]):
    """The scopes that a resource needs."""

    read = serializers.CharField(max_length=100, help_text=_("To read it; empty where any token will do."))
    write = serializers.CharField(
        max_length=100, allow_null=True, help_text=_("To change it; null where nothing can be changed.")
    )


@extend_schema_field({"type": "string", "maxLength": 100, "example": "customers"})
class NameField(serializers.CharField):
    """What a resource is called in addresses and scopes."""


@extend_schema_field({"type": "string", "maxLength": 500, "example": "https://crm.example.com/api/v1/customers"})
class AddressField(serializers.CharField):
    """Where a resource is."""


class ResourceSerializer(serializers.Serializer[Any]):
    """A resource of the API."""

    name = NameField(max_length=100, help_text=_("Its name, which is the end of its address."))
    url = AddressField(max_length=500, help_text=_("Its address."))
    scopes = ScopesSerializer(help_text=_("The scopes that a token needs for it."))


class IndexSerializer(serializers.Serializer[Any]):
    """What there is in the API."""

    documentation = serializers.CharField(max_length=500, help_text=_("Where people read about it."))
    schema = serializers.CharField(max_length=500, help_text=_("Its OpenAPI document."))
    authorization_server = serializers.CharField(
        max_length=500, help_text=_("Where tokens come from: metadata of the authorization server (RFC 8414).")
    )
    results = ResourceSerializer(many=True, help_text=_("Its resources."))


class IndexViewSet(AnswerHeaders, viewsets.ViewSet):
    """The beginning of the API."""

    authentication_classes: tuple[Any, ...] = ()
    permission_classes = [AllowAny]
    throttle_classes = [AddressThrottle]
    tag = _("Start")
    tabular = ()

    @extend_schema(responses=IndexSerializer)
    def list_resources(self, request: Request) -> Response:
        """List the resources of the API.

        Each with its address, and with the scopes that reading and changing it need. No token is needed.
        """
        known = {
            "documentation": address("swagger"),
            "schema": address("schema"),
            "authorization_server": address("oauth2_provider:oauth-server-metadata"),
            "results": [
                {"name": name, "url": f"{address('index')}/{name}", "scopes": scopes} for name, scopes in resources()
            ],
        }
        return Response(IndexSerializer(known).data)


def address(name: str) -> str:
    """Return the full address of a route without parameters."""
    return f"{settings.BASE_URL}{reverse(name)}"


@lru_cache(maxsize=1)
def resources() -> list[tuple[str, dict[str, str | None]]]:
    """Return name and scopes of all that can be read without naming a record; what acts on a list is no resource."""
    found = {name: scopes_of(view) for name, view in views(import_module("crm.api.urls").urlpatterns)}
    return sorted(found.items())


def views(patterns: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield name and view of each resource."""
    for item in patterns:
        route = f"{prefix}{item.pattern}"
        if not isinstance(item, URLPattern):
            yield from views(item.url_patterns, route)
        elif route.startswith(PREFIX) and "<" not in route and is_resource(item.callback):
            yield route.removeprefix(PREFIX), item.callback.cls  # type: ignore[attr-defined]  # of DRF


def is_resource(callback: Any) -> bool:
    """Tell whether a view reads something, and is no more than an action on a list."""
    actions = getattr(callback, "actions", None)
    if actions is None:
        return hasattr(callback.cls, "get")
    extra = {name for one in callback.cls.get_extra_actions() for name in one.mapping.values()}
    return actions.get("get", "") not in {"", *extra}


def scopes_of(view: Any) -> dict[str, str | None]:
    """Return the scopes with which a resource is read and written."""
    offered = {name for name in WRITING if hasattr(view, name)} - set(getattr(view, "withheld", ()))
    return {"read": required_scope(view, "GET"), "write": required_scope(view, "POST") if offered else None}
