"""What can be done to imports: through the API and on the screens alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict, Unpack

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


class Wish(TypedDict, total=False):
    """How rows become records; whatever is not named stays as it was said before, or is as by default."""

    mapping: Mapping[str, str | None]
    key: str
    system: str
    refuses_duplicates: bool


@transaction.atomic
def prepare(*, one: Import, **wish: Unpack[Wish]) -> Import:
    """Keep a wish for when the file is gone through; raise ValidationError where it makes no sense."""
    one = Import.objects.select_for_update().get(pk=one.pk)
    if one.status not in ENDED:
        raise refused("", _("It is running already."))
    if "mapping" in wish:
        one.columns = [{**column, "field": wish["mapping"].get(column["name"]) or None} for column in one.columns]
        check_mapping(one, wish["mapping"])
    one.key, one.system = wish.get("key", one.key), wish.get("system", one.system)
    one.refuses_duplicates = wish.get("refuses_duplicates", one.refuses_duplicates)
    if wish.get("key"):
        check_key(one, one.key)
    check_duplicates(one, refuses_duplicates=one.refuses_duplicates)
    one.save()
    return one


@transaction.atomic
def start(*, one: Import, is_dry_run: bool, **wish: Unpack[Wish]) -> Import:
    """Let the worker import a file from its beginning, as wished now or before; raise ValidationError for nonsense."""
    one = prepare(one=one, **wish)
    check_key(one, one.key)
    one.refusals.all().delete()
    one.lines_done = one.created = one.updated = one.unchanged = one.refused = 0
    one.run += 1
    one.is_dry_run = is_dry_run
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
