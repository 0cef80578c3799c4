"""How the company sells: leads, deals and their stages, what is sold, and the orders that came of it."""

from crm.currencies import CURRENCIES, reporting_currency
from sales.models.assignment import AssignmentRule
from sales.models.currencies import ExchangeRate, MissingRate, convert
from sales.models.forms import LeadForm, LeadFormReceipt
from sales.models.leads import Lead
from sales.models.lines import OpportunityLine, StageChange
from sales.models.opportunities import Opportunity, OpportunityQuerySet
from sales.models.orders import Order, OrderLine
from sales.models.pipelines import LossReason, Pipeline, Stage
from sales.models.products import Product
from sales.models.scoring import ScoreRule

__all__ = [
    "CURRENCIES",
    "AssignmentRule",
    "ExchangeRate",
    "Lead",
    "LeadForm",
    "LeadFormReceipt",
    "LossReason",
    "MissingRate",
    "Opportunity",
    "OpportunityLine",
    "OpportunityQuerySet",
    "Order",
    "OrderLine",
    "Pipeline",
    "Product",
    "ScoreRule",
    "Stage",
    "StageChange",
    "convert",
    "reporting_currency",
]
