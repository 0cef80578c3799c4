"""What programs were given to act with: seen as lists, never by the secret itself, and taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from oauth2_provider.models import AccessToken, IDToken, RefreshToken, revoke_access_token

from crm.admin.site import staff
from crm.admin.system import LogAdmin
from crm.models.applications import DeviceGrant, Grant

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

for kind in (AccessToken, RefreshToken, IDToken, Grant):
    if admin.site.is_registered(kind):
        admin.site.unregister(kind)


class SecretAdmin(LogAdmin):
    """A list without pages: a row's own page would be titled with the secret."""

    list_display: Any = ("user", "application", "scope", "created", "expires")
    list_display_links = None
    unsearchable = frozenset({"token", "token_checksum", "code", "nonce", "code_challenge", "device_code", "user_code"})
    list_select_related: ClassVar[Any] = ("user", "application")
    ordering = ("-pk",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_view_permission(request)


class TokenAdmin(SecretAdmin):
    """Tokens, which an administrator can revoke."""

    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return staff(request).has_perm("crm.change_user")

    @admin.action(description=_("Revoke the selected tokens"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Make the chosen tokens worthless from the next request on."""
        count = 0
        for token in queryset:
            revoke_access_token(token) if isinstance(token, AccessToken) else token.revoke()
            count += 1
        text = ngettext("%(count)d token was revoked.", "%(count)d tokens were revoked.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


@admin.register(AccessToken)
class AccessTokenAdmin(TokenAdmin):
    """What programs show with each request."""


@admin.register(RefreshToken)
class RefreshTokenAdmin(TokenAdmin):
    """What programs exchange for new access tokens."""

    list_display = ("user", "application", "created", "revoked")


@admin.register(Grant, IDToken)
class GrantAdmin(SecretAdmin):
    """Codes and identity tokens on their way to a program."""


@admin.register(DeviceGrant)
class DeviceGrantAdmin(SecretAdmin):
    """Devices waiting for somebody to let them in."""

    list_display = ("client_id", "user", "status", "expires")
    list_select_related = ("user",)
