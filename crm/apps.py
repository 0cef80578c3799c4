from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = _("Administration")

    def ready(self) -> None:
        from crm import beats, checks  # noqa: F401 -- registers the system checks
        from crm.auth import audit, known
        from crm.auth.applications import make_own_application
        from crm.changes import timeline
        from crm.changes.retention import go_on_counting
        from crm.lines import keep_to_one_line
        from crm.models import Attachment, Task
        from crm.privacy import standard
        from crm.restored.identity import recognise_after_migration
        from crm.restored.waiting import KIT, register
        from crm.roles import synchronise_roles
        from crm.webhooks.feeding import feed_all

        post_migrate.connect(synchronise_roles, dispatch_uid="crm.roles")
        post_migrate.connect(make_own_application, sender=self, dispatch_uid="crm.auth")
        post_migrate.connect(recognise_after_migration, sender=self, dispatch_uid="crm.restored")
        post_migrate.connect(go_on_counting, sender=self, dispatch_uid="crm.changes")
        keep_to_one_line()
        audit.listen()
        known.listen()
        beats.register(feed_all)
        for kind in KIT:
            register(kind)
        standard.register()
        timeline.register(timeline.Source(Task, "created_at", "admin/tasks/timeline.html", related=("assignee",)))
        attachments = "admin/attachments/timeline.html"
        timeline.register(timeline.Source(Attachment, "created_at", attachments, related=("uploaded_by",)))
