"""The list of customers, narrowed to those in a segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.admin import added as screens
from crm.api import added
from crm.api.errors import ParameterError
from crm.api.schema import parameters
from customers.models import Customer
from marketing.models import Segment

if TYPE_CHECKING:
    from crm.models import User


def in_segment(customers: Any, key: str, user: User) -> Any:
    """Keep the customers in a segment; raise ParameterError where the caller sees no such segment."""
    try:
        segment = Segment.objects.visible_to(user).filter(pk=UUID(key)).first()
    except ValueError as error:
        raise ParameterError("segment", gettext("Use the id of a segment.")) from error
    if segment is None:
        raise ParameterError("segment", gettext("There is no such segment."), "does_not_exist")
    return segment.among(customers)


def register() -> None:
    """Add the parameter, and what the staff site has in its place."""
    text = _("Only the customers in this segment.")
    added.register(added.Added(Customer, "segment", parameters.UUID, text, "marketing:read", in_segment))
    screens.add_filter(Customer, "marketing.admin.lists.SegmentFilter")
    for name in ("add_to_list", "take_from_list"):
        screens.add_action(Customer, f"marketing.admin.lists.{name}")
