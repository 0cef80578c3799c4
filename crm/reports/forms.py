"""What can be asked of reports: the same fields are the parameters of the API and the form on the screens."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminTextInputWidget

from crm.days import day_after, midnight, months_ago
from crm.models import Team, User

MONTHS: Final = 12


class DayField(forms.DateField):
    """A day in ISO 8601, which browsers choose by a calendar."""

    def __init__(self, **options: Any) -> None:
        """Take what a date field takes."""
        widget = UnfoldAdminTextInputWidget(attrs={"type": "date"})
        super().__init__(required=False, input_formats=["%Y-%m-%d"], widget=widget, localize=False, **options)


class ReportForm(forms.Form):
    """Nothing; what a report adds are fields that may be left out."""


class PeriodForm(ReportForm):
    """A period, by its first and its last day; the last twelve months where neither is given."""

    since = DayField(label=_("From"), help_text=_("First day."))
    until = DayField(label=_("To"), help_text=_("Last day."))

    def clean(self) -> dict[str, Any]:
        """Fill in the period; refuse one that ends before it begins."""
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            error = forms.ValidationError(_("The period ends before it begins."), code="period_reversed")
            self.add_error("until", error)
        if since is None and until is None:
            cleaned["since"] = months_ago(timezone.localdate(), MONTHS - 1)
        return cleaned


class ResponsibleForm(ReportForm):
    """Whose records are looked at: one colleague's, or one team's."""

    owner = forms.ModelChoiceField(
        User.objects.order_by("username"),
        required=False,
        empty_label=_("everybody"),
        label=_("Owner"),
        help_text=_("Only records of this colleague."),
        widget=UnfoldAdminSelect2Widget,
    )
    team = forms.ModelChoiceField(
        Team.objects.order_by("name"),
        required=False,
        empty_label=_("all teams"),
        label=_("Team"),
        help_text=_("Only records of this team."),
        widget=UnfoldAdminSelect2Widget,
    )


def between(column: str, wanted: Any) -> dict[str, Any]:
    """Return the filter that keeps rows whose moment in a column is in the period that is wanted."""
    found = {}
    if wanted.get("since"):
        found[f"{column}__gte"] = midnight(wanted["since"])
    if wanted.get("until"):
        found[f"{column}__lt"] = midnight(day_after(wanted["until"]))
    return found


def responsible(wanted: Any) -> dict[str, Any]:
    """Return the filter that keeps the records of the colleague and the team that are wanted."""
    return {name: wanted[name] for name in ("owner", "team") if wanted.get(name)}
