"""The endpoints of OAuth 2.0: the toolkit's, kept to form."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.db import transaction
from django.http import HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View
from oauth2_provider import views as toolkit
from oauth2_provider.models import AccessToken
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request
from rest_framework_simplejwt.exceptions import TokenBackendError

from crm.auth.accounts import may_act
from crm.auth.authentication import InvalidToken, challenge, identify
from crm.auth.hashing import RETRY_SECONDS, TOO_BUSY, Busy
from crm.auth.limits import count_address
from crm.auth.tokens import claims_of
from crm.models import Application, DeviceGrant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from crm.auth.limits import Usage

LENGTHS = {"nonce": 255, "code_challenge": 128, "state": 2000}
MAX_LENGTH = 4000
INTROSPECT = "tokens:introspect"


def refusal(error: str, description: str, status: int = 400, headers: dict[str, str] | None = None) -> JsonResponse:
    """Return an error in the form of RFC 6749, section 5.2."""
    body = {"error": error, "error_description": description}
    return JsonResponse(body, status=status, headers={"Cache-Control": "no-store", **(headers or {})})


def too_many(usage: Usage) -> JsonResponse:
    """Refuse an address that asks too often."""
    return refusal("slow_down", "Too many requests from this address.", 429, {"Retry-After": str(usage.resets_in)})


def is_malformed(lists: Iterable[tuple[str, list[Any]]]) -> bool:
    """Tell whether a parameter holds what no column takes: NUL, or more than it can."""
    return any(
        "\0" in str(value) or len(str(value)) > LENGTHS.get(name, MAX_LENGTH)
        for name, values in lists
        for value in values
    )


class WellFormed(View):
    """Refuses parameters that are malformed, with which the toolkit would fail."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer 400 where a parameter cannot be read."""
        malformed = refusal("invalid_request", "A parameter is malformed.")
        if is_malformed(chain(request.GET.lists(), request.POST.lists())):
            return malformed
        try:
            return super().dispatch(request, *args, **kwargs)
        except ValueError:  # how oauthlib says that it cannot parse what was sent
            return malformed


@method_decorator(csrf_exempt, name="dispatch")
class Limited(View):
    """An endpoint for programs, which refuses a network address that asks it too often."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Count the request, then answer it or refuse it with 429."""
        usage = count_address(request, f"oauth {type(self).__name__}")
        try:
            return too_many(usage) if usage.is_exceeded else super().dispatch(request, *args, **kwargs)
        except Busy:
            return refusal("temporarily_unavailable", str(TOO_BUSY), 503, {"Retry-After": str(RETRY_SECONDS)})


class ConsentNeeded(Exception):
    """A person must be asked, whatever was agreed to before."""


class AuthorizationView(WellFormed, toolkit.AuthorizationView):
    """The consent page (RFC 6749, section 4.1.1)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the page, or return at once to a program that was let in before and that nobody can pose as."""
        try:
            response: HttpResponse = super().get(request, *args, **kwargs)
        except ConsentNeeded:
            return self.render_to_response(self.get_context_data(**self.oauth2_data))
        return response

    def create_authorization_response(
        self,
        request: HttpRequest,
        scopes: str,
        credentials: dict[str, Any],
        allow: bool,  # noqa: FBT001 -- the toolkit's signature
    ) -> Any:
        """Give what was asked for; without a form, only where no other program can get it (RFC 8252, section 8.6)."""
        application = Application.objects.get(client_id=credentials["client_id"])
        if request.method != "POST" and not application.is_known_at(
            credentials["redirect_uri"], credentials["response_type"]
        ):
            raise ConsentNeeded
        return super().create_authorization_response(request, scopes, credentials, allow)

    def redirect(self, redirect_to: str, application: Application | None) -> HttpResponseRedirect:
        """Return to the registered address, also with an error saying who answers (RFC 9207)."""
        parts = urlsplit(redirect_to)
        names = {*parse_qs(parts.query), *parse_qs(parts.fragment)}
        issuer = "" if "iss" in names else f"&{urlencode({'iss': settings.BASE_URL})}"
        return HttpResponseRedirect(redirect_to + issuer)

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """Show the page; browsers hold the policy for forms also against where the answer sends them."""
        response: HttpResponse = super().render_to_response(context, **kwargs)
        address = self.oauth2_data.get("redirect_uri")
        if address:
            policy = {**settings.SECURE_CSP, "form-action": [CSP.SELF, origin_of(address)]}
            response._csp_config = policy  # type: ignore[attr-defined]  # read by Django's middleware
        return response


def origin_of(address: str) -> str:
    """Return scheme, host and port of an address, as a policy names them."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


class TokenView(Limited, WellFormed, toolkit.TokenView):
    """The token endpoint (RFC 6749, section 3.2): one transaction, so that nothing is exchanged twice."""

    @method_decorator(transaction.atomic)
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer all grants alike; the toolkit's own way for devices misses expiry and haste."""
        response: HttpResponse = self.authorization_flow_token_response(request)
        return response


class RevocationView(Limited, WellFormed, toolkit.RevokeTokenView):
    """The revocation endpoint (RFC 7009)."""


