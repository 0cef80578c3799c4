"""What the verbs on tickets are told."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from crm.api.characters import refuse_control_characters
from crm.api.fields import VisibleRelatedField
from crm.api.strictness import StrictSerializer
from crm.models import User
from customers.models import Customer
from service.actions import MOST_FILES
from service.models import Priority, Queue, SLAPolicy, Status, Ticket
from service.models.messages import LONGEST

MOST_MESSAGES = 500


def text(help_text: Any, most: int, **options: Any) -> Any:
    """Return a field for a text without control characters."""
    return serializers.CharField(
        max_length=most, validators=[refuse_control_characters], help_text=help_text, **options
    )


class MessageSerializer(StrictSerializer):
    """What is said."""

    body = text(_("What it says, as plain text."), LONGEST)


class WithFilesSerializer(MessageSerializer):
    """What a colleague says, and the files that go with it."""

    attachments = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=MOST_FILES,
        help_text=_("Files that are attached to the ticket and become the message's; a reply sends them."),
    )


class ReplySerializer(WithFilesSerializer):
    """An answer to the customer, and how the ticket stands after it."""

    seen = serializers.UUIDField(
        required=False,
        allow_null=True,
        help_text=_("Newest reply of a colleague that you have read, null for none: 409 where there is a newer one."),
    )
    status = serializers.ChoiceField(
        [one for one in Status.choices if one[0] in {"open", "pending", "on_hold", "resolved"}],
        required=False,
        help_text=_("How the ticket stands from then on; left out: as before, or open where it was new."),
    )


class OpenTicketSerializer(StrictSerializer):
    """A customer's request."""

    customer = VisibleRelatedField(queryset=Customer.objects.all(), help_text=_("Who asks."))
    queue = VisibleRelatedField(queryset=Queue.objects.all(), help_text=_("Where it waits."))
    subject = text(_("What it is about, in a line."), 200)
    body = text(_("What the customer said."), LONGEST)
    email = serializers.EmailField(
        required=False, help_text=_("Where replies go; left out: the customer's own address.")
    )
    type = serializers.ChoiceField(Ticket.Type.choices, required=False, help_text=_("What kind of request it is."))
    priority = serializers.ChoiceField(Priority.choices, required=False, help_text=_("How much it matters."))
    channel = serializers.ChoiceField(Ticket.Channel.choices, required=False, help_text=_("How the customer asked."))
    policy = VisibleRelatedField(
        queryset=SLAPolicy.objects.all(), required=False, help_text=_("What is promised; left out: the queue's.")
    )


class AssignTicketSerializer(StrictSerializer):
    """Whom to give a ticket to."""

    assignee = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.filter(is_active=True), allow_null=True, help_text=_("The colleague; null for nobody.")
    )


class StatusSerializer(StrictSerializer):
    """How a ticket is to stand."""

    status = serializers.ChoiceField(
        [one for one in Status.choices if one[0] != "new"], help_text=_("How it stands from now on.")
    )


class MergeTicketSerializer(StrictSerializer):
    """Which ticket becomes part of this one."""

    loser = VisibleRelatedField(queryset=Ticket.objects.all(), help_text=_("The ticket that is closed."))


class SplitTicketSerializer(StrictSerializer):
    """Which messages get a ticket of their own."""

    subject = text(_("What the new ticket is about, in a line."), 200)
    messages = serializers.ListField(
        child=serializers.UUIDField(),
        min_length=1,
        max_length=MOST_MESSAGES,
        help_text=_("The messages that move; others must stay."),
    )
