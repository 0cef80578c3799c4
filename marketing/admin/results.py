"""What became of a campaign, on a page that renews itself, and as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _

from crm.admin import staff
from crm.admin.live import fresh, is_asked_by_script
from crm.admin.reports import csv_file
from marketing.admin.figures import charts, tables
from marketing.reports import address_of
from marketing.results import results_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern


class WithResults:
    """Adds the page and the file."""

    def get_urls(self) -> list[URLPattern]:
        own: Any = self
        pages = [
            path(f"<path:object_id>/{name}", own.admin_site.admin_view(view), name=f"marketing_campaign_{name}")
            for name, view in (("results", self.results), ("results.csv", self.results_file))
        ]
        return [*pages, *super().get_urls()]  # type: ignore[misc]  # of the admin

    def results(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what became of the campaign, as of now; to the page's script, only where that has changed."""
        own: Any = self
        campaign = own.the_campaign(request, object_id)
        found = results_of(campaign, staff(request))
        context = {
            "campaign": campaign,
            "charts": list(charts(campaign, found)),
            "tables": [one.shown() for one in tables(campaign, found)],
        }
        if is_asked_by_script(request):
            return fresh(request, render_to_string("marketing/results/figures.html", context, request))
        shown = {**own.admin_site.each_context(request), **context, "title": _("Results"), "opts": own.opts}
        return TemplateResponse(request, "marketing/results/page.html", {**shown, "compare": address_of([campaign])})

    def results_file(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer the figures as a file for spreadsheets."""
        own: Any = self
        campaign = own.the_campaign(request, object_id)
        found = results_of(campaign, staff(request))
        return csv_file("results", [one.lines() for one in tables(campaign, found)])
