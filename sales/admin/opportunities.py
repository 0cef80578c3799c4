"""Opportunities in the staff site, with their lines and their way through the stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display

from crm.admin import ExternalReferenceInline, RecordAdmin, RecordInline, link_to
from crm.admin.base import ReadOnly
from crm.admin.lists import ColleagueFilter, DayRangeFilter
from crm.admin.tasks import WithTasks
from crm.admin.verbs import AssignForm, Verb, VerbForm, WithVerbs, note_field, one_of
from sales import actions
from sales.models import LossReason, Opportunity, OpportunityLine, Stage, StageChange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

STATUS_COLORS = {"open": "info", "won": "success", "lost": "danger"}
BY_ACTIONS = ("pipeline", "status", "closed_at", "stage_since", "lost_reason", "lost_note")


class StageForm(VerbForm):
    """Which stage of the pipeline."""

    kind: ClassVar[str] = Stage.Kind.OPEN
    stage = one_of(_("Stage"), Stage.objects.none(), empty_label=None)

    def prepare(self) -> None:
        """Offer the stages of the deal's pipeline."""
        stages = self.record.pipeline.stages.filter(kind=self.kind).exclude(pk=self.record.stage_id)
        self.fields["stage"].queryset = stages.in_order()  # type: ignore[attr-defined]  # of a ModelChoiceField


class LoseForm(VerbForm):
    """Why a deal is lost."""

    reason = one_of(_("Reason"), LossReason.objects.none(), empty_label=None)
    note = note_field(_("Note"), 1000)

    def prepare(self) -> None:
        """Offer the reasons in use."""
        reasons = LossReason.objects.filter(is_active=True).order_by("name")
        self.fields["reason"].queryset = reasons  # type: ignore[attr-defined]  # of a ModelChoiceField


class LineInline(RecordInline):
    model = OpportunityLine
    fields = ("product", "description", "quantity", "unit_price", "discount", "total")
    readonly_fields = ("total",)
    autocomplete_fields = ("product",)
    ordering = ("id",)
    verbose_name = pgettext_lazy("deal", "line")
    verbose_name_plural = pgettext_lazy("deal", "lines")


class StageChangeInline(ReadOnly, RecordInline):
    model = StageChange
    fields = readonly_fields = ("changed_at", "from_stage", "to_stage", "changed_by", "time_in_stage")
    ordering = ("-changed_at", "-id")
    per_page = 20

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("from_stage", "to_stage", "changed_by")

    @display(description=_("time in stage"))
    def time_in_stage(self, change: StageChange) -> str:
        return in_days(change)


def in_days(change: StageChange) -> str:
    """Return how long a deal had been in a stage, in days."""
    return str(_("%s days") % number_format(round(change.seconds / 86400, 1)))


def money(amount: Any, currency: str) -> str:
    """Return an amount as people read it."""
    return f"{number_format(amount, 2, use_l10n=True, force_grouping=True)} {currency}"


