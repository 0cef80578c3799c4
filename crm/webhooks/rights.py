"""Whose a webhook is, when that ends, and who may read what it tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone
from django.utils.translation import gettext_noop
from oauth2_provider.models import RefreshToken

from crm.api.routers import resources
from crm.models import Application, Change, Webhook
from crm.models.applications import FIRST_PARTY
from crm.models.webhooks import disabled, signed_out, switched_off

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from uuid import UUID

    from crm.auth.authentication import Credentials
    from crm.models import Record, User, WebhookDelivery

DISABLED: Final = gettext_noop("The account is disabled.")
SWITCHED_OFF: Final = gettext_noop("The application is switched off.")
SIGNED_OUT: Final = gettext_noop("The application was signed out.")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a person, through an application and a sign-in, or on the screens through neither."""

    user: User
    scopes: frozenset[str] = field(default_factory=frozenset)
    application: Application | None = None
    token_family: UUID | None = None

    @classmethod
    def of(cls, user: User, credentials: Credentials) -> Caller:
        """Return who shows these credentials."""
        application = Application.objects.get(client_id=credentials.client_id)
        family = RefreshToken.objects.filter(access_token__token_checksum=credentials.checksum)
        found = family.values_list("token_family", flat=True).first()
        return cls(user, credentials.scopes, application, found)

    def owns(self, webhook: Webhook) -> bool:
        """Tell whether a webhook belongs to this person and application, or was made on the screens by the person."""
        if webhook.user_id != self.user.pk or self.application is None:
            return webhook.user_id == self.user.pk
        if webhook.application_id is None:
            return self.application.client_id == FIRST_PARTY
        return webhook.application_id == self.application.pk


def end_unfounded() -> None:
    """Stop the webhooks whose person, application or sign-in no longer counts; let go those that were switched on."""
    now, webhooks = timezone.now(), Webhook.objects.all()
    webhooks.filter(signed_out(), disabled()).end(DISABLED)  # an account that is disabled is signed out too
    webhooks.filter(signed_out()).end(SIGNED_OUT)
    webhooks.filter(disabled(), paused_at=None).update(paused_at=now, pause_reason=DISABLED)
    webhooks.filter(switched_off(), paused_at=None).update(paused_at=now, pause_reason=SWITCHED_OFF)
    webhooks.filter(~switched_off(), ended_at=None, pause_reason=SWITCHED_OFF).update(paused_at=None, pause_reason="")


def kinds(scopes: Collection[str], names: Collection[str] = ()) -> Sequence[type[Record]]:
    """Return the kinds of records that scopes let be read, of these lists only, or of all where none is named."""
    return [
        viewset.model
        for name, viewset in resources().items()
        if f"{viewset.scope}:read" in scopes and (not names or name in names)
    ]


def heard(webhook: Webhook) -> Sequence[type[Record]]:
    """Return the kinds of records whose changes a webhook hears of."""
    return kinds(webhook.scopes, webhook.resources)


def readable(messages: Iterable[WebhookDelivery], user: User, of: Sequence[type[Record]]) -> set[UUID]:
    """Return which messages somebody may read now: as the change feed would show the change, and those about none.

    Of a change that the feed no longer keeps, the record itself says who may see it.
    """
    rows = list(messages)
    changes = Change.objects.filter(pk__in=[one.sequence for one in rows])
    kept = set(changes.values_list("pk", "record"))
    seen = set(changes.visible_to(user, of).values_list("pk", "record"))
    return {
        one.pk
        for one in rows
        if one.record is None
        or (one.sequence, one.record) in seen
        or ((one.sequence, one.record) not in kept and is_record_visible(one, user, of))
    }


def is_record_visible(message: WebhookDelivery, user: User, of: Sequence[type[Record]]) -> bool:
    """Tell whether somebody sees the record that a message is about."""
    viewset: Any = resources().get(message.event.partition(".")[0])
    if viewset is None or viewset.model not in of:
        return False
    return bool(viewset.model.objects.visible_to(user).filter(pk=message.record).exists())
