"""Pages whose figures renew themselves: their script asks again and again, and is answered only what has changed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_cache_control

if TYPE_CHECKING:
    from django.http import HttpRequest

SCRIPT: Final = "X-Live"  # what the script sends, to be answered the part alone that renews itself


def is_asked_by_script(request: HttpRequest) -> bool:
    """Tell whether the script asks, not a person."""
    return SCRIPT in request.headers


def fresh(request: HttpRequest, content: str) -> HttpResponse:
    """Answer a part of a page, or that it is as it was (RFC 9110, section 15.4.5)."""
    tag = f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'
    known = request.headers.get("If-None-Match", "")
    answer = HttpResponseNotModified() if tag in known else HttpResponse(content)
    answer["ETag"] = tag
    patch_cache_control(answer, private=True, no_cache=True)
    return answer
