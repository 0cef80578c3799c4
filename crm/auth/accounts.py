"""Which accounts may act: those that are active, and none for demonstration where the CRM is not for development."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.contrib.auth.backends import ModelBackend

from crm.models import User

# Accounts for demonstration, whose passwords everyone knows, are marked by a reference of this system.
MARKED: Final = """EXISTS (SELECT FROM crm_externalreference r JOIN django_content_type k ON k.id = r.content_type_id
 WHERE r.system = 'demo' AND r.object_id = {key} AND k.app_label = 'crm' AND k.model = 'user')"""


def may_act(user: Any) -> bool:
    """Tell whether an account may sign in, and do what it was let in for before."""
    if user is None or not user.is_active:
        return False
    return settings.SERVES_DEMONSTRATION or not User.objects.extra(where=[IS_MARKED]).filter(pk=user.pk).exists()  # noqa: S610 -- a constant


IS_MARKED: Final = MARKED.format(key="crm_user.id")


class Accounts(ModelBackend):
    """Django's backend, for accounts that may act: at sign-in by whatever door, and at each request of a session."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Tell whether an account may sign in."""
        return may_act(user)
