"""Whom the company deals with, and what happened between them."""

from customers.models.addresses import Address
from customers.models.customers import Customer
from customers.models.duplicates import Duplicate
from customers.models.interactions import Interaction

__all__ = ["Address", "Customer", "Duplicate", "Interaction"]
