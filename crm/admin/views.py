"""Saved views in the staff site: offered above a list, and saved from what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import label_for_field
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter

from crm.admin.base import ModelAdmin
from crm.admin.lists import ColleagueFilter
from crm.admin.site import staff
from crm.api.filters import CUSTOM
from crm.api.routers import resources
from crm.models import SavedView
from crm.saved_views.screens import SENT, columns_for, in_api, is_taken, name_of, on_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest, HttpResponse

    from crm.models import Record, User

CHOSEN: Final = "_view"
NOT_KEPT: Final = frozenset({CHOSEN, "p", "e", "all", "_facets"})


class SaveForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable as the program runs
    """What a view is called, and who sees it."""

    class Meta:
        model = SavedView
        fields = ("name", "sharing")


class WithViews:
    """Offers the views of a list above it, and shows the columns of the one that is chosen."""

    model: type[Record]
    list_before_template = "admin/views/bar.html"

    def chosen_view(self, request: HttpRequest) -> SavedView | None:
        """Return the view that the address names, as far as the user may see it; asked once a request."""
        kept: Any = request
        if not hasattr(kept, "chosen_view"):
            views = SavedView.objects.visible_to(staff(request)).filter(resource=resource_of(self.model))
            key = as_id(request.GET.get(CHOSEN, ""))
            kept.chosen_view = views.filter(pk=key).first() if key else None
        found: SavedView | None = kept.chosen_view
        return found

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list, and what the bar above it needs."""
        own: Any = self
        chosen = self.chosen_view(request)
        columns = own.get_list_display(request)
        shown = shown_columns(chosen, columns) or columns
        resource = resource_of(self.model)
        offered = SavedView.objects.visible_to(staff(request)).filter(resource=resource)
        filters = own_filters(self, request)
        bar = {
            "resource": resource,
            "views": [(view, address_of(self.model, view, filters)) for view in offered.order_by("name", "id")[:100]],
            "chosen_view": chosen,
            "is_own_view": chosen is not None and chosen.user_id == staff(request).pk,
            "columns": [(name_of(name), label(name, own), name_of(name) in shown) for name in columns],
            "query": kept_of(request.GET).urlencode(),
            "list_address": list_of(self.model),
            "save_form": SaveForm(auto_id="id_view_%s"),
        }
        return super().changelist_view(request, {**(extra_context or {}), "bar": bar})  # type: ignore[misc,no-any-return]


def label(name: Any, model_admin: Any) -> str:
    """Return the heading of a column."""
    return capfirst(str(label_for_field(name, model_admin.model, model_admin)))


def resource_of(model: type[Record]) -> str:
    """Return the name of the list of a kind of record; empty where the API has none."""
    return next((name for name, viewset in resources().items() if viewset.model is model), "")


def list_of(model: type[Record]) -> str:
    """Return the address of the list's page."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def shown_columns(view: SavedView | None, columns: Any) -> list[str]:
    """Return the columns that a view chooses: on the screens, or as the fields that the API answers."""
    if view is None or view.columns:
        return view.columns if view else []
    return columns_for((view.parameters or {}).get("fields"), columns)[0]


def address_of(model: type[Record], view: SavedView, filters: Mapping[str, tuple[str, bool]]) -> str:
    """Return the address under which a list shows a view, saved on the screens or through the API."""
    query = QueryDict(view.screen, mutable=True) if view.screen else on_page(view.parameters or {}, filters)
    query[CHOSEN] = str(view.pk)
    return f"{list_of(model)}?{query.urlencode()}"


def kept_of(query: QueryDict) -> QueryDict:
    """Return the filters, search and order of a page's address."""
    kept = query.copy()
    for name in NOT_KEPT:
        kept.pop(name, None)
    return kept


def as_id(text: str) -> UUID | None:
    """Return the id that a text is; None where it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def own_filters(model_admin: Any, request: HttpRequest) -> dict[str, tuple[str, bool]]:
    """Return the page's own filters by the API's parameter that each stands for, and whether it is a yes or no.

    Those by custom field are left out: they do not know choices that were taken away.
    """
    found: dict[str, tuple[str, bool]] = {}
    for one in model_admin.get_list_filter(request):
        name, kind = one if isinstance(one, tuple) else (getattr(one, "parameter_name", ""), None)
        if kind is None:
            found[name] = (name, False)
        elif issubclass(kind, ColleagueFilter):
            found[name] = (f"{name}__id__exact", False)
        elif issubclass(kind, ChoicesDropdownFilter | BooleanRadioFilter):
            found[name] = (f"{name}__exact", issubclass(kind, BooleanRadioFilter))
    return {name: own for name, own in found.items() if name != "tags" and not name.startswith(CUSTOM)}


@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """Save what a list shows as a view, and show it."""
    resource, user = request.POST.get("resource", ""), staff(request)
    viewset = resources().get(resource)
    if viewset is None or user.view_level(viewset.model) is None:
        raise Http404
    form = SaveForm(request.POST)
    query = kept_of(QueryDict(request.POST.get("query", "")[:4000]))
    if not form.is_valid():
        messages.error(request, _("Give the view a name."))
        return HttpResponseRedirect(f"{list_of(viewset.model)}?{query.urlencode()}")
    say_order(viewset, query, request.POST.get("ordering", "")[:200], user)
    parameters, lost = in_api(viewset, query, user)
    said = {"screen": query.urlencode(), "columns": request.POST.getlist("columns")[:50]}
    kept = None if lost else parameters
    view = SavedView(user=user, resource=resource, parameters=kept, **said, **form.cleaned_data)
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        messages.error(request, _("You have a view of this name already."))
        return HttpResponseRedirect(f"{list_of(viewset.model)}?{query.urlencode()}")
    messages.success(request, _("The view “%s” was saved.") % view.name)
    if lost:
        text = _("The API cannot apply this view, for it cannot say: %s.")
        messages.warning(request, text % ", ".join(sorted(lost)))
    return HttpResponseRedirect(address_of(viewset.model, view, {}))


def say_order(viewset: Any, query: QueryDict, ordering: str, reader: User) -> None:
    """Put the order of the columns into a query as the API says it, where it can: so it outlives other columns."""
    if "o" in query and ordering and is_taken(viewset, ("ordering", ordering), reader):
        del query["o"]
        query[f"{SENT}ordering"] = ordering


@require_POST
def delete_view(request: HttpRequest) -> HttpResponse:
    """Delete a view of one's own, and show the list without it."""
    own = SavedView.objects.filter(user=staff(request).pk)
    view = get_object_or_404(own, pk=as_id(request.POST.get("view", "")))
    view.delete()
    messages.success(request, _("The view “%s” was deleted.") % view.name)
    viewset = resources().get(view.resource)
    return HttpResponseRedirect(list_of(viewset.model) if viewset else reverse("admin:index"))


@admin.register(SavedView)
class SavedViewAdmin(ModelAdmin):
    """The views that people have saved, for administrators."""

    list_display = ("name", "resource", "sharing", "user", "created_at")
    list_select_related = ("user",)
    ordering = ("name", "id")
    readonly_fields = ("user", "resource", "parameters", "screen", "columns", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
