"""The lists of records: coloured tags, links as far as the user may see, columns of a saved view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.db.models import Prefetch
from django.urls import reverse
from unfold.views import ChangeList

from crm.admin.site import staff
from crm.admin.tags import colors_of
from crm.admin.views import CHOSEN

if TYPE_CHECKING:
    from django.http import HttpRequest

    from crm.models import Record
    from crm.querysets import RecordQuerySet


class RecordChangeList(ChangeList):
    """A list whose links to other records lead only to those that the user may see."""

    def __init__(
        self, request: HttpRequest, model: Any, list_display: Any, list_display_links: Any, *args: Any, **kwargs: Any
    ) -> None:
        chosen = getattr(request, "chosen_view", None)
        columns = [name for name in list_display if chosen is not None and name in chosen.columns]
        if columns:
            kept = [name for name in list_display if name in columns or name == "action_checkbox"]
            links = [name for name in list_display_links if name in columns] or columns[:1]
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
        return queryset

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        return {name: value for name, value in super().get_filters_params(params).items() if name != CHOSEN}

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        colors = colors_of(name for record in self.result_list for name in record.tags)
        for record in self.result_list:
            record.tag_colors = colors
