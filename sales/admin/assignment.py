"""The rules that say whose leads are, in the staff site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import display

from crm.admin.base import ModelAdmin
from crm.admin.lists import ColleagueFilter
from sales.actions import NoRuleFits, NotOpen, assign_by_rules
from sales.admin.forms import Lines
from sales.models import AssignmentRule

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from sales.models import Lead


class AssignmentRuleForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable as the program runs
    """Takes lists a line each."""

    countries = Lines(label=_("countries"), help_text=_("Two letters each, such as DE, one a line; none: all."))
    industries = Lines(label=_("industries"), help_text=_("One a line; none: all."))
    sources = Lines(label=_("sources"), help_text=_("One a line; none: all."))

    def clean_countries(self) -> list[str]:
        """Return the codes in capitals."""
        return [code.upper() for code in self.cleaned_data["countries"]]


@admin.register(AssignmentRule)
class AssignmentRuleAdmin(ModelAdmin):
    """Whose leads are that nobody was named for; the first rule that fits counts."""

    form = AssignmentRuleForm
    list_display = ("name", "order", "territory", "method", "target", "state")
    list_select_related = ("team", "user", "form")
    list_filter = (("is_active", BooleanRadioFilter), ("team", ColleagueFilter))
    list_filter_submit = True
    ordering = ("order", "id")
    fieldsets = (
        (None, {"fields": (("name", "order"), "is_active")}),
        (_("Which leads"), {"fields": (("countries", "industries"), ("sources", "form"))}),
        (_("Whose they are"), {"fields": ("method", ("team", "user"), "last_user")}),
    )
    readonly_fields = ("last_user",)

    @display(description=_("which leads"))
    def territory(self, rule: AssignmentRule) -> str:
        parts = [", ".join(part) for part in (rule.countries, rule.industries, rule.sources) if part]
        return " · ".join([*parts, *([str(rule.form)] if rule.form else [])]) or str(_("all"))

    @display(description=_("whose they are"))
    def target(self, rule: AssignmentRule) -> str:
        return str(rule.team or rule.user)

    @display(description=_("state"), label={"active": "success", "retired": "info"})
    def state(self, rule: AssignmentRule) -> tuple[str, Any]:
        return ("active", _("active")) if rule.is_active else ("retired", _("not in use"))


class WithAssignment:
    """A mixin for the list of leads: gives those chosen to whom the rules name; add it to the screen's `actions`."""

    @admin.action(description=_("Assign by the rules"), permissions=["change"])
    def assign_by_the_rules(self, request: HttpRequest, queryset: QuerySet[Lead]) -> None:
        """Give each to whom the rules name; say how many could not be given."""
        own: Any = self
        given = left = 0
        for lead in queryset.order_by("created_at"):
            try:
                assign_by_rules(lead=lead)
                given += 1
            except (NoRuleFits, NotOpen):
                left += 1
        if given:
            own.message_user(
                request, ngettext("%d lead was assigned.", "%d leads were assigned.", given) % given, messages.SUCCESS
            )
        if left:
            text = ngettext(
                "%d lead stays as it is: closed, or no rule fits.",
                "%d leads stay as they are: closed, or no rule fits.",
                left,
            )
            own.message_user(request, text % left, messages.WARNING)
