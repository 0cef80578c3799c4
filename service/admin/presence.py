"""What the page of a ticket tells the server while it is open: who looks, who writes, and what is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST

from crm.admin import staff
from service import actions

if TYPE_CHECKING:
    from django.http import HttpRequest

    from service.models import Ticket


class WithPresence:
    """Answers the scripts of a ticket's page."""

    admin_site: Any

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        own = [
            path("<path:object_id>/presence/", wrap(require_POST(self.presence)), name="service_ticket_presence"),
            path("<path:object_id>/draft/", wrap(require_POST(self.draft)), name="service_ticket_draft"),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]  # a mixin of ModelAdmin

    def seen(self, request: HttpRequest, object_id: str) -> Ticket:
        """Return the ticket, if the colleague may see it."""
        own: Any = self
        ticket: Ticket | None = own.get_object(request, unquote(object_id))
        if ticket is None:
            raise Http404
        return ticket

    def presence(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Note that the colleague is here, or leaves, and answer who else is."""
        ticket, user = self.seen(request, object_id), staff(request)
        if "leaves" in request.POST:
            actions.leave_ticket(ticket=ticket, by=user)
            return HttpResponse(status=204)
        is_replying = "is_replying" in request.POST and user.has_perm("service.change_ticket")
        others = actions.note_presence(ticket=ticket, by=user, is_replying=is_replying)
        return JsonResponse({"others": [str(one) for one in others]})

    def draft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Keep what the colleague has typed."""
        ticket, user = self.seen(request, object_id), staff(request)
        if not user.has_perm("service.change_ticket"):
            raise PermissionDenied
        actions.save_draft(ticket=ticket, by=user, body=request.POST.get("body", ""))
        return HttpResponse(status=204)
