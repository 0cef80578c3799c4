"""Where attachments are stored, as Django's STORAGES has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm import environment

if TYPE_CHECKING:
    from pathlib import Path


def store_settings(folder: Path) -> dict[str, Any]:
    """Return the store: a bucket where ATTACHMENTS_S3_BUCKET names one, else ATTACHMENTS_DIR or this folder."""
    bucket = environment.text("ATTACHMENTS_S3_BUCKET")
    if not bucket:
        place = environment.text("ATTACHMENTS_DIR", str(folder))
        modes = {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700}
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": place, **modes}}
    options: dict[str, Any] = {
        "bucket_name": bucket,
        "endpoint_url": environment.text("ATTACHMENTS_S3_ENDPOINT") or None,
        "region_name": environment.text("ATTACHMENTS_S3_REGION") or None,
        "access_key": environment.text("ATTACHMENTS_S3_ACCESS_KEY") or None,
        "secret_key": environment.text("ATTACHMENTS_S3_SECRET_KEY") or None,
        "location": environment.text("ATTACHMENTS_S3_PREFIX"),
        "addressing_style": environment.text("ATTACHMENTS_S3_ADDRESSING", "path"),
        "default_acl": None,
        "file_overwrite": True,
        "querystring_auth": True,
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
