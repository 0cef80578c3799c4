"""Settings of background work: where the worker finds its jobs."""

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""
PROCRASTINATE_IMPORT_PATHS = [
    "crm.attachments.sweeping",
    "crm.custom.jobs",
    "crm.housekeeping",
    "crm.imports.running",
    "crm.privacy.jobs",
    "crm.tasks.reminders",
    "crm.webhooks.lanes",
    "customers.jobs",
    "marketing.jobs",
    "sales.jobs",
    "service.alerts",
    "service.jobs",
    "service.sending",
    "service.surveys",
]
