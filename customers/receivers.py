"""What becomes of rows of customers from an ERP."""

from customers.actions import ERP_PARTS, upsert_customers


class Customers:
    """Takes rows about an organization, a person, or a person of an organization, with an address."""

    parts = ERP_PARTS
    upsert = staticmethod(upsert_customers)
