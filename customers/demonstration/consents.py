"""What customers agreed to, and files about them, for demonstration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.core.files.base import ContentFile

from crm.attachments.actions import attach
from customers.models import Consent, Customer, Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from crm.demonstration import Setting
    from crm.models import Attachment

NOTES: Final = 12


def notes(setting: Setting, customers: list[Customer]) -> Iterator[Attachment]:
    """Attach a text to some organizations."""
    organizations = [one for one in customers if one.kind == Customer.Kind.ORGANIZATION]
    for one in setting.random.sample(organizations, NOTES):
        text = f"{one.name}\n{one.email}\n{one.website}\n"
        content = ContentFile(text.encode())
        yield attach(about=one, name=f"{one.name}.txt", content=content, by=setting.colleagues[str(one.team)][0])


def consents(setting: Setting, customers: list[Customer]) -> Iterator[Consent]:
    """Yield what customers said when they were asked; some took it back later."""
    random = setting.random
    purposes = list(Purpose.objects.filter(is_active=True).order_by("name"))
    for customer in customers:
        for purpose in purposes if customer.email else ():
            moment, source = customer.created_at, random.choice(["form", "email", "phone", "preferences"])
            for is_granted in random.choice([(), (True,), (True,), (False,), (True, False)]):
                moment += (setting.now - moment) * random.random() * 0.5
                yield consent(customer, purpose, moment, source, is_granted=is_granted)


def consent(customer: Customer, purpose: Purpose, moment: datetime, source: str, *, is_granted: bool) -> Consent:
    """Return what one customer said at a moment."""
    return Consent(
        customer=customer,
        purpose=purpose,
        owner=customer.owner,
        team=customer.team,
        created_at=moment,
        updated_at=moment,
        occurred_at=moment,
        is_granted=is_granted,
        source=source,
        evidence=purpose.wording,
        recorded_by=None if source == "preferences" else customer.owner,
    )
