"""Files that go with what colleagues say: chosen in a form, or attached to the ticket before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypedDict

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.attachments.actions import attach
from crm.models import Attachment
from service.models import Ticket, TicketMessage

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from django.core.files import File

    from crm.models import User

MOST_FILES: Final = 10


class FileNotThere(Exception):
    """A file that is to go along is not attached to the ticket."""


class Files(TypedDict, total=False):
    """What goes with a message: new files, and ids of files that are attached to the ticket."""

    uploads: Collection[File[Any]]
    attachments: Collection[UUID]


def add_files(
    *, message: TicketMessage, by: User, uploads: Collection[File[Any]] = (), attachments: Collection[UUID] = ()
) -> None:
    """Let files belong to a message; raise FileNotThere, or ValidationError for one that is not taken.

    Files that were attached to the ticket become the message's, and are the customer's to read if that is public.
    """
    wanted = set(attachments)
    if len(uploads) + len(wanted) > MOST_FILES:
        raise ValidationError(_("At most %d files at once.") % MOST_FILES)
    of_ticket = Attachment.objects.visible_to(by).filter(about_type=Ticket.label(), about_id=message.ticket_id)
    keys = list(of_ticket.filter(pk__in=wanted).values_list("pk", flat=True))
    if len(keys) != len(wanted):
        raise FileNotThere(wanted - set(keys))
    moved = Attachment.objects.filter(pk__in=keys)
    moved.update(about_type=TicketMessage.label(), about_id=message.pk, updated_at=timezone.now())
    for one in uploads:
        attach(about=message, name=one.name or "", content=one, by=by)
