"""What every application of the CRM stands on: people, records and the programs that act for them."""

from crm.models.about import AboutRecord
from crm.models.applications import Application, DeviceGrant, Grant
from crm.models.attachments import Attachment
from crm.models.changes import Change, FeedState
from crm.models.custom_fields import CustomField
from crm.models.erasures import Erasure
from crm.models.idempotency import IdempotencyKey
from crm.models.identities import DatabaseIdentity
from crm.models.imports import Import, ImportFile, ImportRefusal
from crm.models.merges import Merge
from crm.models.records import ExternalReference, Record, new_id
from crm.models.saved_views import SavedView
from crm.models.sync import SyncCheckpoint, SyncRefusal, SyncRun
from crm.models.tags import Tag
from crm.models.tasks import Task
from crm.models.users import Team, User
from crm.models.webhooks import Webhook, WebhookAttempt, WebhookDelivery
from crm.search import SearchKey

__all__ = [
    "AboutRecord",
    "Application",
    "Attachment",
    "Change",
    "CustomField",
    "DatabaseIdentity",
    "DeviceGrant",
    "Erasure",
    "ExternalReference",
    "FeedState",
    "Grant",
    "IdempotencyKey",
    "Import",
    "ImportFile",
    "ImportRefusal",
    "Merge",
    "Record",
    "SavedView",
    "SearchKey",
    "SyncCheckpoint",
    "SyncRefusal",
    "SyncRun",
    "Tag",
    "Task",
    "Team",
    "User",
    "Webhook",
    "WebhookAttempt",
    "WebhookDelivery",
    "new_id",
]
