from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CustomersConfig(AppConfig):
    name = "customers"
    verbose_name = _("Customers")

    def ready(self) -> None:
        from crm import demonstration
        from crm.sync import registry

        registry.register("customers", "customers.receivers.Customers")
        demonstration.register("customers.demonstration.make")
