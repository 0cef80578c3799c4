"""Mail on tickets that waits, as `manage.py restored` counts and discards it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.restored.waiting import Waiting, register
from service.alerts import give_alerts
from service.models import Alert, SurveyRequest, TicketMessage
from service.surveys import ask_customers

DISCARDED = "Discarded after the database was restored."


def register_all() -> None:
    """Tell the registry of replies, alerts and surveys."""
    register(Waiting(_("replies on tickets"), lambda: replies().count(), discard_replies))
    register(Waiting(_("alerts about tickets"), lambda: alerts().count(), discard_alerts))
    register(Waiting(_("surveys"), lambda: surveys().count(), discard_surveys))


def replies() -> Any:
    """Return the replies that are still to be sent."""
    return TicketMessage.objects.filter(delivery=TicketMessage.Delivery.QUEUED)


def discard_replies() -> None:
    """Note replies as not sent."""
    replies().update(delivery=TicketMessage.Delivery.FAILED, delivery_error=DISCARDED)


def alerts() -> Any:
    """Return the alerts that were given and not sent."""
    return Alert.objects.filter(sent_at__isnull=True)


def discard_alerts() -> None:
    """Take all alerts whose time has come as sent; their jobs then find nothing to do."""
    give_alerts()
    alerts().update(sent_at=timezone.now())


def surveys() -> Any:
    """Return the customers who are to be asked and were not."""
    return SurveyRequest.objects.filter(sent_at__isnull=True, refused_at__isnull=True)


def discard_surveys() -> None:
    """Ask nobody who would be asked now; their jobs then find nothing to do."""
    ask_customers()
    surveys().update(refused_at=timezone.now())
