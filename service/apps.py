from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ServiceConfig(AppConfig):
    name = "service"
    verbose_name = _("Service")

    def ready(self) -> None:
        from crm import demonstration
        from crm.changes import timeline
        from service import held_mail, privacy, reports  # noqa: F401 -- reports register themselves
        from service.models import SurveyAnswer, Ticket

        privacy.register()
        held_mail.register_all()
        template = "service/timeline_ticket.html"
        timeline.register(timeline.Source(Ticket, "opened_at", template, related=("queue", "assignee", "customer")))
        survey = "service/timeline_survey.html"
        related = ("ticket__customer",)
        timeline.register(
            timeline.Source(SurveyAnswer, "answered_at", survey, customer="ticket__customer", related=related)
        )
        demonstration.register("service.demonstration.make")
