"""Drafts and presences in the staff site: each colleague finds their own drafts; who looks where is shown to all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin

from crm.admin import staff
from service.admin.of_tickets import OfTickets
from service.models import Draft, Presence

if TYPE_CHECKING:
    from django.http import HttpRequest


@admin.register(Draft)
class DraftAdmin(OfTickets):
    """One's own drafts."""

    list_display = ("__str__", "ticket_link", "saved_at")
    ordering = ("-saved_at", "-id")
    fields = readonly_fields = ("ticket", "saved_at", "body")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(author=staff(request).pk)


@admin.register(Presence)
class PresenceAdmin(OfTickets):
    """Who looks at which ticket just now."""

    list_display = ("__str__", "ticket_link", "seen_at")
    list_select_related: ClassVar[Any] = ("ticket", "user")
    ordering = ("-seen_at", "-id")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).lately()
