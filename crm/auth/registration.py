"""Who may register an application by itself (RFC 7591), and look after it (RFC 7592)."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from oauth2_provider import views as toolkit

from crm.auth.applications import forget
from crm.auth.views import Limited
from crm.models import Application

if TYPE_CHECKING:
    from django.http import HttpRequest

# With these a program waits for a person to let it in; with the others it would act for itself, or ask for passwords.
ASKING: Final = frozenset({"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"})
NUL: Final = "\\u0000"  # as JSON writes it


class HasInitialAccessToken:
    """Whoever shows the initial access token of the settings; nobody while there is none."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Tell whether the Authorization header carries it."""
        scheme, _space, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        expected = settings.INITIAL_ACCESS_TOKEN
        return bool(expected) and scheme.lower() == "bearer" and constant_time_compare(token.strip(), expected)


def refusal(text: str) -> JsonResponse:
    """Return an error in the form of RFC 7591, section 3.2.2."""
    return JsonResponse({"error": "invalid_client_metadata", "error_description": text}, status=HTTPStatus.BAD_REQUEST)


def refused(request: HttpRequest) -> JsonResponse | None:
    """Refuse metadata that cannot be kept, and a grant by which a program would not have to ask people."""
    try:
        said = json.loads(request.body)
        text = json.dumps(said, ensure_ascii=False).encode().decode()
    except (ValueError, RecursionError):
        return refusal("The body is no JSON that can be read.")
    if NUL in text:
        return refusal("The metadata must not hold NUL.")
    grants = said.get("grant_types") if isinstance(said, dict) else None
    if isinstance(grants, list) and not ASKING.issuperset(one for one in grants if isinstance(one, str)):
        return refusal("An application that registers itself must be let in by people: no other grant is allowed.")
    return None


class RegistrationView(Limited, toolkit.DynamicClientRegistrationView):
    """Where an application registers itself: as nobody's, whoever is signed in to the browser that asks."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Register it, for a grant that asks people."""
        request.user = AnonymousUser()
        response: HttpResponse = refused(request) or super().post(request, *args, **kwargs)
        return response


class ManagementView(Limited, toolkit.DynamicClientRegistrationManagementView):
    """Where an application reads, changes and deletes its registration (RFC 7592), unless it is switched off."""

    def _authenticate_registration_request(self, request: HttpRequest, client_id: str) -> Any:
        """Answer 401 to an application that is off, as to a token that does not count."""
        found = super()._authenticate_registration_request(request, client_id)
        if isinstance(found, HttpResponse) or cast("Application", found.application).is_active:
            return found
        body = {"error": "invalid_token", "error_description": "Invalid registration access token"}
        return JsonResponse(body, status=401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})

    @method_decorator(transaction.atomic)
    def put(self, request: HttpRequest, client_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """Change it; whoever let it in is asked again where others could get now what was given to it."""
        before = Application.objects.filter(client_id=client_id).first()
        response: HttpResponse = refused(request) or super().put(request, client_id, *args, **kwargs)
        if before is not None and response.status_code == HTTPStatus.OK:
            after = Application.objects.get(pk=before.pk)
            if after.is_wider_than(before):
                forget(application=after, by=None)
        return response
