"""What sales holds about customers, where it is not emptied as of itself."""

from __future__ import annotations

from crm.privacy import holdings
from crm.privacy.holdings import Holding
from crm.privacy.words import ERASED
from sales.models import (
    AssignmentRule,
    ExchangeRate,
    LeadForm,
    LeadFormReceipt,
    LossReason,
    Opportunity,
    Order,
    Pipeline,
    Product,
    ScoreRule,
    Stage,
)


def register() -> None:
    """Tell the registry."""
    holdings.register(Holding(Opportunity, kept=frozenset({"currency"}), values={"name": ERASED}))
    holdings.register(Holding(Order, kept=frozenset({"number", "currency", "ship_to_country"})))
    holdings.nobody([Product, ExchangeRate], "What the company sells, and in which currencies.")
    holdings.nobody([Pipeline, Stage, LossReason], "How the company sells.")
    holdings.nobody([AssignmentRule, LeadForm, ScoreRule], "How the company takes in leads.")
    holdings.nobody([LeadFormReceipt], "A digest made with a secret, from which nothing can be read; kept for an hour.")
