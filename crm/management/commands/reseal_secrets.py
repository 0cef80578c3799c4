"""`manage.py reseal_secrets`: before a former SECRET_KEY is dropped."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from crm.resealing import reseal_all


class Command(BaseCommand):
    help = "Seal the secrets of webhooks with today's SECRET_KEY, so that its predecessors can be dropped."

    def handle(self, **options: Any) -> None:
        done, unreadable = reseal_all()
        self.stdout.write(_("sealed again: %d") % done)
        if unreadable:
            raise CommandError(
                f"{unreadable} cannot be read with any known key: "
                "name the key in SECRET_KEY_FALLBACKS, or give those webhooks new secrets."
            )
