"""Where the content of attachments lies: a private folder, or a bucket of an S3-compatible service."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.core.files.storage import storages

if TYPE_CHECKING:
    from django.core.files import File
    from django.core.files.storage import Storage


def store() -> Storage:
    """Return the store."""
    return storages["attachments"]


def keep(key: str, content: File[Any]) -> tuple[int, str]:
    """Put a content into the store under a key, and return its length and SHA-256; raise OSError where that fails."""
    digest, size = sha256(), 0
    for chunk in content.chunks():
        digest.update(chunk)
        size += len(chunk)
    content.seek(0)
    place = store()
    try:
        place.save(key, content)
    except OSError:
        raise
    except Exception as error:  # what a bucket's client raises is no OSError
        raise OSError(str(error)) from error
    return size, digest.hexdigest()
