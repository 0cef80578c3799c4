"""Pages of the staff site that are but a form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.template.response import TemplateResponse

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
    from django.db.models import Model
    from django.forms import Form
    from django.http import HttpRequest


def form_page(
    admin: ModelAdmin[Model], request: HttpRequest, form: Form, *, title: str, button: str, explanation: str = ""
) -> TemplateResponse:
    """Return a page with a form, which is sent to its own address."""
    context = {"title": title, "explanation": explanation, "form": form, "button": button}
    known = {**admin.admin_site.each_context(request), "opts": admin.opts, "media": admin.media}
    return TemplateResponse(request, "admin/form_page.html", known | context)
