from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketingConfig(AppConfig):
    name = "marketing"
    verbose_name = _("Marketing")

    def ready(self) -> None:
        from django.conf import settings

        import marketing.checks  # noqa: F401 -- it registers a check
        from crm import beats, demonstration
        from crm.changes.timeline import Source
        from crm.changes.timeline import register as show_on_timeline
        from marketing import about_customers, conditions, held_campaigns, lists, parameters, privacy, reports  # noqa: F401 -- reports register themselves
        from marketing.jobs import look_after_campaigns
        from marketing.models import CampaignMember

        conditions.read_parameters_by(parameters.read)
        about_customers.register()
        privacy.register()
        held_campaigns.register_all()
        lists.register()
        demonstration.register("marketing.demonstration.make")
        template, related = "marketing/timeline_member.html", ("campaign", "customer")
        show_on_timeline(Source(CampaignMember, "sent_at", template, related=related, events=CampaignMember.TOLD))
        beats.register(look_after_campaigns)
        if "anymail" in settings.INSTALLED_APPS:
            from marketing.mail import providers

            providers.listen()
