"""What can be asked of reports: the same fields are the parameters of the API and the form on the screens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelect2MultipleWidget, UnfoldAdminSelect2Widget, UnfoldAdminTextInputWidget

from crm.days import day_after, midnight, months_ago
from crm.models import Team, User

if TYPE_CHECKING:
    from crm.querysets import RecordQuerySet

MONTHS: Final = 12
MOST_RECORDS: Final = 50


class DayField(forms.DateField):
    """A day in ISO 8601, which browsers choose by a calendar."""

    def __init__(self, **options: Any) -> None:
        """Take what a date field takes."""
        widget = UnfoldAdminTextInputWidget(attrs={"type": "date"})
        super().__init__(required=False, input_formats=["%Y-%m-%d"], widget=widget, localize=False, **options)


class RecordsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # not generic as it runs
    """Some records, of those that the reader sees: their ids with commas, or each chosen from a list."""

    def __init__(self, queryset: RecordQuerySet, **options: Any) -> None:
        """Take what a field of many choices takes."""
        self.rows = queryset
        super().__init__(queryset, required=False, widget=UnfoldAdminSelect2MultipleWidget, **options)

    def clean(self, value: Any) -> Any:
        """Return the records; raise forms.ValidationError for one that there is not, and for too many."""
        keys = [key for text in value or () for key in str(text).split(",")]
        if len(keys) > MOST_RECORDS:
            raise forms.ValidationError(_("50 values at most."), code="too_many")
        return super().clean(keys)


class ReportForm(forms.Form):
    """Nothing; what a report adds are fields that may be left out."""

    def read_by(self, user: User) -> None:
        """Offer only the records that the reader sees."""
        for field in self.fields.values():
            if isinstance(field, RecordsField):
                field.queryset = field.rows.visible_to(user)


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
