"""From the change feed to messages: no change is passed over, none becomes two messages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

import orjson
from django.db import transaction

from crm.api.representation import RowJSON, shape_of
from crm.changes import feed
from crm.changes.representation import ChangeSerializer
from crm.models import Webhook, WebhookDelivery
from crm.webhooks import rights
from crm.webhooks.lanes import dispatch, lane_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm.models.changes import ChangeQuerySet

PAGE: Final = 500


def feed_all() -> None:
    """Make messages of all changes since the last look, and let what is due be sent.

    Workers at once leave each other's webhooks alone.
    """
    rights.end_unfounded()
    for pk in Webhook.objects.filter(paused_at=None).values_list("pk", flat=True):
        while feed_one(pk):
            pass
    dispatch()


@transaction.atomic
def feed_one(pk: UUID) -> bool:
    """Make messages of the next changes for one webhook, in one transaction; tell whether there are more."""
    rows = Webhook.objects.select_related("user").select_for_update(skip_locked=True, of=("self",))
    webhook = rows.founded().filter(pk=pk, paused_at=None).first()
    if webhook is None:
        return False
    page = next_page(webhook)
    make_messages(webhook, page.texts)
    position = {"transaction": page.position.transaction, "sequence": page.position.sequence}
    Webhook.objects.filter(pk=webhook.pk).update(**position)
    return page.has_more


def next_page(webhook: Webhook) -> feed.Page:
    """Return the next changes that a webhook is to hear of."""
    try:
        return feed.read(
            user=webhook.user,
            kinds=rights.heard(webhook),
            shape=shape_of(ChangeSerializer, None, frozenset()),
            after=feed.Position(webhook.transaction, webhook.sequence),
            limit=PAGE,
            narrow=(lambda rows: rows.filter(action__in=webhook.actions)) if webhook.actions else None,
        )
    except feed.FeedExpired:
        return feed.Page([], feed.State.now().start, has_more=True)


def count_ahead() -> int:
    """Return how many changes are still to become messages; writes nothing."""
    total = 0
    for webhook in Webhook.objects.select_related("user").founded().filter(paused_at=None):
        page = next_page(webhook)
        total += len(page.texts)
        while page.has_more:
            webhook.transaction, webhook.sequence = page.position.transaction, page.position.sequence
            page = next_page(webhook)
            total += len(page.texts)
    return total


def make_messages(webhook: Webhook, texts: Iterable[str], *, again: bool = False) -> None:
    """Store a message to send for each change; one that there is already is sent once more only if `again`."""
    made = [message(webhook, orjson.loads(text)) for text in texts]
    known = set(WebhookDelivery.objects.filter(pk__in=[one.pk for one in made]).values_list("pk", flat=True))
    WebhookDelivery.objects.bulk_create([one for one in made if one.pk not in known])
    if again:
        waiting = {
            "status": WebhookDelivery.Status.WAITING,
            "attempts": 0,
            "first_attempt_at": None,
            "next_attempt_at": None,
            "delivered_at": None,
        }
        WebhookDelivery.objects.filter(pk__in=known).update(**waiting)


def message(webhook: Webhook, change: dict[str, Any]) -> WebhookDelivery:
    """Return the message that tells of a change; its id follows from webhook and change, whenever it is made."""
    event = f"{change['resource']}.{change['action']}"
    return WebhookDelivery(
        id=uuid5(webhook.pk, change["id"]),
        webhook=webhook,
        event=event,
        record=change["record"],
        lane=lane_of(UUID(change["record"])),
        sequence=feed.Position.decode(change["id"]).sequence,
        changed_at=datetime.fromisoformat(change["at"]),
        body={"type": event, "timestamp": change["at"], "data": change},
    )


def deliver_changes(webhook: Webhook, changes: ChangeQuerySet) -> int:
    """Send these changes once more, as far as they concern a webhook; return how many messages."""
    rows = changes.visible_to(webhook.user, rights.heard(webhook)).in_order()
    if webhook.actions:
        rows = rows.filter(action__in=webhook.actions)
    text = RowJSON(shape_of(ChangeSerializer, None, frozenset()), webhook.user)
    total, page = 0, list(rows.values_list(text, "transaction", "sequence")[:PAGE])
    while page:
        make_messages(webhook, [row[0] for row in page], again=True)
        total += len(page)
        page = list(rows.after(*page[-1][1:]).values_list(text, "transaction", "sequence")[:PAGE])
    return total
