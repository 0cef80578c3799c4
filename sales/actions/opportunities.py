"""Verbs on opportunities; what follows from a stage is written by the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.refused import Refused
from sales.models import Opportunity, Stage, StageChange

if TYPE_CHECKING:
    from crm.models import User
    from sales.models import LossReason


class AlreadyClosed(Refused):
    """The opportunity is won or lost."""

    text = _("The deal is won or lost already.")


class NotClosed(Refused):
    """The opportunity is open."""

    text = _("The deal is open.")


class NoSuchStage(Refused):
    """The pipeline has no stage of that kind, or the stage named is of another kind."""

    text = _("The stage is not one for this: name another.")


class NotInUse(Refused):
    """The pipeline takes no new opportunities."""

    text = _("This pipeline takes no new opportunities.")


@transaction.atomic
def move_opportunity(*, opportunity: Opportunity, stage: Stage) -> Opportunity:
    """Move an open opportunity to another stage for open ones, of whichever pipeline.

    Raises AlreadyClosed, NotInUse for a pipeline that takes no new ones, and NoSuchStage for a stage in which deals are
    won or lost, which the verbs for it do.
    """
    opportunity = _open(opportunity)
    return _put(opportunity, open_stage(stage=stage))


@transaction.atomic
def win_opportunity(*, opportunity: Opportunity, stage: Stage | None = None) -> Opportunity:
    """Note that a deal is won; in the first such stage of its pipeline, unless one is named.

    Raises AlreadyClosed and NoSuchStage.
    """
    opportunity = _open(opportunity)
    return _put(opportunity, _of_kind(stage or opportunity.pipeline.first("won"), Stage.Kind.WON))


@transaction.atomic
def lose_opportunity(
    *, opportunity: Opportunity, reason: LossReason, note: str = "", stage: Stage | None = None
) -> Opportunity:
    """Note that a deal is lost, and why; in the first such stage of its pipeline, unless one is named.

    Raises AlreadyClosed and NoSuchStage, ValidationError for a reason that is no longer used.
    """
    opportunity = _open(opportunity)
    if not reason.is_active:
        raise ValidationError({"reason": ValidationError(_("This reason is no longer used."), code="inactive")})
    stage = _of_kind(stage or opportunity.pipeline.first("lost"), Stage.Kind.LOST)
    return _put(opportunity, stage, lost_reason=reason, lost_note=note)


@transaction.atomic
def reopen_opportunity(*, opportunity: Opportunity, stage: Stage | None = None) -> Opportunity:
    """Open a deal again that was won or lost; in the stage where it was before, unless one is named.

    Raises NotClosed and NoSuchStage.
    """
    opportunity = _locked(opportunity)
    if opportunity.is_open:
        raise NotClosed(opportunity.pk)
    stage = stage or _last_open(opportunity) or opportunity.pipeline.first("open")
    return _put(opportunity, open_stage(stage=stage), lost_reason=None, lost_note="")


@transaction.atomic
def assign_opportunity(*, opportunity: Opportunity, to: User | None) -> Opportunity:
    """Give an opportunity to a colleague and their team; to nobody, in the same team, for None."""
    opportunity = _locked(opportunity)
    return _put(opportunity, opportunity.stage, owner=to, team=to.team if to else opportunity.team)


def _last_open(opportunity: Opportunity) -> Stage | None:
    """Return the open stage that a deal left last."""
    changes = StageChange.objects.filter(opportunity=opportunity.pk, from_stage__kind=Stage.Kind.OPEN)
    last = changes.select_related("from_stage").order_by("-changed_at", "-id").first()
    return last.from_stage if last else None


def open_stage(*, stage: Stage | None) -> Stage:
    """Return a stage; raise NoSuchStage unless it is one for open deals."""
    return _of_kind(stage, Stage.Kind.OPEN)


def _of_kind(stage: Stage | None, kind: Stage.Kind) -> Stage:
    """Return a stage; raise NoSuchStage unless it is of this kind."""
    if stage is None or stage.kind != kind:
        raise NoSuchStage(kind)
    return stage


def _open(opportunity: Opportunity) -> Opportunity:
    """Return an open opportunity under its lock; raise AlreadyClosed for another."""
    opportunity = _locked(opportunity)
    if not opportunity.is_open:
        raise AlreadyClosed(opportunity.pk)
    return opportunity


def _locked(opportunity: Opportunity) -> Opportunity:
    """Return an opportunity under its lock, as it is now."""
    found: Opportunity = Opportunity.objects.select_for_update(of=("self",)).get(pk=opportunity.pk)
    return found


def _put(opportunity: Opportunity, stage: Stage, **values: Any) -> Opportunity:
    """Write a locked opportunity with a stage and other values, and return it as the database completed it.

    Raises NotInUse for a stage of another pipeline that takes no new ones.
    """
    if stage.pipeline_id != opportunity.pipeline_id and not stage.pipeline.is_active:
        raise NotInUse(stage.pipeline_id)
    for name, value in {"stage": stage, **values}.items():
        setattr(opportunity, name, value)
    opportunity.save(force_update=True)
    opportunity.refresh_from_db()
    return opportunity
