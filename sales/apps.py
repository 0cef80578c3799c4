from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SalesConfig(AppConfig):
    name = "sales"
    verbose_name = _("Sales")

    def ready(self) -> None:
        from crm.sync import registry

        registry.register("products", "sales.receivers.Products")
        registry.register("orders", "sales.receivers.Orders")
