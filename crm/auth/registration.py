"""Who may register an application by itself (RFC 7591), and look after it (RFC 7592)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import JsonResponse
from django.utils.crypto import constant_time_compare
from oauth2_provider import views as toolkit

from crm.models import Application

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class HasInitialAccessToken:
    """Whoever shows the initial access token of the settings; nobody while there is none."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Tell whether the Authorization header carries it."""
        scheme, _space, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        expected = settings.INITIAL_ACCESS_TOKEN
        return bool(expected) and scheme.lower() == "bearer" and constant_time_compare(token.strip(), expected)


class ManagementView(toolkit.DynamicClientRegistrationManagementView):
    """Where an application reads, changes and deletes its registration (RFC 7592), unless it is switched off."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer 401 to an application that is off, as to a token that does not count."""
        if Application.objects.filter(client_id=kwargs["client_id"], is_active=False).exists():
            body = {"error": "invalid_token", "error_description": "Invalid registration access token"}
            return JsonResponse(body, status=401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response
