"""Lead forms in the staff site: what is asked, how the form looks, and what to paste into a web site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import Http404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from crm.admin.base import ModelAdmin, ReadOnly
from sales.answers import TRAP, AnswerForm, shown_now
from sales.models import LeadForm, LeadFormReceipt

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class Lines(forms.CharField):
    """A list, one value a line."""

    widget = UnfoldAdminTextareaWidget

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)
        self.widget.attrs["rows"] = 3

    def prepare_value(self, value: Any) -> Any:
        """Return the lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Return the values."""
        return [line.strip() for line in str(super().to_python(value) or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Tell whether the lines say something else."""
        return bool((initial or []) != self.to_python(data))


class LeadFormForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable as the program runs
    """Takes fields as boxes, and origins a line each."""

    asked_fields = forms.MultipleChoiceField(
        label=_("fields"),
        choices=LeadForm.Field.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("What is asked; none: name, e-mail and message."),
    )
    required_fields = forms.MultipleChoiceField(
        label=_("required fields"),
        choices=LeadForm.Field.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("What must be answered, of what is asked; a name or an e-mail address in any case."),
    )
    allowed_origins = Lines(
        label=_("allowed origins"),
        help_text=_("Web sites that may show and send the form, one a line, such as https://www.example.com."),
    )


@admin.register(LeadForm)
class LeadFormAdmin(ModelAdmin):
    """Forms on web sites, whose answers become leads."""

    form = LeadFormForm
    list_display = ("name", "title", "source", "owner", "team", "state", "page")
    list_select_related = ("owner", "team")
    list_filter = (("is_active", BooleanRadioFilter),)
    list_filter_submit = True
    search_fields = ("name", "title")
    ordering = ("name",)
    actions_detail = ("preview",)
    warn_unsaved_form = True
    fieldsets = (
        (None, {"fields": ("name", "title", "introduction", ("asked_fields", "required_fields"), "is_active")}),
        (_("Leads"), {"classes": ["tab"], "fields": ("source", ("owner", "team"))}),
        (
            _("Consent"),
            {"classes": ["tab"], "fields": ("purpose", "is_consent_required")},
        ),
        (
            _("Web site"),
            {"classes": ["tab"], "fields": ("allowed_origins", "thank_you", "redirect_url", "page")},
        ),
    )
    readonly_fields = ("page",)

    @display(description=_("state"), label={"active": "success", "retired": "info"})
    def state(self, form: LeadForm) -> tuple[str, Any]:
        return ("active", _("active")) if form.is_active else ("retired", _("not in use"))

    @display(description=_("own page"))
    def page(self, form: LeadForm) -> str:
        if form._state.adding:
            return ""
        return format_html('<a href="{0}" class="text-link" target="_blank" rel="noopener">{0}</a>', form.address)

    @action(description=_("Preview and snippets"), url_path="preview", icon="preview")
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the form as visitors see it, and what to paste into a web site."""
        form = self.get_object(request, unquote(object_id))
        if form is None or not self.has_view_permission(request, form):
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": _("Preview: %s") % form,
            "opts": self.opts,
            "form": form,
            "answer": AnswerForm(form),
            "snippets": snippets(form),
        }
        return TemplateResponse(request, "sales/form_preview.html", context)


def snippets(form: LeadForm) -> list[tuple[Any, Any, str]]:
    """Return what can be pasted into a web site: title, explanation and the markup itself."""
    shown = shown_now(form, is_numbered=False).token()
    known = {"form": form, "answer": AnswerForm(form), "token": shown, "trap": TRAP}
    whole = render_to_string("sales/snippet_form.html", known)
    frame = render_to_string("sales/snippet_frame.html", known)
    lines = "\n".join(line.rstrip() for line in whole.splitlines() if line.strip())
    return [
        (_("Frame"), _("Shows the page of the form inside yours; changes to the form show at once."), frame.strip()),
        (
            _("Form"),
            _("A form of your own page, in its style, without scripts; paste it again when you change the form."),
            lines,
        ),
    ]


@admin.register(LeadFormReceipt)
class LeadFormReceiptAdmin(ReadOnly, ModelAdmin):
    """By what the same answer, sent twice, is recognised."""

    list_display = ("form", "digest", "received_at")
    list_select_related = ("form",)
    ordering = ("-received_at",)
