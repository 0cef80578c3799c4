"""Versions of records: ETag, If-Match and If-None-Match (RFC 9110, sections 8.8 and 13)."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from crm.api.errors import ParameterError, Problem

if TYPE_CHECKING:
    from rest_framework.request import Request

ETAG = re.compile(r'(W/)?"([^"]*)"')
CONDITION = re.compile(r'\*|(W/)?"[!#-~]*"(\s*,\s*(W/)?"[!#-~]*")*')
MAX_CONDITION = 500


def etag(version: str, text: str, media_type: str) -> str:
    """Return the strong ETag of a representation: the version of the row, then a digest of what was written.

    The first part serves `If-Match`, whatever representation the client read; the whole serves `If-None-Match`.
    """
    digest = blake2b(f"{media_type}\n{text}".encode(), digest_size=9).hexdigest()
    return f'"{version}-{digest}"'


def is_unchanged(request: Request, tag: str) -> bool:
    """Tell whether the client's copy is still good, so that 304 will do."""
    given = condition(request, "If-None-Match") or ""
    return given == "*" or any(value == tag.strip('"') for _weak, value in ETAG.findall(given))


def condition(request: Request, name: str) -> str | None:
    """Return the value of If-Match or If-None-Match; raise 400 for what is neither `*` nor a list of ETags."""
    value = request.headers.get(name)
    if value is not None and (len(value) > MAX_CONDITION or not CONDITION.fullmatch(value.strip())):
        raise ParameterError(name, _("Send ETags as you read them, or *."))
    return None if value is None else value.strip()


def check_preconditions(request: Request, version: str | None) -> None:
    """Raise 412 unless the row's version, None where there is no row, is one the client wants to change.

    Call it under the row's lock. 428 where the setting REQUIRE_IF_MATCH wants a version and none is given.
    """
    wanted = condition(request, "If-Match")
    if condition(request, "If-None-Match") == "*" and version is not None:
        raise Problem("precondition_failed", _("It exists already."))
    if wanted is None:
        if settings.REQUIRE_IF_MATCH and version is not None:
            raise Problem("precondition_required", _("Send the ETag that you read as If-Match."))
        return
    if wanted == "*" and version is not None:
        return
    versions = {value.partition("-")[0] for weak, value in ETAG.findall(wanted) if not weak}
    if version is None or version not in versions:
        raise Problem("precondition_failed", _("Read it again, and decide anew."))
