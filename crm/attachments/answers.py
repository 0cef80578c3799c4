"""How the content of an attachment leaves: as a file to save, which no browser shows or runs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import FileResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm.api.pages import not_found
from crm.attachments.store import store
from crm.auth.limits import count_address
from crm.models import Attachment, User

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

SALT: Final = "crm.attachments"
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "private, no-store",
}


class ContentMissing(Exception):
    """The store no longer has the content."""


def answer(attachment: Attachment) -> FileResponse:
    """Return the content as a stream; raise ContentMissing where the store lacks it."""
    try:
        content = store().open(attachment.key)
    except FileNotFoundError as error:
        raise ContentMissing(attachment.pk) from error
    response = FileResponse(content, as_attachment=True, filename=attachment.name, content_type=attachment.media_type)
    response.headers["Content-Length"] = str(attachment.size)
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


def link_for(attachment: Attachment, user: User) -> str:
    """Return an address that answers the content without a token, for ATTACHMENT_LINK_SECONDS, as `user` may see it."""
    token = signing.dumps([attachment.pk.hex, user.pk.hex], salt=SALT)
    return f"{settings.BASE_URL}{reverse('attachment-file', args=(token,))}"


@require_safe
def file(request: HttpRequest, token: str) -> HttpResponseBase:
    """Answer what a link leads to, while whoever made it may still see it; 404 for everything else."""
    if count_address(request, "files").is_exceeded:
        return refusal(request)
    try:
        parts = signing.loads(token, salt=SALT, max_age=timedelta(seconds=settings.ATTACHMENT_LINK_SECONDS))
        key, person = (UUID(part) for part in parts)
        user = User.objects.get(pk=person, is_active=True)
        return answer(Attachment.objects.visible_to(user).get(pk=key))
    except (signing.BadSignature, User.DoesNotExist, Attachment.DoesNotExist, ContentMissing):
        return not_found(request)


def refusal(request: HttpRequest) -> HttpResponse:
    """Answer 429."""
    from django.shortcuts import render

    return render(request, "crm/error.html", {"title": _("Too many requests"), "status": 429}, status=429)


urlpatterns = [path("files/<str:token>", file, name="attachment-file")]
