"""Segments on the list of customers: it is narrowed to one, and customers are put on a fixed list or taken from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import ActionLocation
from django.db import transaction
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelect2Widget

from crm.admin import staff
from marketing import actions
from marketing.models import Segment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from customers.models import Customer

MOST: Final = 10_000
OFFERED: Final = 500


class SegmentFilter(DropdownFilter):
    """Choose a segment, of those that the colleague sees."""

    title = gettext_lazy("segment")
    parameter_name = "segment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        seen = Segment.objects.visible_to(staff(request)).order_by("name", "id")
        return [(str(key), name) for key, name in seen.values_list("pk", "name")[:OFFERED]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        segment = next((key for key, _name in self.lookup_choices if key == self.value()), None)
        if segment is None:
            return queryset
        return self.kept(Segment.objects.get(pk=segment), queryset)

    def kept(self, segment: Segment, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the customers in a segment."""
        kept: Any = queryset
        return segment.among(kept)


class MemberFilter(SegmentFilter):
    """The same, of the list of members."""

    def kept(self, segment: Segment, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the members of a segment."""
        return queryset.filter(segment=segment)


class ListForm(forms.Form):
    """Which fixed list, and whether customers are put on it or taken from it."""

    segment = forms.ModelChoiceField(
        Segment.objects.none(),
        label=gettext_lazy("List"),
        help_text=gettext_lazy("Only frozen segments are lists; freeze a segment to make it one."),
        widget=UnfoldAdminSelect2Widget,
    )
    action = forms.CharField(widget=forms.HiddenInput)
    select_across = forms.CharField(widget=forms.HiddenInput, required=False)
    _selected_action = forms.MultipleChoiceField(widget=forms.MultipleHiddenInput, required=False)

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        """Offer the frozen segments that the colleague sees."""
        super().__init__(*args)
        chosen = request.POST.getlist("_selected_action")
        fields: Any = self.fields
        seen = Segment.objects.visible_to(staff(request)).filter(kind=Segment.Kind.FROZEN)
        fields["segment"].queryset = seen.order_by("name")
        fields["_selected_action"].choices = [(one, one) for one in chosen]
        known = {name: request.POST.get(name, "") for name in ("action", "select_across")}
        self.initial = {**known, "_selected_action": chosen}


def ask(request: HttpRequest, queryset: QuerySet[Any], title: str, *, adds: bool) -> HttpResponse | None:
    """Ask for the list, and put the customers on it, or take them from it, once it is said."""
    form = ListForm(request, request.POST) if "segment" in request.POST else ListForm(request)
    if form.is_bound and form.is_valid():
        customers = list(queryset.order_by("pk")[: MOST + 1])
        if len(customers) > MOST:
            text = _("Choose at most %d customers at once, or make a dynamic segment of them: it takes any number.")
            messages.error(request, text % MOST)
            return None
        change(form.cleaned_data["segment"], customers, adds=adds)
        number = len(customers)
        text = ngettext(
            "%d customer was chosen; the list has changed.", "%d customers were chosen; the list has changed.", number
        )
        messages.success(request, text % number)
        return None
    context = {**admin.site.each_context(request), "title": title, "form": form, "button": title}
    return TemplateResponse(request, "admin/form_page.html", context)


@transaction.atomic
def change(segment: Segment, customers: list[Customer], *, adds: bool) -> None:
    """Put customers on a list, or take them from it, as many at once as the verb takes."""
    for part in parts(customers):
        actions.change_members(segment=segment, **{"add" if adds else "remove": part})


def parts(customers: list[Customer]) -> Iterator[list[Customer]]:
    """Yield the customers in parts."""
    for first in range(0, len(customers), actions.MOST_MEMBERS):
        yield customers[first : first + actions.MOST_MEMBERS]


def may_change_lists(model_admin: Any, request: HttpRequest, location: Any) -> bool:
    """Tell whether the colleague may change segments, and rows of a list are to be chosen."""
    return location == ActionLocation.CHANGE_LIST and staff(request).has_perm("marketing.change_segment")


@action(description=gettext_lazy("Add to a list"))
def add_to_list(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Put the customers that were chosen on a list."""
    return ask(request, queryset, _("Add to a list"), adds=True)


@action(description=gettext_lazy("Take from a list"))
def take_from_list(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Take the customers that were chosen from a list."""
    return ask(request, queryset, _("Take from a list"), adds=False)


add_to_list.is_offered = take_from_list.is_offered = may_change_lists
