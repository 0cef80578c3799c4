"""What is done to applications as a whole; and the one that stands for the API's own sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from crm.auth import audit
from crm.refused import Refused

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from crm.models import Application, User

WITHDRAWN: Final = gettext_noop("Consent for the application was withdrawn.")


class IsFirstParty(Refused):
    """The application stands for the API's own sign-in, which is always there."""

    text = _("This application stands for the CRM's own sign-in.")


@transaction.atomic
def switch(*, application: Application, is_active: bool, by: User) -> Application:
    """Switch an application off or on: while it is off, nothing that was given to it counts, and nothing is lost."""
    from crm.models import Application

    locked: Application = Application.objects.select_for_update().get(pk=application.pk)
    if locked.is_first_party:
        raise IsFirstParty
    locked.is_active = is_active
    locked.save(update_fields=["is_active", "updated"])
    event = "application_switched_on" if is_active else "application_switched_off"
    audit.record(event, user=by.pk, client=locked.client_id, what=locked.name)
    return locked


@transaction.atomic
def forget(*, application: Application, by: User | None) -> None:
    """End all that was given to an application, so that whoever had let it in is asked again.

    What it looks after its own registration with stays (RFC 7592).
    """
    from oauth2_provider.models import AccessToken, RefreshToken
    from oauth2_provider.settings import oauth2_settings

    from crm.models import DeviceGrant, Grant, User

    given = [model.objects.filter(application=application) for model in (RefreshToken, Grant)]
    asking = DeviceGrant.objects.filter(client_id=application.client_id)
    holders = [Q(pk__in=rows.values("user")) for rows in (*given, asking)]
    hold(User.objects.filter(Q(*holders, _connector=Q.OR)))
    now = timezone.now()
    RefreshToken.objects.filter(application=application, revoked=None).update(revoked=now, updated=now)
    own = {"scope": oauth2_settings.DCR_REGISTRATION_SCOPE}
    AccessToken.objects.filter(application=application).exclude(**own).delete()
    Grant.objects.filter(application=application).delete()
    DeviceGrant.objects.filter(client_id=application.client_id).delete()
    audit.record("application_forgotten", user=by and by.pk, client=application.client_id, what=application.name)


def hold(users: QuerySet[User]) -> None:
    """Lock accounts, as who gives out a token does: what is on its way is there by then, or finds that it must not."""
    list(users.select_for_update(no_key=True).order_by("pk").values("pk"))


@transaction.atomic
def withdraw(*, application: int, user: User) -> None:
    """End all that somebody let a program have, also what is on its way to it, and its webhooks."""
    from oauth2_provider.models import AccessToken, RefreshToken

    from crm.models import Application, DeviceGrant, Grant, User, Webhook

    hold(User.objects.filter(pk=user.pk))
    owned = {"application": application, "user": user}
    now = timezone.now()
    RefreshToken.objects.filter(**owned, revoked=None).update(revoked=now, updated=now)
    AccessToken.objects.filter(**owned).delete()
    Grant.objects.filter(**owned).delete()
    programs = Application.objects.filter(pk=application).values("client_id")
    let_in = DeviceGrant.objects.filter(client_id__in=programs, user=user, status=DeviceGrant.AUTHORIZED)
    let_in.update(status=DeviceGrant.DENIED)
    Webhook.objects.filter(**owned).end(WITHDRAWN)
    audit.record("grant_withdrawn", user=user.pk, application=application)


@transaction.atomic
def remove(*, application: Application, by: User) -> None:
    """Delete an application with all that was given to it; the history names it by its client id as before."""
    from crm.models import DeviceGrant

    if application.is_first_party:
        raise IsFirstParty
    audit.record("application_deleted", user=by.pk, client=application.client_id, what=application.name)
    DeviceGrant.objects.filter(client_id=application.client_id).delete()
    application.delete()


def make_own_application(**kwargs: Any) -> None:
    """Register the application unless it is there; a receiver of `post_migrate`."""
    from crm.models import Application
    from crm.models.applications import FIRST_PARTY

    Application.objects.get_or_create(
        client_id=FIRST_PARTY,
        defaults={
            "name": "CRM",
            "client_type": Application.CLIENT_PUBLIC,
            "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
            "hash_client_secret": False,
        },
    )
