"""What the set-up of lead capture holds about customers: nothing."""

from __future__ import annotations

from crm.privacy import holdings
from sales.models import AssignmentRule, LeadForm, LeadFormReceipt, ScoreRule


def register() -> None:
    """Tell the registry."""
    holdings.nobody([AssignmentRule, LeadForm, ScoreRule], "How the company takes in leads.")
    holdings.nobody([LeadFormReceipt], "A digest made with a secret, from which nothing can be read; kept for an hour.")
