"""What providers tell of messages by their webhooks, whatever provider it is (django-anymail)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from crm.api.characters import without_control_characters
from marketing import actions

if TYPE_CHECKING:
    from collections.abc import Callable

NOT_OF_ADDRESS: Final = ("timed_out", "blocked")  # reasons of anymail that say nothing of the address


def listen() -> None:
    """Hear what providers tell."""
    from anymail.signals import tracking

    tracking.connect(heard, dispatch_uid="marketing.providers")


def heard(sender: Any, event: Any, esp_name: str, **kwargs: Any) -> None:
    """Note what became of a message, by the member that it was given along; a receiver of anymail's `tracking`."""
    try:
        member = UUID((event.metadata or {}).get("member", ""))
    except ValueError:
        return
    note = NOTES.get(event.event_type)
    if note is not None:
        note(member, event)


def outcome(state: str) -> Callable[[UUID, Any], Any]:
    """Return what notes that a message came so far."""
    return lambda member, event: actions.note_outcome(member=member, state=state, at=event.timestamp)


def bounced(member: UUID, event: Any) -> None:
    """Note that a message came back; what is only late is told as `deferred`."""
    is_permanent = event.reject_reason not in NOT_OF_ADDRESS
    detail = without_control_characters(str(event.description or event.reject_reason or ""))
    actions.note_bounce(member=member, is_permanent=is_permanent, detail=detail)


NOTES: dict[str, Callable[[UUID, Any], Any]] = {
    "delivered": outcome("delivered"),
    "opened": outcome("opened"),
    "clicked": lambda member, event: actions.note_click(member=member, url=event.click_url or ""),
    "bounced": bounced,
    "rejected": bounced,
    "complained": lambda member, _event: actions.note_complaint(member=member),
    "unsubscribed": lambda member, _event: actions.note_unsubscribed(member=member),
}
