"""The OpenAPI document: worked out from what the kit knows, with nothing written per resource."""

from crm.api.schema.operations import OperationSchema

__all__ = ["OperationSchema"]
