"""Where the content of attachments lies: a private folder, or a bucket of an S3-compatible service."""

from __future__ import annotations

import logging
import os
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.files.storage import FileSystemStorage, storages

from crm.models import Attachment

if TYPE_CHECKING:
    from django.core.files import File
    from django.core.files.storage import Storage

logger = logging.getLogger(__name__)


def store() -> Storage:
    """Return the store."""
    return storages["attachments"]


def keep(key: str, content: File[Any]) -> tuple[int, str]:
    """Put a content into the store under a key, whole or not at all, and return its length and SHA-256.

    Raise OSError where that fails.
    """
    digest, size = sha256(), 0
    for chunk in content.chunks():
        digest.update(chunk)
        size += len(chunk)
    content.seek(0)
    try:
        store().save(key, content)
    except BaseException as error:
        discard(key)
        if isinstance(error, OSError) or not isinstance(error, Exception):
            raise
        raise OSError(str(error)) from error  # what a bucket's client raises is no OSError
    return size, digest.hexdigest()


def discard(key: str) -> None:
    """Remove what did not come to be an attachment; what cannot be removed now goes when the store is swept."""
    try:
        store().delete(key)
    except Exception:
        logger.warning("%s stays in the store of attachments until it is swept", key, exc_info=True)


def is_usable() -> bool:
    """Tell whether content can be put into the store; raises what the service of a bucket raises where it cannot."""
    place: Any = store()
    if isinstance(place, FileSystemStorage):
        return is_writable(Path(place.location))
    place.connection.meta.client.head_bucket(Bucket=place.bucket_name)
    return True


def is_writable(folder: Path) -> bool:
    """Tell whether a folder takes a file; one that is missing is made with the first, so must never have had one."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x")
    except OSError:
        if folder.exists():
            return False
        above = next(one for one in folder.parents if one.exists())
        return above.is_dir() and os.access(above, os.W_OK) and not Attachment.objects.exists()
    return True
