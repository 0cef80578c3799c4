from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CustomersConfig(AppConfig):
    name = "customers"
    verbose_name = _("Customers")

    def ready(self) -> None:
        from crm import demonstration
        from crm.changes import timeline
        from crm.sync import registry
        from customers import privacy, reports  # noqa: F401 -- reports register themselves
        from customers.models import Consent, Interaction
        from customers.purposes import make_first_purposes

        post_migrate.connect(make_first_purposes, sender=self, dispatch_uid="customers.purposes")
        registry.register("customers", "customers.receivers.Customers")
        interactions = "customers/timeline_interaction.html"
        timeline.register(timeline.Source(Interaction, "occurred_at", interactions, related=("user", "customer")))
        consents = "customers/timeline_consent.html"
        related = ("purpose", "recorded_by", "customer")
        timeline.register(timeline.Source(Consent, "occurred_at", consents, related=related))
        privacy.register()
        demonstration.register("customers.demonstration.make")
