"""What the pages of a ticket say of a link that does not work; nothing of whose it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from customers.pages import shown

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def too_many(request: HttpRequest) -> HttpResponse:
    """Answer 429."""
    return shown(request, "link", status=429, title=_("Too many requests"), text=_("Please try again in a minute."))


def expired(request: HttpRequest) -> HttpResponse:
    """Answer 410."""
    text = _("Please use the link in the latest message that you got from us, or answer that message.")
    return shown(request, "link", status=410, title=_("This link has expired"), text=text)


def unknown(request: HttpRequest) -> HttpResponse:
    """Answer 404."""
    text = _("Please check that you have the whole address, or use the link in the latest message from us.")
    return shown(request, "link", status=404, title=_("This link does not work"), text=text)
