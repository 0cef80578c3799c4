"""The trail of who signed in, which tokens were given, and whose rights changed: lines of the logger `crm.audit`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import m2m_changed, post_save, pre_save

from crm.auth.addresses import client_address
from crm.models import User

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger("crm.audit")
WATCHED = ("is_active", "is_staff", "is_superuser", "password")


def record(event: str, **details: Any) -> None:
    """Write a line; what is None is left out, and nothing given here may be a secret."""
    known = {name: str(value) for name, value in details.items() if value is not None}
    text = " ".join(f"{name}={value!r}" for name, value in known.items())
    logger.info("%s %s", event, text, extra={"event": event, **known})


def origin(request: HttpRequest | None) -> str | None:
    """Return the address that a request came from."""
    return client_address(request) if request is not None and request.META else None


def signed_in(sender: Any, request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    """Record a sign-in."""
    record("signed_in", user=user.pk, address=origin(request))


def signed_out(sender: Any, request: HttpRequest | None, user: User | None, **kwargs: Any) -> None:
    """Record a sign-out."""
    record("signed_out", user=user and user.pk, address=origin(request))


def sign_in_failed(sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Record a failed sign-in."""
    record("sign_in_failed", username=str(credentials.get("username", ""))[:150], address=origin(request))


def rights_changed(sender: Any, instance: Any, action: str, model: Any, pk_set: Any, **kwargs: Any) -> None:
    """Record that roles or permissions were given to, or taken from, a person or a role."""
    if action not in {"post_add", "post_remove", "pre_clear"} or not (pk_set or action == "pre_clear"):
        return
    changed = sorted(str(item) for item in model._default_manager.filter(pk__in=pk_set or ()))
    record(
        "rights_changed",
        of=f"{instance._meta.label_lower} {instance.pk}",
        what=f"{action.partition('_')[2]} {', '.join(changed)}".strip(),
    )


def note_account(sender: Any, instance: User, **kwargs: Any) -> None:
    """Remember what a user was before it is saved."""
    is_new = instance._state.adding
    before = {} if is_new else User.objects.filter(pk=instance.pk).values(*WATCHED).first()
    instance._before = before or {}  # type: ignore[attr-defined]


def account_changed(sender: Any, instance: User, *, created: bool, **kwargs: Any) -> None:
    """Record that an account was made, or that its rights or password changed; never what the password is."""
    before: dict[str, Any] = vars(instance).pop("_before", {})
    changed = [name for name, value in before.items() if getattr(instance, name) != value]
    states = ", ".join(name if name == "password" else f"{name} {getattr(instance, name)}" for name in changed)
    if created or changed:
        record("account_made" if created else "account_changed", user=instance.pk, what=states or None)


def listen() -> None:
    """Follow Django's own announcements."""
    user_logged_in.connect(signed_in, dispatch_uid="crm.auth.audit")
    user_logged_out.connect(signed_out, dispatch_uid="crm.auth.audit")
    user_login_failed.connect(sign_in_failed, dispatch_uid="crm.auth.audit")
    pre_save.connect(note_account, sender=User, dispatch_uid="crm.auth.audit")
    post_save.connect(account_changed, sender=User, dispatch_uid="crm.auth.audit")
    for owner in (User.groups.through, User.user_permissions.through, Group.permissions.through):
        m2m_changed.connect(rights_changed, sender=owner, dispatch_uid="crm.auth.audit")
