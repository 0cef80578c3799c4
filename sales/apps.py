from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SalesConfig(AppConfig):
    name = "sales"
    verbose_name = _("Sales")

    def ready(self) -> None:
        from crm import demonstration
        from sales import privacy

        privacy.register()
        demonstration.register("sales.demonstration.capture.make")
