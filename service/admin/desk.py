"""The agent's desk: my tickets and those that nobody has, by what is missed next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.admin import staff
from crm.admin.site import add_to_top
from service.models import Status, Ticket

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from crm.models import User

SHOWN: Final = 50
PAGE: Final = "admin:service_desk"


def parts_for(user: User) -> list[tuple[str, list[Ticket]]]:
    """Return what the desk shows: what is mine to do, what waits for somebody, and what waits for customers."""
    seen = Ticket.objects.visible_to(user).active().select_related("customer", "queue").most_urgent_first()
    waiting = [Status.PENDING, Status.ON_HOLD]
    mine = seen.filter(assignee=user.pk)
    rows = [
        (_("Mine"), mine.exclude(status__in=waiting)),
        (_("Nobody's"), seen.filter(assignee__isnull=True)),
        (_("Mine, waiting for others"), mine.filter(status__in=waiting)),
    ]
    return [(title, list(found[:SHOWN])) for title, found in rows]


def desk(request: HttpRequest) -> HttpResponse:
    """Show the desk."""
    user = staff(request)
    if user.view_level(Ticket) is None:
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": _("My tickets"),
        "parts": parts_for(user),
        "may_change": user.has_perm("service.change_ticket"),
    }
    return TemplateResponse(request, "service/desk.html", context)


@add_to_top
def entry(request: HttpRequest) -> dict[str, Any]:
    """Return the line of the sidebar, with the number of tickets that are mine to answer."""
    user = staff(request)
    may_see = user.view_level(Ticket) is not None
    waiting = Ticket.objects.of(user).filter(status__in=[Status.NEW, Status.OPEN]).count() if may_see else 0
    return {
        "title": _("My tickets"),
        "icon": "support_agent",
        "link": reverse(PAGE),
        "active": request.path == reverse(PAGE),
        "badge": waiting or "",
        "permission": lambda _request: may_see,
    }
