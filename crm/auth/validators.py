"""The rules of the OAuth flows, where they are stricter than the toolkit's."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from oauth2_provider.models import RefreshToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error, InvalidGrantError
from oauthlib.oauth2.rfc8628.grant_types import DeviceCodeGrant

from crm.auth import audit, sessions
from crm.auth.accounts import may_act
from crm.auth.tokens import mint, resources
from crm.models import Application, DeviceGrant, Grant, User

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_USERNAME = 150


def generate_refresh_token(request: Any) -> str:
    """Return a refresh token: chance, without content."""
    return token_urlsafe(48)


def generate_access_token(request: Any) -> str:
    """Return a JWT for what the request was granted, for the audience it asked for (RFC 8707)."""
    Validator()._check_and_set_request_resource(request)
    return mint(user=actor(request), application=request.client, scopes=request.scopes, audience=request.resource)


def actor(request: Any) -> User:
    """Return whom the token will act as: a person, or the service account of the application itself."""
    user: User = request.client.user if request.grant_type == "client_credentials" else request.user
    return user


def refuse_changed(request: Any) -> None:
    """Refuse to give anything to whom the account has changed under since they proved to be it."""
    try:
        sessions.stand(request.user)
    except sessions.AccountChanged as error:
        raise InvalidGrantError(request=request) from error


class Validator(OAuth2Validator):
    """The toolkit's rules, and: only active accounts, only this API's audience, nothing exchanged twice.

    Exchanges lock what they exchange, in the transaction of the request.
    """

    def get_additional_claims(self) -> dict[str, Callable[[Any], Any]]:  # type: ignore[override]  # both are allowed
        """Return what identity tokens and userinfo say about a person, as far as the scopes go."""
        return {
            "name": lambda request: str(request.user),
            "given_name": lambda request: request.user.first_name,
            "family_name": lambda request: request.user.last_name,
            "preferred_username": lambda request: request.user.username,
            "email": lambda request: request.user.email,
        }

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Allow the registered grant; client credentials only with an active service account."""
        if not super().validate_grant_type(client_id, grant_type, client, request, *args, **kwargs):
            return False
        return grant_type != "client_credentials" or may_act(request.client.user)

    def validate_user(self, username: str, password: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Check user name and password, but only where the grant is allowed: this is no other door to try them at."""
        is_off = oauth2_settings.COMPLIANT_BCP_RFC9700_PASSWORD_GRANT
        if is_off or not request.client.allows_grant_type(Application.GRANT_PASSWORD) or len(username) > MAX_USERNAME:
            return False
        return bool(super().validate_user(username, password, client, request, *args, **kwargs))

    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Accept a code once, from the application that it was given to, for an active account.

        A code that comes a second time has been copied: the tokens given for it end (RFC 6749, section 4.1.2).
        """
        sessions.hold(Grant.objects.filter(code=code, application=client))
        given = Grant.objects.select_for_update().filter(code=code, application=client).first()
        if given is not None and given.token_family is not None:
            RefreshToken.revoke_family(given.token_family)
            audit.record("code_replayed", user=given.user_id, client=client.client_id)
            return False
        is_valid = super().validate_code(client_id, code, client, request, *args, **kwargs)
        return bool(is_valid and may_act(request.user))

    def invalidate_authorization_code(self, client_id: str, code: str, request: Any, *args: Any, **kwargs: Any) -> None:
        """Keep a code that was used, with the family of its tokens, while they may live."""
        spent = Grant.objects.filter(code=code, application=request.client, token_family__isnull=True)
        until = timezone.now() + timedelta(seconds=oauth2_settings.REFRESH_TOKEN_EXPIRE_SECONDS)
        if not spent.update(token_family=request.given_family, expires=until):
            raise InvalidGrantError(request=request)

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Accept a refresh token once; a second use ends its whole family."""
        checksum = sha256(refresh_token.encode()).hexdigest()
        sessions.hold(RefreshToken.objects.filter(token_checksum=checksum))
        rows = RefreshToken.objects.select_for_update().filter(token_checksum=checksum)
        known = rows.first()
        is_valid = super().validate_refresh_token(refresh_token, client, request, *args, **kwargs)
        if is_valid and may_act(request.user):
            return True
        if known is not None:
            audit.record("refresh_refused", user=known.user_id, client=client.client_id)
        return False

    def validate_device_code(self, client_id: str, device_code: str, request: Any) -> str | None:
        """Return where a device stands (RFC 8628, section 3.5); once it is let in, its code is spent."""
        sessions.hold(DeviceGrant.objects.filter(device_code=device_code))
        known = DeviceGrant.objects.select_for_update(of=("self",)).select_related("user")
        device = known.filter(device_code=device_code, client_id=request.client.client_id).first()
        if device is None:
            return None
        status = self.device_status(device)
        if status == DeviceCodeGrant.DEVICE_CODE_AUTHORIZED:
            request.user, request.scopes = device.user, device.scope.split()
            device.delete()
        else:
            DeviceGrant.objects.filter(pk=device.pk).update(last_checked=timezone.now())
        return status

    def device_status(self, device: DeviceGrant) -> str:
        """Return the status of a device that asks now."""
        if device.is_expired():
            return str(DeviceCodeGrant.DEVICE_CODE_EXPIRED)
        if device.status == DeviceGrant.AUTHORIZED and may_act(device.user):
            return str(DeviceCodeGrant.DEVICE_CODE_AUTHORIZED)
        if device.status != DeviceGrant.AUTHORIZATION_PENDING:
            return str(DeviceCodeGrant.DEVICE_CODE_DENIED)
        interval = timedelta(seconds=oauth2_settings.DEVICE_FLOW_INTERVAL - 1)
        is_hasty = device.last_checked + interval > timezone.now()
        return str(DeviceCodeGrant.DEVICE_CODE_SLOW_DOWN if is_hasty else DeviceCodeGrant.DEVICE_CODE_PENDING)

    def validate_bearer_token(self, token: str, scopes: Sequence[str], request: Any) -> bool:
        """Accept the token of an active account at userinfo."""
        return bool(super().validate_bearer_token(token, scopes, request) and may_act(request.user))

    def _validate_resource_uris(self, request: Any, resources_asked: Sequence[str]) -> None:
        for name in resources_asked:
            if name not in resources():
                raise CustomOAuth2Error(
                    error="invalid_target", description="Tokens are for this API only.", request=request
                )

    @transaction.atomic
    def _create_authorization_code(self, request: Any, code: Any, expires: Any = None) -> Any:
        self._validate_resource_uris(request, getattr(request, "resource", None) or [])
        refuse_changed(request)
        audit.record("code", user=request.user.pk, client=request.client.client_id, scope=" ".join(request.scopes))
        return super()._create_authorization_code(request, code, expires)

    @transaction.atomic
    def _create_access_token(self, expires: Any, request: Any, token: Any, source_refresh_token: Any = None) -> Any:
        request.user = actor(request)
        refuse_changed(request)
        audit.record(
            "token",
            user=request.user.pk,
            client=request.client.client_id,
            grant=request.grant_type or request.response_type,
            scope=token["scope"],
        )
        return super()._create_access_token(expires, request, token, source_refresh_token)

    def _create_refresh_token(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        given = super()._create_refresh_token(request, *args, **kwargs)
        request.given_family = given.token_family
        return given
