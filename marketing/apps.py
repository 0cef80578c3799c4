from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketingConfig(AppConfig):
    name = "marketing"
    verbose_name = _("Marketing")

    def ready(self) -> None:
        from django.conf import settings

        from crm import beats
        from marketing import privacy
        from marketing.jobs import look_after_campaigns

        privacy.register()
        beats.register(look_after_campaigns)
        if settings.USES_ANYMAIL:
            from marketing.mail import providers

            providers.listen()
