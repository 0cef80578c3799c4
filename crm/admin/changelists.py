"""The lists of records: coloured tags, links as far as the user may see, columns of a saved view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib.admin.views.main import ORDER_VAR
from django.db.models import Prefetch
from django.urls import reverse
from unfold.views import ChangeList

from crm.admin.site import staff
from crm.admin.tags import colors_of
from crm.admin.views import CHOSEN, resource_of, shown_columns
from crm.api.filters import CUSTOM
from crm.api.routers import resources
from crm.custom.expressions import CustomValue
from crm.saved_views.screens import SENT, Sent, columns_for, name_of

if TYPE_CHECKING:
    from django.http import HttpRequest

    from crm.models import Record
    from crm.querysets import RecordQuerySet


class RecordChangeList(ChangeList):
    """A list whose links to other records lead only to those that the user may see."""

    def __init__(
        self, request: HttpRequest, model: Any, list_display: Any, list_display_links: Any, *args: Any, **kwargs: Any
    ) -> None:
        self.chosen = getattr(request, "chosen_view", None)
        self.fields_without_column: list[str] = []
        if self.chosen is not None and not self.chosen.columns:
            fields = (self.chosen.parameters or {}).get("fields")
            self.fields_without_column = columns_for(fields, list_display)[1]
        chosen = shown_columns(self.chosen, list_display)
        columns = [name for name in list_display if name_of(name) in chosen]
        if columns:
            kept = [name for name in list_display if name in columns or name == "action_checkbox"]
            links = [name for name in list_display_links if name_of(name) in chosen] or columns[:1]
            super().__init__(request, model, kept, links, *args, **kwargs)
        else:
            super().__init__(request, model, list_display, list_display_links, *args, **kwargs)

    def url_for_result(self, result: Any) -> str:
        """Return the address of a row: of the record at a glance, where it has such a page."""
        own = self.opts
        if hasattr(self.model_admin, "overview"):
            return reverse(f"admin:{own.app_label}_{own.model_name}_overview", args=(result.pk,))
        return str(super().url_for_result(result))

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> RecordQuerySet:
        queryset = cast("RecordQuerySet", super().get_queryset(request, exclude_parameters))
        for name in cast("Any", self.model_admin).linked:
            target = cast("type[Record]", self.model._meta.get_field(name).related_model)
            visible = target._default_manager.visible_to(staff(request))
            queryset = queryset.prefetch_related(Prefetch(name, visible))
        return self.sent(request).applied(queryset, may_order=ORDER_VAR not in self.params)

    def sent(self, request: HttpRequest) -> Sent:
        """Return the API's parameters in the address, and keep them for what the page says of them."""
        viewset = resources().get(resource_of(cast("type[Record]", self.model)))
        self.api_parameters = Sent(viewset, request.GET, staff(request))
        return self.api_parameters

    @property
    def left_out(self) -> list[str]:
        """What the page cannot show of a view: parameters that its list does not take, fields without a column."""
        lost = [f"{name} = {value}" for name, value in self.api_parameters.lost.items()]
        return [*lost, *self.fields_without_column]

    @property
    def asked_ordering(self) -> str:
        """Return the order that was asked for by columns as the API says it; empty where it could not."""
        if ORDER_VAR not in self.params:
            return ""
        places = [place for place in str(self.params[ORDER_VAR]).split(".") if place.lstrip("-").isdecimal()]
        names = [(place, self.ordering_name(int(place.lstrip("-")))) for place in places]
        return ",".join(f"-{name}" if place.startswith("-") else name for place, name in names if name)

    def ordering_name(self, place: int) -> str:
        """Return the API's name for what a column orders by."""
        column = self.list_display[place] if place < len(self.list_display) else ""
        found = self.get_ordering_field(column) if column else None
        return f"{CUSTOM}{found.name}" if isinstance(found, CustomValue) else str(found or "")

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        found = super().get_filters_params(params).items()
        return {name: value for name, value in found if name != CHOSEN and not name.startswith(SENT)}

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        colors = colors_of(name for record in self.result_list for name in record.tags)
        for record in self.result_list:
            record.tag_colors = colors
