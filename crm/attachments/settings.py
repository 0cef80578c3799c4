"""Where attachments are stored, as Django's STORAGES has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm import environment

if TYPE_CHECKING:
    from pathlib import Path


def store_settings(folder: Path) -> dict[str, Any]:
    """Return the store: a bucket where ATTACHMENTS_S3_BUCKET names one, else ATTACHMENTS_DIR or this folder."""
    bucket = environment.matching("ATTACHMENTS_S3_BUCKET", "", r"[A-Za-z0-9][\w.-]{1,253}", "the name of a bucket")
    endpoint = environment.matching("ATTACHMENTS_S3_ENDPOINT", "", r"https?://\S+", "an address such as https://…")
    region = environment.matching("ATTACHMENTS_S3_REGION", "", r"[\w-]+", "the name of a region")
    addressing = environment.choice("ATTACHMENTS_S3_ADDRESSING", "path", ("path", "virtual", "auto"))
    if not bucket:
        place = environment.text("ATTACHMENTS_DIR", str(folder))
        modes = {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700}
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": place, **modes}}
    options: dict[str, Any] = {
        "bucket_name": bucket,
        "endpoint_url": endpoint or None,
        "region_name": region or None,
        "access_key": environment.text("ATTACHMENTS_S3_ACCESS_KEY") or None,
        "secret_key": environment.text("ATTACHMENTS_S3_SECRET_KEY") or None,
        "location": environment.text("ATTACHMENTS_S3_PREFIX"),
        "addressing_style": addressing,
        "default_acl": None,
        "file_overwrite": True,
        "querystring_auth": True,
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
