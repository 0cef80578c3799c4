from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketingConfig(AppConfig):
    name = "marketing"
    verbose_name = _("Marketing")

    def ready(self) -> None:
        from django.conf import settings

        from crm import beats, demonstration
        from marketing import about_customers, conditions, parameters, privacy, reports  # noqa: F401 -- reports register themselves
        from marketing.jobs import look_after_campaigns

        conditions.read_parameters_by(parameters.read)
        about_customers.register()
        privacy.register()
        demonstration.register("marketing.demonstration.make")
        beats.register(look_after_campaigns)
        if "anymail" in settings.INSTALLED_APPS:
            from marketing.mail import providers

            providers.listen()