class DeviceAuthorizationView(Limited, WellFormed, toolkit.DeviceAuthorizationView):
    """Where a device asks for its codes (RFC 8628, section 3.1)."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Give codes to programs registered for this grant; the toolkit stumbles over the scope of the answer."""
        client = Application.objects.filter(client_id=request.POST.get("client_id", "")).first()
        if client is not None and client.authorization_grant_type != Application.GRANT_DEVICE_CODE:
            return refusal("unauthorized_client", "The application is not registered for this grant.")
        headers, answer, status = self.create_device_authorization_response(request)
        if status != HTTPStatus.OK or client is None:
            return JsonResponse(json.loads(answer), status=status, headers=headers)
        DeviceGrant.objects.create(
            client_id=client.client_id,
            device_code=answer["device_code"],
            user_code=answer["user_code"],
            scope=request.POST.get("scope", "").strip() or " ".join(oauth2_settings.DEFAULT_SCOPES),
            interval=answer["interval"],
            expires=timezone.now() + timedelta(seconds=answer["expires_in"]),
        )
        return JsonResponse(answer, headers=headers)


class IntrospectionView(Limited, WellFormed, toolkit.RevokeTokenView):
    """The introspection endpoint (RFC 7662), for confidential applications."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Say whether an access token counts now, and what it says.

        An application that shows its secret hears of its own tokens. One that shows a token with the scope
        `tokens:introspect`, of an account that may see applications, hears of all (RFC 7662, section 2.1).
        """
        known = AccessToken.objects.all()
        if request.headers.get("Authorization", "").lower().startswith("bearer "):
            refused = refused_bearer(request)
            if refused is not None:
                return refused
        elif (asking := self.confidential(request)) is not None:
            known = known.filter(application=asking)
        else:
            return refusal("invalid_client", "Client authentication failed.", 401, {"WWW-Authenticate": "Basic"})
        token = request.POST.get("token")
        if not token:
            return refusal("invalid_request", "The parameter token is missing.")
        return JsonResponse(introspected(token, known), headers={"Cache-Control": "no-store"})

    def confidential(self, request: HttpRequest) -> Application | None:
        """Return the confidential application that the request is authenticated by."""
        core = self.get_oauthlib_core()
        uri, method, body, headers = core._extract_params(request)
        asking = Request(uri, method, body, headers)
        if not core.server.request_validator.authenticate_client(asking):
            return None
        application: Application = asking.client
        return application if application.client_type == Application.CLIENT_CONFIDENTIAL else None


def refused_bearer(request: HttpRequest) -> JsonResponse | None:
    """Refuse a bearer token that may not ask about those of others (RFC 6750, section 3.1)."""
    try:
        user, credentials = identify(request.headers["Authorization"].partition(" ")[2].strip())
    except InvalidToken as error:
        return refusal("invalid_token", str(error.detail), 401, error.headers)
    asking = Application.objects.filter(client_id=credentials.client_id, client_type=Application.CLIENT_CONFIDENTIAL)
    if INTROSPECT in credentials.scopes and user.has_perm("crm.view_application") and asking.exists():
        return None
    headers = {"WWW-Authenticate": challenge('error="insufficient_scope"', f'scope="{INTROSPECT}"')}
    return refusal("insufficient_scope", "The token may not ask about those of others.", 403, headers)


def introspected(token: str, known: QuerySet[AccessToken]) -> dict[str, Any]:
    """Return the answer of RFC 7662, section 2.2; of what does not count, or is not among `known`, nothing but that."""
    try:
        claims = claims_of(token)
    except TokenBackendError:
        return {"active": False}
    row = (
        known.select_related("user")
        .filter(token_checksum=sha256(token.encode()).hexdigest(), user__is_active=True, application__is_active=True)
        .first()
    )
    if row is None or row.user is None or not may_act(row.user):
        return {"active": False}
    return {"active": True, "token_type": "Bearer", "username": row.user.get_username(), **claims}


class UserInfoView(Limited, WellFormed, toolkit.UserInfoView):
    """What a program may know of whom it acts for (OpenID Connect Core 1.0, section 5.3)."""


class JwksView(View):
    """The public keys that verify access and identity tokens (RFC 7517); none while a shared secret signs."""

    def get(self, request: HttpRequest) -> JsonResponse:
        """Return the set."""
        keys = [key.public for key in settings.JWT_KEYS if key.public]
        headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=3600"}
        return JsonResponse({"keys": keys}, headers=headers)


class ServerMetadataView(toolkit.OAuthServerMetadataView):
    """What the authorization server can do (RFC 8414)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        """Return the toolkit's document, with the device endpoint and the keys, which it leaves out."""
        response = super().get(request, *args, **kwargs)
        known = json.loads(response.content)
        known |= {
            "device_authorization_endpoint": f"{settings.BASE_URL}{reverse('oauth2_provider:device-authorization')}",
            "jwks_uri": f"{settings.BASE_URL}{reverse('oauth2_provider:jwks-info')}",
            "protected_resources": [f"{settings.BASE_URL}/api/v1"],
            "service_documentation": f"{settings.BASE_URL}/api/docs",
            "ui_locales_supported": ["en", "zh-Hans"],
        }
        return JsonResponse(known, headers={"Access-Control-Allow-Origin": "*"})
