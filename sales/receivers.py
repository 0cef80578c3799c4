"""What becomes of rows of products and of orders from an ERP."""

from sales.actions.erp import ERP_ORDERS, ERP_PRODUCTS, upsert_orders, upsert_products


class Products:
    """Takes rows about a product."""

    parts = ERP_PRODUCTS
    upsert = staticmethod(upsert_products)


class Orders:
    """Takes rows about an order, a line of one, or both."""

    parts = ERP_ORDERS
    upsert = staticmethod(upsert_orders)
