"""All attachments that somebody may see, in the staff site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import Http404
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import FieldTextFilter
from unfold.decorators import display

from crm.about import kinds, may_change
from crm.admin.lists import ColleagueFilter, DayRangeFilter
from crm.admin.records import RecordAdmin
from crm.admin.site import staff
from crm.attachments.answers import ContentMissing, answer
from crm.models import Attachment

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


@admin.register(Attachment)
class AttachmentAdmin(RecordAdmin):
    """All files that the user may see."""

    list_display = ("name", "about", "media_type", "size", "uploaded_by", "created_at")
    list_select_related = ("uploaded_by",)
    list_filter = (
        ("name", FieldTextFilter),
        ("media_type", FieldTextFilter),
        ("uploaded_by", ColleagueFilter),
        ("created_at", DayRangeFilter),
    )
    ordering = ("-created_at", "-id")
    readonly_fields = (*RecordAdmin.readonly_fields, "about", "download")
    sections = ((None, {"fields": ("name", "download", "about", "media_type", "size", "sha256", "uploaded_by")}),)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        has_right: bool = super().has_delete_permission(request, obj)
        return has_right and (obj is None or may_change(obj.about_type, staff(request)))

    def get_urls(self) -> list[Any]:
        """Add the content."""
        own = path("<uuid:pk>/content/", self.admin_site.admin_view(self.content), name="crm_attachment_content")
        return [own, *super().get_urls()]

    def content(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        """Answer the file, to save."""
        one = Attachment.objects.visible_to(staff(request)).filter(pk=pk).first()
        if one is None:
            raise Http404
        try:
            return answer(one)
        except ContentMissing as error:
            raise Http404 from error

    @display(description=gettext_lazy("attached to"))
    def about(self, one: Attachment) -> str:
        model = kinds().get(one.about_type)
        if model is None:
            return one.about_type
        options = model._meta
        address = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=(one.about_id,))
        return format_html('<a href="{}" class="text-link">{}</a>', address, capfirst(options.verbose_name))

    @display(description=gettext_lazy("content"))
    def download(self, one: Attachment) -> str:
        address = reverse("admin:crm_attachment_content", args=(one.pk,))
        return format_html('<a href="{}" class="text-link">{}</a>', address, _("Download"))
