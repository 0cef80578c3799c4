"""Whom the company deals with, and what happened between them."""

from customers.models.addresses import Address
from customers.models.consents import Consent, Purpose
from customers.models.customers import Customer, CustomerQuerySet
from customers.models.duplicates import Duplicate
from customers.models.interactions import Interaction
from customers.models.relationships import Relationship, RelationshipType
from customers.models.retention import RetentionRule

__all__ = [
    "Address",
    "Consent",
    "Customer",
    "CustomerQuerySet",
    "Duplicate",
    "Interaction",
    "Purpose",
    "Relationship",
    "RelationshipType",
    "RetentionRule",
]
