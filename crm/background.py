"""Settings of background work: where the worker finds its jobs, and when it takes those of others up."""

from crm import environment

WORKER_SILENT_SECONDS = environment.number("WORKER_SILENT_SECONDS", 30, least=2)
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
