from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SalesConfig(AppConfig):
    name = "sales"
    verbose_name = _("Sales")

    def ready(self) -> None:
        import sales.checks  # noqa: F401 -- it registers a check
        from crm import demonstration
        from crm.changes.timeline import Source, register
        from crm.sync import registry
        from marketing import attribution
        from sales import conditions, privacy, reports  # noqa: F401 -- reports register themselves
        from sales.attribution import Selling
        from sales.models import Lead, Order, StageChange

        conditions.register()
        privacy.register()
        attribution.register(Selling())
        demonstration.register("sales.demonstration.make")
        demonstration.register("sales.demonstration.capture.make")
        registry.register("products", "sales.receivers.Products")
        registry.register("orders", "sales.receivers.Orders")
        register(Source(Lead, "created_at", "sales/timeline_lead.html", related=("customer", "owner")))
        register(
            Source(
                StageChange,
                "changed_at",
                "sales/timeline_stage_change.html",
                customer="opportunity__customer",
                related=("opportunity__customer", "from_stage", "to_stage", "changed_by"),
            )
        )
        register(Source(Order, "ordered_at", "sales/timeline_order.html", related=("customer",)))
