"""The application that stands for the API's own sign-in."""

from __future__ import annotations

from typing import Any


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
