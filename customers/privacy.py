"""What is held about customers, where it is not emptied as of itself."""

from __future__ import annotations

from typing import Final

from django.db.models.functions import Coalesce, Now

from crm.privacy import holdings
from crm.privacy.holdings import Holding
from crm.privacy.words import ERASED
from customers.models import Address, Customer, Duplicate, Purpose, RelationshipType, RetentionRule

IDENTIFYING: Final = ("name", "email", "phone", "phone_e164", "fax", "tax_id")


def register() -> None:
    """Tell the registry."""
    values = {"name": ERASED, "is_active": False, "erased_at": Coalesce("erased_at", Now())}
    kept = frozenset({"country"})
    holdings.register(Holding(Customer, kept=kept, values=values, identifying=IDENTIFYING))
    holdings.register(Holding(Address, kept=kept))
    holdings.register(Holding(Duplicate, is_deleted=True))
    holdings.nobody([Purpose, RelationshipType, RetentionRule], "How the company deals with customers.")
