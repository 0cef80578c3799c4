"""Campaigns in the staff site: what is sent, its buttons, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from crm.admin import RecordAdmin
from crm.admin.lists import ColleagueFilter, DayRangeFilter
from crm.admin.tasks import WithTasks
from crm.admin.verbs import Verb, VerbForm, WithVerbs
from crm.reports.forms import MOST_RECORDS
from marketing import actions
from marketing.admin.looking import WithLooking
from marketing.admin.results import WithResults
from marketing.models import Campaign
from marketing.reports import address_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

Status = Campaign.Status
STATUS_COLORS = {
    "draft": "info",
    "scheduled": "primary",
    "sending": "primary",
    "paused": "warning",
    "sent": "success",
    "cancelled": "danger",
}
OUTCOME = ("status", "scheduled_at", "started_at", "finished_at", "launched_by", "winner")


class ScheduleForm(VerbForm):
    """When a campaign starts."""

    at = forms.DateTimeField(label=_("Start at"), widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}))


@admin.register(Campaign)
class CampaignAdmin(WithLooking, WithResults, WithVerbs, WithTasks, RecordAdmin):
    """What is sent to, or done for, the customers of a segment."""

    list_display = ("name", "kind", "status_label", "segment", "started_at", "owner")
    list_select_related = ("owner", "segment")
    linked = ("segment",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("owner", ColleagueFilter),
        ("started_at", DayRangeFilter),
    )
    search_help_text = _("Name or utm_campaign")
    ordering = ("-created_at", "-id")
    readonly_fields = (*RecordAdmin.readonly_fields, *OUTCOME)
    actions_detail = ("add_task",)
    actions = ("compare",)
    sections = (
        (None, {"fields": ("name", ("kind", "segment"), ("template", "purpose"))}),
        (
            _("Sender"),
            {"classes": ["tab"], "fields": (("from_name", "from_address"), "reply_to")},
        ),
        (
            _("When"),
            {
                "classes": ["tab"],
                "fields": (
                    ("per_second", "per_second_and_domain"),
                    ("quiet_from", "quiet_until"),
                    "uses_local_time",
                    ("starts_on", "ends_on"),
                ),
            },
        ),
        (
            _("Comparison"),
            {"classes": ["tab"], "fields": ("subject_b", ("test_share", "test_hours"), "winner_by")},
        ),
        (
            _("Tracking"),
            {
                "classes": ["tab"],
                "fields": (
                    ("tracks_opens", "tracks_clicks"),
                    "tracking_purpose",
                    ("utm_source", "utm_medium"),
                    ("utm_campaign", "utm_content"),
                    "utm_term",
                ),
            },
        ),
        (_("Cost"), {"classes": ["tab"], "fields": (("budget", "actual_cost"), "currency")}),
    )
    verbs: ClassVar[Sequence[Verb]] = (
        Verb(
            "start",
            _("Start now"),
            "send",
            lambda campaign, by: actions.start_campaign(campaign=campaign, by=by),
            lambda campaign: campaign.status in {Status.DRAFT, Status.SCHEDULED},
            _("The campaign has started."),
            explanation=_("Who is part of it is found out now, once; consent is looked at before each message."),
            is_main=True,
        ),
        Verb(
            "schedule",
            _("Schedule"),
            "schedule_send",
            lambda campaign, by, at: actions.schedule_campaign(campaign=campaign, at=at, by=by),
            lambda campaign: campaign.status in {Status.DRAFT, Status.SCHEDULED},
            _("The campaign starts by itself."),
            ScheduleForm,
        ),
        Verb(
            "unschedule",
            _("Do not start by itself"),
            "event_busy",
            lambda campaign, _by: actions.unschedule_campaign(campaign=campaign),
            lambda campaign: campaign.status == Status.SCHEDULED,
            _("The campaign is a draft again."),
        ),
        Verb(
            "pause",
            _("Pause"),
            "pause",
            lambda campaign, _by: actions.pause_campaign(campaign=campaign),
            lambda campaign: campaign.status == Status.SENDING,
            _("Nothing more is sent for now."),
            is_main=True,
        ),
        Verb(
            "resume",
            _("Resume"),
            "play_arrow",
            lambda campaign, _by: actions.resume_campaign(campaign=campaign),
            lambda campaign: campaign.status == Status.PAUSED,
            _("The campaign goes on."),
            is_main=True,
        ),
        Verb(
            "finish",
            _("Finish"),
            "flag",
            lambda campaign, _by: actions.finish_campaign(campaign=campaign),
            lambda campaign: campaign.status in {Status.SENDING, Status.PAUSED} and not campaign.is_mailed,
            _("The campaign has ended."),
        ),
        Verb(
            "cancel",
            _("Cancel"),
            "cancel",
            lambda campaign, _by: actions.cancel_campaign(campaign=campaign),
            lambda campaign: campaign.status not in {Status.SENT, Status.CANCELLED},
            _("The campaign was cancelled."),
            explanation=_("Whoever got nothing yet gets nothing. This cannot be undone."),
        ),
    )

    def get_sections(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        first, *others = super().get_sections(request, obj)
        if obj is None:
            return [first, *others]
        state = [("status", "launched_by"), ("scheduled_at", "started_at"), ("finished_at", "winner")]
        return [first, (_("State"), {"classes": ["tab"], "fields": state}), *others]

    @action(description=_("Compare"))
    def compare(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> HttpResponse:
        """Show what the campaigns that were chosen brought, beside each other."""
        return HttpResponseRedirect(address_of(queryset[:MOST_RECORDS]))

    @display(description=_("status"), label=STATUS_COLORS)
    def status_label(self, campaign: Campaign) -> tuple[str, str]:
        return campaign.status, campaign.get_status_display()
