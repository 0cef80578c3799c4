"""Sign-in by user name and password, and who the caller is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.api.characters import refuse_control_characters
from crm.api.strictness import StrictSerializer
from crm.api.throttles import AddressThrottle
from crm.api.views import AnswerHeaders
from crm.auth import audit, lockout, sessions
from crm.auth.addresses import client_address
from crm.auth.authentication import challenge
from crm.auth.scopes import known_scopes

if TYPE_CHECKING:
    from rest_framework.request import Request

    from crm.api.requests import ApiRequest

MAX_TOKEN = 2000
WRONG = _("User name or password is wrong, or the account is disabled.")


class SignInSerializer(StrictSerializer):
    """User name and password, and the scopes wanted."""

    username = serializers.CharField(max_length=150, validators=[refuse_control_characters], help_text=_("User name."))
    password = serializers.CharField(
        max_length=1000, trim_whitespace=False, write_only=True, help_text=_("Password of the user.")
    )
    scope = serializers.CharField(
        required=False,
        max_length=1000,
        help_text=_("Scopes wanted, separated by spaces; all that there are, unless said."),
    )

    def validate_scope(self, value: str) -> str:
        """Refuse scopes that there are not."""
        unknown = set(value.split()) - set(known_scopes())
        if unknown:
            message = _("There is no scope %(name)s.") % {"name": min(unknown)}
            raise serializers.ValidationError(message, code="invalid_scope")
        return value


class RefreshSerializer(StrictSerializer):
    """The refresh token."""

    refresh_token = serializers.CharField(max_length=MAX_TOKEN, write_only=True, help_text=_("Refresh token, unused."))


class SignOutSerializer(StrictSerializer):
    """The refresh token, unless the access token is shown."""

    refresh_token = serializers.CharField(
        required=False,
        max_length=MAX_TOKEN,
        write_only=True,
        help_text=_("Refresh token of the session; without it, the session of the bearer token ends."),
    )


class TokenSerializer(serializers.Serializer[Any]):
    """Two tokens: one to show with each request, one to get the next two."""

    access_token = serializers.CharField(help_text=_("Show it with each request, in the header Authorization."))
    refresh_token = serializers.CharField(help_text=_("Exchange it for new tokens, once."))
    token_type = serializers.CharField(help_text=_("Always Bearer."))
    expires_in = serializers.IntegerField(help_text=_("Seconds that the access token counts."))
    scope = serializers.CharField(help_text=_("What the access token allows, separated by spaces."))


class MeSerializer(serializers.Serializer[Any]):
    """The caller: person, roles, and what the token allows."""

    id = serializers.UUIDField(help_text=_("Identifier of the user."))
    username = serializers.CharField(help_text=_("User name."))
    name = serializers.CharField(help_text=_("Name as people read it."))
    email = serializers.CharField(help_text=_("E-mail address; empty where there is none."))
    team = serializers.UUIDField(allow_null=True, help_text=_("Identifier of the team."))
    roles = serializers.ListField(child=serializers.CharField(), help_text=_("Names of the roles."))
    permissions = serializers.ListField(
        child=serializers.CharField(), help_text=_("Permissions by role or directly, as application.codename.")
    )
    is_superuser = serializers.BooleanField(help_text=_("Whether the user may do everything."))
    scopes = serializers.ListField(child=serializers.CharField(), help_text=_("What the token allows."))
    application = serializers.CharField(help_text=_("Client id of the program that the token was given to."))


class SignInView(AnswerHeaders, APIView):
    """What all doors to a session share: no token is needed, and each address may only knock so often."""

    authentication_classes: tuple[Any, ...] = ()
    permission_classes: tuple[Any, ...] = ()
    throttle_classes = [AddressThrottle]
    tag = _("Sign-in")

    def get_authenticate_header(self, request: Request) -> str:
        """Return the challenge of a refusal, so that it stays 401."""
        return challenge()


class TokenView(SignInView):
    """Sign in by user name and password."""

    action = "sign_in"

    @extend_schema(request=SignInSerializer, responses=TokenSerializer)
    def post(self, request: Request) -> Response:
        """Sign in by user name and password.

        The answer holds an access token, to be shown with each request, and a refresh token, to be exchanged for
        the next two before the access token expires.
        """
        serializer = SignInSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        credentials = {"username": given["username"], "password": given["password"]}
        user = authenticate(request._request, **credentials)
        if user is None:
            raise AuthenticationFailed(WRONG)
        lockout.succeeded(request=request._request, user=user)
        update_last_login(None, user)  # type: ignore[arg-type]  # takes and ignores the sender of a signal
        audit.record("signed_in", user=user.pk, address=client_address(request._request), client="crm")
        scopes = given.get("scope", "").split() or known_scopes()
        try:
            return token_response(sessions.begin(user=user, scopes=scopes))
        except sessions.AccountChanged as error:
            raise AuthenticationFailed(WRONG) from error


class RefreshView(SignInView):
    """Exchange a refresh token."""

    action = "refresh"

    @extend_schema(request=RefreshSerializer, responses=TokenSerializer)
    def post(self, request: Request) -> Response:
        """Exchange a refresh token for new tokens.

        Each refresh token counts once. One that comes a second time has been copied: then all tokens of its session
        stop counting at once.
        """
        serializer = RefreshSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        try:
            session = sessions.renew(token=serializer.validated_data["refresh_token"])
        except sessions.RefreshRefused as error:
            raise AuthenticationFailed(_("The refresh token is unknown, used, expired or revoked.")) from error
        return token_response(session)


class SignOutView(AnswerHeaders, APIView):
    """End a session."""

    permission_classes = [IsAuthenticated]
    tag = _("Sign-in")
    action = "sign_out"

    @extend_schema(request=SignOutSerializer, responses={204: None})
    def post(self, request: ApiRequest) -> Response:
        """End a session.

        All tokens of the session stop counting at once: that of the bearer token, or that of the refresh token given.
        """
        serializer = SignOutSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        token = serializer.validated_data.get("refresh_token", "")
        sessions.end(user=request.user, token=token, checksum=request.auth.checksum)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(AnswerHeaders, APIView):
    """Who the caller is."""

    permission_classes = [IsAuthenticated]
    tag = _("Sign-in")
    action = "me"

    @extend_schema(responses=MeSerializer)
    def get(self, request: ApiRequest) -> Response:
        """Say who the caller is.

        Any valid token will do, whatever its scopes.
        """
        user = request.user
        known = {
            "id": user.pk,
            "username": user.username,
            "name": str(user),
            "email": user.email,
            "team": user.team_id,
            "roles": list(user.groups.order_by("name").values_list("name", flat=True)),
            "permissions": sorted(user.permission_set),
            "is_superuser": user.is_superuser,
            "scopes": sorted(request.auth.scopes),
            "application": request.auth.client_id,
        }
        return Response(MeSerializer(known).data)


def token_response(session: sessions.Session) -> Response:
    """Return the answer with the tokens, under the names of RFC 6749, section 5.1."""
    tokens = {
        "access_token": session.access_token,
        "refresh_token": session.refresh_token,
        "token_type": "Bearer",
        "expires_in": int(settings.ACCESS_TOKEN_LIFETIME.total_seconds()),
        "scope": session.scope,
    }
    return Response(TokenSerializer(tokens).data, headers={"Pragma": "no-cache"})
