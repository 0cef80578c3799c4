"""What the reports about sales have in common: what can be asked, how amounts are added up, where rows lead."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.db.models import CharField, Count, DecimalField, ExpressionWrapper, F, Func, Q, Sum, UUIDField, Value
from django.db.models.functions import Coalesce, Concat, NullIf, Round, Trim, TruncMonth
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminSelectWidget

from crm.reports.forms import ResponsibleForm, responsible
from crm.reports.links import list_of
from crm.reports.reports import Column, Kind
from sales.models import Opportunity, Pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import Aggregate, Model
    from django.db.models.expressions import Combinable

    from crm.models import User
    from sales.models import OpportunityQuerySet

type Expression = Combinable | F

MONEY: Final[DecimalField[Any, Any]] = DecimalField(max_digits=22, decimal_places=2)
NOTHING: Final = Value(Decimal("0.00"))
OWNER_NAME: Final = Coalesce(
    NullIf(Trim(Concat("owner__first_name", Value(" "), "owner__last_name")), Value("")),
    "owner__username",
    Value(""),
)
WITHOUT_RATE: Final = Column("without_rate", _("deals without a rate"), Kind.NUMBER, is_summed=True)


class DealsForm(ResponsibleForm):
    """Whose deals, and of which pipeline."""

    pipeline = forms.ModelChoiceField(
        Pipeline.objects.order_by("name"),
        required=False,
        empty_label=_("all pipelines"),
        label=_("Pipeline"),
        help_text=_("Only deals of this pipeline."),
        widget=UnfoldAdminSelect2Widget,
    )


def grouping(*names: str) -> forms.ChoiceField:
    """Return the field that asks by what the rows are grouped: one of these names."""
    titles = {"month": _("month"), "owner": _("owner"), "team": _("team"), "pipeline": _("pipeline")}
    return forms.ChoiceField(
        choices=[("", "–"), *((name, titles[name]) for name in names)],
        required=False,
        label=_("By"),
        help_text=_("What the rows are grouped by."),
        widget=UnfoldAdminSelectWidget,
    )


def deals(user: User, wanted: Mapping[str, Any]) -> OpportunityQuerySet:
    """Return the deals that are asked for, as far as `user` may see them, with what they are worth."""
    chosen = Opportunity.objects.visible_to(user).filter(**responsible(wanted))
    if wanted.get("pipeline"):
        chosen = chosen.filter(pipeline=wanted["pipeline"])
    found: OpportunityQuerySet = chosen.with_likelihood().with_reporting_amount().order_by()
    return found


def grouped(chosen: Any, by: str) -> Any:
    """Return the rows with `group`, what they are grouped by, and its id; both empty where it is by nothing."""
    nothing = Value(None, output_field=UUIDField())
    groups: dict[str, tuple[Expression, Expression]] = {
        "": (Value(""), nothing),
        "owner": (OWNER_NAME, F("owner")),
        "team": (Coalesce("team__name", Value("")), F("team")),
        "pipeline": (F("pipeline__name"), F("pipeline")),
    }
    name, key = groups[by]
    return chosen.annotate(group=name, group_id=key)


def by_month(chosen: Any, column: str) -> Any:
    """Return the rows grouped by the month of a moment, written as 2026-11."""
    text = Func(TruncMonth(column), Value("YYYY-MM"), function="to_char", output_field=CharField())
    return chosen.annotate(group=text, group_id=Value(None, output_field=UUIDField()))


def total(expression: Expression | str, only: Q | None = None) -> Coalesce:
    """Return the sum of amounts; nothing added up is 0."""
    return Coalesce(Sum(expression, filter=only, output_field=MONEY), NOTHING, output_field=MONEY)


def weighted() -> Round:
    """Return what a deal is worth by its likelihood, to the hundredth."""
    share = ExpressionWrapper(
        F("reporting_amount") * F("likelihood") / Value(100), output_field=DecimalField(max_digits=24, decimal_places=4)
    )
    return Round(share, precision=2, output_field=MONEY)


def without_rate() -> Aggregate:
    """Return the number of deals whose amount no known rate brings into the reporting currency."""
    return Count("pk", filter=Q(reporting_amount__isnull=True))


def listed(model: type[Model], wanted: Mapping[str, Any], **lookups: Any) -> str:
    """Return the address of the list that a row counts, narrowed to what is asked for; empty where there is none."""
    for name in ("owner", "team", "pipeline"):
        if wanted.get(name):
            lookups.setdefault(f"{name}__id__exact", wanted[name].pk)
    return list_of(model, lookups)