@admin.register(Opportunity)
class OpportunityAdmin(WithVerbs, WithTasks, RecordAdmin):
    """Deals that may be won."""

    list_display = (
        "name",
        "customer_link",
        "stage_name",
        "status_label",
        "amount_text",
        "expected_close_on",
        "owner",
    )
    list_select_related = ("customer", "stage", "owner")
    linked = ("customer",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("pipeline", RelatedDropdownFilter),
        ("stage", RelatedDropdownFilter),
        ("owner", ColleagueFilter),
        ("forecast_category", ChoicesDropdownFilter),
        ("lost_reason", RelatedDropdownFilter),
        ("expected_close_on", DayRangeFilter),
        ("closed_at", DayRangeFilter),
    )
    search_help_text = _("Name")
    ordering = ("expected_close_on", "id")
    autocomplete_fields = ("customer", "contact")
    readonly_fields = (*RecordAdmin.readonly_fields, *BY_ACTIONS)
    inlines = (LineInline, StageChangeInline, ExternalReferenceInline)
    actions_list = ("as_board", *RecordAdmin.actions_list)
    actions_detail = ("add_task",)
    sections = (
        (
            None,
            {
                "fields": (
                    "name",
                    ("customer", "contact"),
                    "stage",
                    ("amount", "currency"),
                    ("expected_close_on", "forecast_category"),
                    "probability",
                )
            },
        ),
    )
    verbs: ClassVar[Sequence[Verb]] = (
        Verb(
            "move",
            _("Move"),
            "arrow_forward",
            lambda deal, _by, stage: actions.move_opportunity(opportunity=deal, stage=stage),
            lambda deal: deal.is_open,
            _("The deal was moved."),
            StageForm,
            is_main=True,
        ),
        Verb(
            "win",
            _("Win"),
            "emoji_events",
            lambda deal, _by: actions.win_opportunity(opportunity=deal),
            lambda deal: deal.is_open,
            _("The deal is won."),
            explanation=_("The deal is won, and the customer is a customer from now on."),
        ),
        Verb(
            "lose",
            _("Lose"),
            "thumb_down",
            lambda deal, _by, **why: actions.lose_opportunity(opportunity=deal, **why),
            lambda deal: deal.is_open,
            _("The deal is lost."),
            LoseForm,
        ),
        Verb(
            "assign",
            _("Assign"),
            "person_add",
            lambda deal, _by, to: actions.assign_opportunity(opportunity=deal, to=to),
            lambda deal: deal.is_open,
            _("The deal was given to the colleague."),
            AssignForm,
        ),
        Verb(
            "reopen",
            _("Reopen"),
            "undo",
            lambda deal, _by: actions.reopen_opportunity(opportunity=deal),
            lambda deal: not deal.is_open,
            _("The deal is open again."),
            explanation=_("The deal goes back to the stage where it was before."),
            is_main=True,
        ),
    )

    def get_sections(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        first, *others = super().get_sections(request, obj)
        if obj is None:
            return [first, *others]
        fields = ["pipeline", ("status", "closed_at"), "stage_since", ("lost_reason", "lost_note")]
        return [first, (_("State"), {"classes": ["tab"], "fields": fields}), *others]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Let the verbs alone move a deal, and its lines alone say its amount."""
        moved = ("stage",) if obj is not None else ()
        added_up = ("amount",) if obj is not None and obj.lines_total is not None else ()
        return (*super().get_readonly_fields(request, obj), *moved, *added_up)

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[type]:
        return [LineInline] if obj is None else list(self.inlines)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the open stages for a new deal, the default pipeline's first."""
        if db_field.name == "stage":
            kwargs["queryset"] = beginnings()
            kwargs["initial"] = Stage.objects.beginning().first()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def links(self, request: HttpRequest, record: Opportunity) -> Sequence[str]:
        """Return links to the customer and to the person there."""
        hidden = self.out_of_sight(request, record)
        found = {"customer": record.customer, "contact": record.contact}
        return [link_to(one) for name, one in found.items() if one is not None and name not in hidden]

    @display(description=_("customer"))
    def customer_link(self, deal: Opportunity) -> str:
        return link_to(deal.customer)

    @display(description=_("stage"))
    def stage_name(self, deal: Opportunity) -> str:
        return str(deal.stage)

    @display(description=_("status"), label=STATUS_COLORS)
    def status_label(self, deal: Opportunity) -> tuple[str, str]:
        return deal.status, deal.get_status_display()

    @display(description=_("amount"), ordering="amount")
    def amount_text(self, deal: Opportunity) -> str:
        return money(deal.amount, deal.currency)

    @action(description=_("As a board"), url_path="board", icon="view_kanban", permissions=["view"])
    def as_board(self, request: HttpRequest) -> HttpResponse:
        """Go on to the pipeline board."""
        return HttpResponseRedirect(reverse("pipeline-board"))


def beginnings() -> QuerySet[Stage]:
    """Return the stages in which a deal may begin, those of the default pipeline first."""
    stages = Stage.objects.filter(kind=Stage.Kind.OPEN, pipeline__is_active=True).select_related("pipeline")
    return stages.order_by("-pipeline__is_default", "pipeline__name", "order", "id")


@admin.register(OpportunityLine)
class OpportunityLineAdmin(RecordAdmin):
    """What deals consist of."""

    list_display = ("__str__", "opportunity", "quantity", "unit_price", "discount", "total")
    list_select_related = ("opportunity", "product")
    ordering = ("-created_at", "-id")
    autocomplete_fields = ("opportunity", "product")
    readonly_fields = (*RecordAdmin.readonly_fields, "total")
    sections = (
        (
            None,
            {
                "fields": (
                    "opportunity",
                    "product",
                    "description",
                    ("quantity", "unit_price"),
                    ("discount", "total"),
                )
            },
        ),
    )


@admin.register(StageChange)
class StageChangeAdmin(ReadOnly, RecordAdmin):
    """The way of deals through the stages, which is written by itself."""

    list_display = ("opportunity", "from_stage", "to_stage", "changed_at", "changed_by", "time_in_stage")
    list_select_related = ("opportunity", "from_stage", "to_stage", "changed_by")
    list_filter = (("to_stage", RelatedDropdownFilter), ("changed_at", DayRangeFilter))
    ordering = ("-changed_at", "-id")
    sections = (
        (None, {"fields": ("opportunity", ("from_stage", "to_stage"), ("changed_at", "changed_by"), "seconds")}),
    )

    @display(description=_("time in stage"))
    def time_in_stage(self, change: StageChange) -> str:
        return in_days(change)
