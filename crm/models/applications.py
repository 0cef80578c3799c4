"""Programs that act for people: OAuth clients, and what they are given on the way to a token."""

from __future__ import annotations

from hashlib import sha256
from ipaddress import ip_address
from typing import Any, Final, Self
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractApplication, AbstractDeviceGrant, AbstractGrant, ApplicationManager
from oauth2_provider.settings import oauth2_settings

FIRST_PARTY: Final = "crm"


class Application(AbstractApplication):
    """A program registered to sign in by OAuth 2.0 (RFC 6749, section 2)."""

    rate_limit = models.PositiveIntegerField(
        _("requests a minute"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Leave empty for the limit that holds for all applications."),
    )

    is_active = models.BooleanField(
        _("active"),
        default=True,
        db_default=True,
        editable=False,
        help_text=_("While it is off, its tokens, codes and webhooks do not work."),
    )

    objects = ApplicationManager()

    class Meta(AbstractApplication.Meta):
        verbose_name = _("application")
        verbose_name_plural = _("applications")

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        """Read an application; where there is a key for identity tokens, it signs those of every application."""
        application = super().from_db(*args, **kwargs)
        if oauth2_settings.OIDC_ENABLED and vars(application).get("algorithm") == cls.NO_ALGORITHM:
            application.algorithm = cls.RS256_ALGORITHM
        return application

    def clean(self) -> None:
        """Refuse plain http beyond this machine, and a program that acts for itself but as no service account."""
        super().clean()
        if self.authorization_grant_type == self.GRANT_CLIENT_CREDENTIALS and self.user is None:
            raise ValidationError({"user": _("Name the service account that this application acts as.")})
        for name in ("redirect_uris", "post_logout_redirect_uris"):
            if any(is_exposed(uri) for uri in getattr(self, name).split()):
                raise ValidationError({name: _("Use https; plain http only to this machine, such as 127.0.0.1.")})

    def is_known_at(self, redirect_uri: str, response_type: str) -> bool:
        """Tell whether nobody else can get what is sent to an address of this program (RFC 8252, section 8.6).

        An https address elsewhere is the program's own. Any program may listen on a port of this machine or claim a
        scheme, and what it gets there is worth nothing only where it is a code, for which the secret of a confidential
        program is asked.
        """
        parts = urlsplit(redirect_uri)
        if parts.scheme == "https" and not is_here(parts.hostname or ""):
            return True
        return self.client_type == self.CLIENT_CONFIDENTIAL and response_type == "code"

    def is_wider_than(self, before: Application) -> bool:
        """Tell whether others could get what was given to it before: at a new address, or without the secret."""
        addresses = set(self.redirect_uris.split()) - set(before.redirect_uris.split())
        lost_secret = before.client_type == self.CLIENT_CONFIDENTIAL and self.client_type == self.CLIENT_PUBLIC
        return bool(addresses) or lost_secret

    @property
    def is_first_party(self) -> bool:
        """Whether this stands for the sign-in of the API itself."""
        return self.client_id == FIRST_PARTY

    def is_usable(self, request: Any) -> bool:
        """Keep an application that is off, and that of the API's own sign-in, out of the OAuth flows."""
        return self.is_active and not self.is_first_party

    def get_allowed_schemes(self) -> list[str]:
        """Return the schemes of redirect addresses: http serves native programs on loopback (RFC 8252)."""
        return ["https", "http"]


def is_exposed(uri: str) -> bool:
    """Tell whether an address would carry a code in the clear over a network."""
    parts = urlsplit(uri)
    return parts.scheme == "http" and not is_here(parts.hostname or "")


def is_here(host: str) -> bool:
    """Tell whether a name or an address stands for the machine that asks."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class HashedField(models.CharField):  # type: ignore[type-arg]  # not subscriptable as the program runs
    """A secret that is stored, and looked up, as its SHA-256; what was read is never to be saved again."""

    def get_prep_value(self, value: Any) -> Any:
        """Return the hash."""
        return sha256(str(value).encode()).hexdigest() if value else super().get_prep_value(value)


class Grant(AbstractGrant):
    """An authorization code on its way to a program (RFC 6749, section 4.1)."""

    code = HashedField(_("code"), max_length=255, unique=True)
    # Of the tokens that were given for it: a code that was used stays for as long as they may live, to end them when it
    # comes a second time.
    token_family = models.UUIDField(_("token family"), null=True, editable=False)

    class Meta(AbstractGrant.Meta):
        verbose_name = _("authorization code")
        verbose_name_plural = _("authorization codes")


class DeviceGrant(AbstractDeviceGrant):
    """A device that waits for somebody to let it in (RFC 8628)."""

    device_code = HashedField(_("device code"), max_length=100)

    class Meta(AbstractDeviceGrant.Meta):
        verbose_name = _("device code")
        verbose_name_plural = _("device codes")
