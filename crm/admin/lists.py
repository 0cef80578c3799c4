"""Lists that stay fast over hundreds of thousands of rows."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib.admin import RelatedFieldListFilter
from django.core.paginator import Paginator
from django.utils.functional import cached_property
from unfold.contrib.filters.admin import RangeDateFilter, RelatedDropdownFilter
from unfold.utils import parse_date_str

from crm.days import midnight

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
    from django.db.models import Field, QuerySet
    from django.http import HttpRequest

MOST_COUNTED = 10_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of the first 10,000 rows, which is as far as it counts; whoever needs others narrows the list."""

    template_name: ClassVar[str] = "admin/capped_pagination.html"

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[:MOST_COUNTED].count()

    @property
    def is_capped(self) -> bool:
        """Whether there may be more rows than are counted."""
        return self.count >= MOST_COUNTED


class DayRangeFilter(RangeDateFilter):
    """Choose a range of days; both are included, in the time zone of the site."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first = parse_date_str(str(self.used_parameters.get(f"{self.parameter_name}_from", "")))
        last = parse_date_str(str(self.used_parameters.get(f"{self.parameter_name}_to", "")))
        if first:
            queryset = queryset.filter(**{f"{self.parameter_name}__gte": midnight(first)})
        if last:
            queryset = queryset.filter(**{f"{self.parameter_name}__lt": midnight(last + datetime.timedelta(days=1))})
        return queryset


class ColleagueFilter(RelatedDropdownFilter):
    """Choose a colleague or a team, by name."""

    def field_choices(
        self, field: Field[Any, Any], request: HttpRequest, model_admin: ModelAdmin[Any]
    ) -> list[tuple[str, Any]]:
        chosen = field.related_model._default_manager.all()  # type: ignore[union-attr]
        return sorted(((str(one.pk), str(one)) for one in chosen), key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        """Narrow the list to what is somebody's, or nobody's, as links of reports ask and unfold overlooks."""
        if self.lookup_val_isnull:
            return RelatedFieldListFilter.queryset(self, request, queryset)
        return super().queryset(request, queryset)
