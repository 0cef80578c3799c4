"""Verbs on attachments."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from crm.about import customer_of
from crm.attachments.kinds import clean_name, media_type_of, refused
from crm.attachments.store import discard, keep, store
from crm.database.turns import take_turns
from crm.database.undoing import on_rollback
from crm.models import Attachment

if TYPE_CHECKING:
    from django.core.files import File

    from crm.models import Record, User


def attach(*, about: Record, name: str, content: File[Any], by: User | None) -> Attachment:
    """Attach a file to a record; raise ValidationError for one that is not taken. `by` is None where it came by e-mail.

    The content goes to the store before the row is written: without a transaction that would hold others up, and so
    that there is never a row without content. Content goes again where the transaction is rolled back; where nobody
    knows how that ended, or this process ends before, it is left to the sweep.
    """
    shown = clean_name(name)
    if not shown:
        raise refused(_("The file needs a name."), "name_missing")
    if not content.size:
        raise refused(_("The file is empty."), "empty")
    if content.size > settings.ATTACHMENT_BYTES:
        raise refused(_("At most %s are taken.") % filesizeformat(settings.ATTACHMENT_BYTES), "too_large")
    media_type = media_type_of(shown, content)
    one = Attachment(about_type=about.label(), about_id=about.pk, name=shown, media_type=media_type)
    one.customer, one.uploaded_by, one.owner = customer_of(about), by, by or about.owner
    one.team = by.team if by else about.team
    one.size, one.sha256 = keep(one.key, content)
    _write(one)
    return one


@transaction.atomic
def _write(one: Attachment) -> None:
    """Write the row, unless the record would have more than it may; uploads to one record take turns."""
    on_rollback(partial(discard, one.key))
    take_turns("attachments", str(one.about_id))
    others = Attachment.objects.filter(about_type=one.about_type, about_id=one.about_id)
    total = others.aggregate(total=Sum("size"))["total"] or 0
    if total + one.size > settings.ATTACHMENT_RECORD_BYTES:
        limit = filesizeformat(settings.ATTACHMENT_RECORD_BYTES)
        raise refused(_("The files of one record may have %s together.") % limit, "too_much")
    one.save(force_insert=True)


@transaction.atomic
def erase(*, attachment: Attachment) -> None:
    """Delete an attachment with its content, for good, once the transaction is committed."""
    key = attachment.key
    attachment.delete()
    transaction.on_commit(lambda: store().delete(key))
