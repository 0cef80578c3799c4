"""Countries by name instead of by code."""

from __future__ import annotations

import gettext
from functools import cache
from typing import TYPE_CHECKING, Any

import pycountry
from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.widgets import UnfoldAdminSelect2Widget

if TYPE_CHECKING:
    from django.db.models import Field, QuerySet
    from django.http import HttpRequest

CATALOGUES = {"zh-hans": "zh_CN"}


@cache
def countries(language: str) -> list[tuple[str, str]]:
    """Return code and name of every country of ISO 3166-1, sorted by name in `language`."""
    names = gettext.translation(
        "iso3166-1", pycountry.LOCALES_DIR, languages=[CATALOGUES.get(language, language)], fallback=True
    )
    english = {one.alpha_2: getattr(one, "common_name", one.name) for one in pycountry.countries}
    return sorted(((code, names.gettext(name)) for code, name in english.items()), key=lambda pair: pair[1])


def country_name(code: str) -> str:
    """Return the name of a country in the reader's language; the code itself where nobody gave it a name."""
    return dict(countries(get_language() or "en")).get(code, code)


class WithCountry:
    """Lets people choose a country by its name."""

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name != "country":
            return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        return forms.ChoiceField(
            label=db_field.verbose_name,
            help_text=db_field.help_text,
            required=not db_field.blank,
            choices=[("", ""), *countries(get_language() or "en")],
            widget=UnfoldAdminSelect2Widget,
        )


class CountryFilter(DropdownFilter):
    """Customers of one country."""

    title = _("country")
    parameter_name = "country"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return countries(get_language() or "en")

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(country=self.value()) if self.value() else queryset
