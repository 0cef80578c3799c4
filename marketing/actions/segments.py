"""What can happen to segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from crm.refused import Refused
from marketing.models import Segment, SegmentMember

if TYPE_CHECKING:
    from collections.abc import Collection

    from customers.models import Customer

MOST_MEMBERS: Final = 1000


class NotFrozen(Refused):
    """Members were to be added to a segment that has them by its conditions, or taken from it."""

    text = _("The segment is dynamic: freeze it first.")


class UnreadableNow(Refused):
    """The conditions of a segment can no longer be read, so that nobody would be in it."""

    text = _("The conditions can no longer be read: correct them first.")


@transaction.atomic
def freeze_segment(*, segment: Segment) -> Segment:
    """Fix the members of a segment as they are now; a frozen one stays as it is."""
    segment = Segment.objects.select_for_update().get(pk=segment.pk)
    if segment.kind == Segment.Kind.FROZEN:
        return segment
    if segment.fault:
        raise UnreadableNow
    # The database copies them itself: there may be hundreds of thousands.
    chosen, params = segment.customers().order_by().values("pk").query.sql_with_params()
    segment.members.all().delete()
    with connection.cursor() as cursor:
        insert = f"INSERT INTO {SegmentMember._meta.db_table} (segment_id, customer_id) SELECT %s, chosen.id"
        cursor.execute(f"{insert} FROM ({chosen}) AS chosen (id)", [segment.pk, *params])
    segment.kind = Segment.Kind.FROZEN
    segment.save(update_fields=["kind", "updated_at"])
    return segment


@transaction.atomic
def thaw_segment(*, segment: Segment) -> Segment:
    """Let the conditions of a segment say again who is in it, and forget its list."""
    segment = Segment.objects.select_for_update().get(pk=segment.pk)
    if segment.kind == Segment.Kind.DYNAMIC:
        return segment
    segment.members.all().delete()
    segment.kind = Segment.Kind.DYNAMIC
    segment.save(update_fields=["kind", "updated_at"])
    return segment


@transaction.atomic
def change_members(*, segment: Segment, add: Collection[Customer] = (), remove: Collection[Customer] = ()) -> Segment:
    """Put customers on the list of a frozen segment, and take others from it; whoever is on it already stays."""
    segment = Segment.objects.select_for_update().get(pk=segment.pk)
    if segment.kind != Segment.Kind.FROZEN:
        raise NotFrozen
    segment.members.filter(customer__in=remove).delete()
    members = [SegmentMember(segment=segment, customer=customer) for customer in add]
    SegmentMember.objects.bulk_create(members, ignore_conflicts=True)
    segment.save(update_fields=["updated_at"])
    return segment
