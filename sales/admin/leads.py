"""Leads in the staff site."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, FieldTextFilter
from unfold.decorators import display

from crm.admin import RecordAdmin, link_to
from crm.admin.lists import ColleagueFilter, DayRangeFilter
from crm.admin.tasks import WithTasks
from crm.admin.verbs import (
    AssignForm,
    Verb,
    VerbForm,
    WithVerbs,
    amount_field,
    choice_field,
    day_field,
    note_field,
    one_of,
    text_field,
)
from sales import actions
from sales.admin.assignment import WithAssignment
from sales.models import CURRENCIES, Lead, Stage, reporting_currency

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest


STATUS_COLORS = {
    "new": "info",
    "working": "primary",
    "qualified": "success",
    "converted": "success",
    "disqualified": "warning",
}
RATING_COLORS = {"hot": "danger", "warm": "warning", "cold": "info"}


class ConvertForm(VerbForm):
    """What is known of the deal."""

    name = text_field(_("Name"), 200, required=False)
    stage = one_of(_("Stage"), Stage.objects.none(), required=False, empty_label=None)
    amount = amount_field(_("Amount"))
    currency = choice_field(_("Currency"), [(code, code) for code in sorted(CURRENCIES)])
    expected_close_on = day_field(_("Expected close"))

    def prepare(self) -> None:
        """Offer the stages of the default pipeline, and what is usual."""
        self.fields["stage"].queryset = Stage.objects.beginning()  # type: ignore[attr-defined]  # of a ModelChoiceField
        day = timezone.localdate() + datetime.timedelta(days=30)
        self.initial.update(name=str(self.record), currency=reporting_currency(), expected_close_on=day)


class DisqualifyForm(VerbForm):
    """Why a lead is given up."""

    reason = choice_field(_("Reason"), Lead.Disqualification.choices)
    note = note_field(_("Note"), 1000)


@admin.register(Lead)
class LeadAdmin(WithAssignment, WithVerbs, WithTasks, RecordAdmin):
    """Who showed interest, and how far it has come."""

    list_display = ("title", "customer_link", "status_label", "rating_label", "score", "source", "owner", "created_at")
    list_select_related = ("customer", "owner")
    linked = ("customer",)
    actions = ("assign_by_the_rules",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("rating", ChoicesDropdownFilter),
        ("owner", ColleagueFilter),
        ("source", FieldTextFilter),
        ("disqualified_reason", ChoicesDropdownFilter),
        ("created_at", DayRangeFilter),
    )
    search_help_text = _("Subject or message")
    ordering = ("-created_at", "-id")
    autocomplete_fields = ("customer", "campaign")
    readonly_fields = (
        *RecordAdmin.readonly_fields,
        *("status", "score", "points", "opportunity_link", "converted_at"),
        *("disqualified_reason", "disqualified_note", "form", "campaign_words"),
    )
    actions_detail = ("add_task",)
    sections = ((None, {"fields": ("customer", "subject", "message", ("source", "campaign"), "rating")}),)
    verbs: ClassVar[Sequence[Verb]] = (
        Verb(
            "convert",
            _("Convert"),
            "handshake",
            lambda lead, by, **deal: actions.convert_lead(lead=lead, by=by, **deal),
            lambda lead: lead.is_open,
            _("The lead has become this opportunity."),
            ConvertForm,
            _("The lead becomes an opportunity; that happens once."),
            is_main=True,
        ),
        Verb(
            "start",
            _("Start working"),
            "play_arrow",
            lambda lead, _by: actions.start_lead(lead=lead),
            lambda lead: lead.status == Lead.Status.NEW,
            _("The lead is being worked on."),
        ),
        Verb(
            "qualify",
            _("Qualify"),
            "verified",
            lambda lead, _by: actions.qualify_lead(lead=lead),
            lambda lead: lead.is_open and lead.status != Lead.Status.QUALIFIED,
            _("The lead is qualified."),
            explanation=_("The lead is worth an opportunity."),
        ),
        Verb(
            "assign",
            _("Assign"),
            "person_add",
            lambda lead, _by, to: actions.assign_lead(lead=lead, to=to),
            lambda lead: lead.is_open,
            _("The lead was given to the colleague."),
            AssignForm,
        ),
        Verb(
            "disqualify",
            _("Disqualify"),
            "thumb_down",
            lambda lead, _by, **why: actions.disqualify_lead(lead=lead, **why),
            lambda lead: lead.is_open,
            _("The lead was given up."),
            DisqualifyForm,
        ),
        Verb(
            "reopen",
            _("Reopen"),
            "undo",
            lambda lead, _by: actions.reopen_lead(lead=lead),
            lambda lead: lead.status == Lead.Status.DISQUALIFIED,
            _("The lead is open again."),
            is_main=True,
        ),
    )

    def get_sections(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        first, *others = super().get_sections(request, obj)
        if obj is None:
            return [first, *others]
        fields = [
            "status",
            ("score", "points"),
            ("form", "campaign_words"),
            ("opportunity_link", "converted_at"),
            ("disqualified_reason", "disqualified_note"),
        ]
        return [first, (_("State"), {"classes": ["tab"], "fields": fields}), *others]

    def links(self, request: HttpRequest, record: Lead) -> Sequence[str]:
        """Return links to the customer and to the opportunity that it became."""
        hidden = self.out_of_sight(request, record)
        found = {"customer": record.customer, "opportunity": record.opportunity}
        return [link_to(one) for name, one in found.items() if one is not None and name not in hidden]

    @display(description=_("lead"))
    def title(self, lead: Lead) -> str:
        return lead.subject or lead.message[:80] or str(_("Lead"))

    @display(description=_("customer"))
    def customer_link(self, lead: Lead) -> str:
        return link_to(lead.customer)

    @display(description=_("status"), label=STATUS_COLORS)
    def status_label(self, lead: Lead) -> tuple[str, str]:
        return lead.status, lead.get_status_display()

    @display(description=_("rating"), label=RATING_COLORS)
    def rating_label(self, lead: Lead) -> tuple[str, str] | None:
        return (lead.rating, lead.get_rating_display()) if lead.rating else None

    @display(description=_("points"))
    def points(self, lead: Lead) -> str:
        return ", ".join(f"{one['points']:+} {one['text']}" for one in lead.score_reasons)

    @display(description=_("UTM parameters"))
    def campaign_words(self, lead: Lead) -> str:
        return ", ".join(f"{name}: {value}" for name, value in sorted(lead.utm.items()))

    @display(description=_("opportunity"))
    def opportunity_link(self, lead: Lead) -> str:
        return link_to(lead.opportunity)
