"""The staff site."""

from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AccessToken, RefreshToken
from procrastinate.contrib.django.models import ProcrastinateJob

from crm.admin import (  # noqa: F401 -- they register screens
    applications,
    attachments,
    changes,
    custom_fields,
    imports,
    jobs,
    merging,
    people,
    privacy,
    system,
    tags,
    tasks,
    tokens,
    views,
    webhooks,
)
from crm.admin.home import Figure, Panel, add_panels, chart
from crm.admin.links import link_to
from crm.admin.overview import WithOverview, add_parts
from crm.admin.records import (
    ExternalReferenceInline,
    RecordAdmin,
    RecordInline,
    StackedRecordInline,
)
from crm.admin.site import Item, Section, add_section, staff
from crm.models import (
    Application,
    Change,
    CustomField,
    Erasure,
    ExternalReference,
    Import,
    Merge,
    SavedView,
    SyncRefusal,
    SyncRun,
    Tag,
    Task,
    Team,
    User,
    Webhook,
    WebhookDelivery,
)

__all__ = [
    "ExternalReferenceInline",
    "Figure",
    "Item",
    "Panel",
    "RecordAdmin",
    "RecordInline",
    "Section",
    "StackedRecordInline",
    "WithOverview",
    "add_panels",
    "add_parts",
    "add_section",
    "chart",
    "link_to",
    "staff",
]

add_section(
    Section(title=_("Work"), order=5, items=[Item(_("Tasks"), "task_alt", Task), Item(_("Tags"), "label", Tag)])
)
add_section(Section(title=_("Data exchange"), order=80, items=[Item(_("Imports"), "upload_file", Import)]))
add_section(
    Section(
        title=_("Administration"),
        order=90,
        items=[
            Item(_("Users"), "manage_accounts", User),
            Item(_("Teams"), "diversity_3", Team),
            Item(_("Roles"), "badge", Group),
            Item(_("Saved views"), "bookmarks", SavedView),
            Item(_("Custom fields"), "edit_attributes", CustomField),
            Item(_("Applications"), "apps", Application),
            Item(_("Access tokens"), "key", AccessToken),
            Item(_("Refresh tokens"), "autorenew", RefreshToken),
            Item(_("External references"), "link", ExternalReference),
            Item(_("ERP runs"), "sync", SyncRun),
            Item(_("Refused ERP rows"), "sync_problem", SyncRefusal),
            Item(_("Background jobs"), "schedule", ProcrastinateJob),
            Item(_("Failed sign-ins"), "lock_clock", AccessAttempt),
            Item(_("Changes"), "difference", Change),
            Item(_("Merges"), "merge", Merge),
            Item(_("Erasures"), "person_cancel", Erasure),
            Item(_("Webhooks"), "webhook", Webhook),
            Item(_("Webhook deliveries"), "outbox", WebhookDelivery),
            Item(_("Log"), "history", LogEntry),
        ],
    )
)
