"""Whom the company deals with, and what happened between them."""

from customers.models.addresses import Address
from customers.models.customers import Customer
from customers.models.interactions import Interaction
from customers.models.relationships import Relationship, RelationshipType

__all__ = ["Address", "Customer", "Interaction", "Relationship", "RelationshipType"]
