from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketingConfig(AppConfig):
    name = "marketing"
    verbose_name = _("Marketing")

    def ready(self) -> None:
        from crm import demonstration
        from marketing import about_customers, conditions, parameters, privacy

        conditions.read_parameters_by(parameters.read)
        about_customers.register()
        privacy.register()
        demonstration.register("marketing.demonstration.make")
