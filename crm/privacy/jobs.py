"""Erasing a second time, for what was being written at the very moment of the first."""

from __future__ import annotations

import logging
from typing import Final

from django.apps import apps
from procrastinate.contrib.django import app

from crm.models import Erasure
from crm.privacy.actions import NotThere, erase_person

MINUTES: Final = 10  # when whoever was writing at the first has long ended
logger = logging.getLogger(__name__)


@app.task(name="crm.privacy.erase_again")
def erase_again(erasure: str) -> None:
    """Erase what has come to be held since on the customer of a certificate; nothing where there is nothing."""
    first = Erasure.objects.select_related("by").get(pk=erasure)
    customer = apps.get_model(first.model)._base_manager.filter(pk=first.customer).first()
    if customer is None:
        return
    try:
        erase_person(customer=customer, by=first.by, reason=first.reason)
    except NotThere:
        logger.info("Customer %s is gone: nothing is left to erase.", first.customer)
