"""Customers that may be one, in the staff site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from crm.admin import link_to, staff
from crm.admin.base import ModelAdmin
from crm.admin.lists import CappedPaginator
from customers.actions import dismiss_duplicate
from customers.models import Customer, Duplicate

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse


class StandingFilter(admin.SimpleListFilter):
    """Shows the pairs that nobody has dismissed, or those that somebody has."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("dismissed", _("Dismissed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Duplicate]) -> QuerySet[Duplicate]:
        return queryset.filter(dismissed_at__isnull=self.value() != "dismissed")


@admin.register(Duplicate)
class DuplicateAdmin(ModelAdmin):
    """Pairs of customers that may be one, likeliest first; the worker looks for them every few minutes."""

    list_display = ("first_link", "second_link", "percent", "shared")
    list_display_links = None
    list_select_related = ("first", "second")
    list_filter = (StandingFilter,)
    ordering = ("-score", "-pk")
    list_per_page = 50
    paginator = CappedPaginator
    show_full_result_count = False
    actions = ("dismiss",)
    actions_row = ("compare",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Duplicate]:
        return super().get_queryset(request).visible_to(staff(request))  # type: ignore[attr-defined, no-any-return]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).view_level(Customer) is not None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_dismiss_permission(self, request: HttpRequest) -> bool:
        return staff(request).has_perm("customers.change_customer")

    def has_compare_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).has_perms(["customers.change_customer", "customers.delete_customer"])

    @admin.action(description=_("They are two"), permissions=["dismiss"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[Duplicate]) -> None:
        """Dismiss pairs."""
        pairs = list(queryset)
        for pair in pairs:
            dismiss_duplicate(duplicate=pair, by=staff(request))
        text = ngettext("%d pair was dismissed.", "%d pairs were dismissed.", len(pairs))
        self.message_user(request, text % len(pairs), messages.SUCCESS)

    @action(
        description=_("Compare"),
        url_path="compare",
        icon="compare_arrows",
        permissions=["compare"],
        extra_options={"display_in_dropdown": False},
    )
    def compare(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show both customers side by side."""
        pair = get_object_or_404(self.get_queryset(request), pk=object_id)
        page = reverse("admin:customers_customer_merge", args=(pair.first_id,))
        return HttpResponseRedirect(f"{page}?with={pair.second_id}")

    @display(description=_("customer"))
    def first_link(self, pair: Duplicate) -> str:
        return link_to(pair.first)

    @display(description=_("may be the same as"))
    def second_link(self, pair: Duplicate) -> str:
        return link_to(pair.second)

    @display(description=_("score"), ordering="score")
    def percent(self, pair: Duplicate) -> str:
        return f"{pair.score:.0%}"

    @display(description=_("what they share"))
    def shared(self, pair: Duplicate) -> str:
        return " · ".join(pair.reason_words())
