"""What the kit itself holds about people, and what of it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.admin.models import LogEntry

from crm import models
from crm.privacy import holdings, traces
from crm.privacy.holdings import Holding

if TYPE_CHECKING:
    from collections.abc import Collection


def register() -> None:
    """Tell the registry; called once all applications are loaded."""
    holdings.register(Holding(models.Attachment, is_deleted=True, remove=remove_content))
    holdings.trace([models.ExternalReference], traces.names_elsewhere)
    holdings.trace([models.Merge], traces.merges)
    holdings.trace([models.IdempotencyKey], traces.answers)
    holdings.trace([models.Import, models.ImportFile, models.ImportRefusal], traces.imports)
    holdings.trace([models.SyncRefusal, models.SyncRun], traces.synchronisation)
    holdings.trace([models.SavedView], traces.saved_views)
    holdings.trace([LogEntry], traces.admin_log)
    holdings.trace([apps.get_model("procrastinate", "ProcrastinateJob")], traces.jobs)
    holdings.trace([models.Change, models.WebhookDelivery, models.WebhookAttempt], nothing_more)
    accounts = (models.User, models.Team, models.Application, models.Grant, models.DeviceGrant, models.Webhook)
    holdings.nobody(accounts, "Colleagues and programs, who are not customers.")
    settings = (models.CustomField, models.Tag, models.SyncCheckpoint, models.FeedState, models.DatabaseIdentity)
    holdings.nobody(settings, "How the CRM is set up and how far it has got; the list of tags is everybody's.")
    holdings.nobody([models.Erasure], "Certificates, which name nobody.")


def nothing_more(person: Any) -> dict[str, int]:
    """Clean nothing: the change feed and its messages are cleaned last, when all else has been written."""
    return {}


def remove_content(keys: Collection[Any]) -> None:
    """Delete the content of attachments from the store."""
    from crm.attachments.store import store

    for key in keys:
        store().delete(models.Attachment(pk=key).key)
