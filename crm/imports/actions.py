"""What can be done to imports: through the API and on the screens alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from crm.auth import audit
from crm.imports import files, running
from crm.imports.columns import guess
from crm.imports.rules import check_duplicates, check_key, check_mapping, refused, serializer_of
from crm.models import Import, ImportFile
from crm.sync.formats import FileUnreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm.models import User

ENDED: Final = (Import.Status.DRAFT, Import.Status.DONE, Import.Status.FAILED, Import.Status.CANCELLED)
BEGUN: Final = (Import.Status.WAITING, Import.Status.RUNNING)


@transaction.atomic
def upload(*, user: User, resource: str, filename: str, content: bytes) -> Import:
    """Keep a file as a draft, its columns guessed; raise ValidationError for one that cannot be read."""
    serializer = serializer_of(resource)
    if not filename.lower().endswith(files.ENDINGS):
        raise refused("file", _("Use one of: %s.") % ", ".join(files.ENDINGS))
    if len(content) > settings.MAX_IMPORT_BYTES:
        raise refused("file", _("The file is larger than %d bytes.") % settings.MAX_IMPORT_BYTES)
    try:
        with files.on_disk(filename, content) as laid:
            found, lines = laid.columns(), laid.length()
    except FileUnreadable as error:
        raise refused("file", str(error)) from error
    if not found:
        raise refused("file", _("There is no row."))
    guessed = guess(found, serializer)
    columns = [{"name": name, "field": guessed.get(name), "samples": values} for name, values in found.items()]
    one = Import.objects.create(user=user, resource=resource, filename=filename[-255:], columns=columns, lines=lines)
    ImportFile.objects.create(owner=one, content=content)
    audit.record("import_uploaded", user=user.pk, what=resource, job=one.pk)
    return one


@transaction.atomic
def start(
    *,
    one: Import,
    mapping: Mapping[str, str | None] | None = None,
    key: str = "",
    system: str = "",
    is_dry_run: bool,
    refuses_duplicates: bool = False,
) -> Import:
    """Let the worker import a file from its beginning; raise ValidationError where what is asked for makes no sense."""
    one = Import.objects.select_for_update().get(pk=one.pk)
    if one.status not in ENDED:
        raise refused("", _("It is running already."))
    if mapping is not None:
        one.columns = [{**column, "field": mapping.get(column["name"]) or None} for column in one.columns]
        check_mapping(one, mapping)
    check_key(one, key)
    check_duplicates(one, refuses_duplicates=refuses_duplicates)
    one.refusals.all().delete()
    one.lines_done = one.created = one.updated = one.unchanged = one.refused = 0
    one.run += 1
    one.key, one.system, one.is_dry_run, one.refuses_duplicates = key, system, is_dry_run, refuses_duplicates
    one.status, one.error, one.started_at, one.ended_at = Import.Status.WAITING, "", None, None
    one.save()
    running.run.configure(lock=f"import:{one.pk}").defer(one=str(one.pk), language=translation.get_language())
    audit.record("import_started", user=one.user_id, what=one.resource, job=one.pk, dry_run=is_dry_run)
    return one


@transaction.atomic
def cancel(*, one: Import) -> Import:
    """Stop an import; what it has done stays. Raises ValidationError where it is not running."""
    one = Import.objects.select_for_update().get(pk=one.pk)
    if one.status not in BEGUN:
        raise refused("", _("It is not running."))
    running.end(one, Import.Status.CANCELLED)
    one.refresh_from_db()
    return one
