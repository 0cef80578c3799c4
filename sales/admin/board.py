"""The pipeline board: deals by stage, moved by mouse, finger or keyboard, or by a form without JavaScript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from crm.admin.live import fresh, is_asked_by_script
from crm.admin.site import add_to_top, staff
from sales import actions
from sales.admin.columns import BoardForm, board_for
from sales.models import LossReason, Opportunity, Stage

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest

    from crm.models import User

PAGE: Final = "pipeline-board"


class MovedMeanwhile(Exception):
    """Somebody changed the deal since it was shown."""


class MoveForm(forms.Form):
    """Where a deal goes; why, where it is lost."""

    version = forms.CharField(widget=forms.HiddenInput)
    stage = forms.ModelChoiceField(
        Stage.objects.none(), label=gettext_lazy("Move to"), widget=UnfoldAdminSelectWidget, empty_label=None
    )
    reason = forms.ModelChoiceField(
        LossReason.objects.filter(is_active=True).order_by("name"),
        label=gettext_lazy("Why it is lost"),
        help_text=gettext_lazy("Only where it is lost."),
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    note = forms.CharField(
        label=gettext_lazy("Note on the loss"), required=False, max_length=1000, widget=UnfoldAdminTextInputWidget
    )

    def __init__(self, data: Any, *, opportunity: Opportunity) -> None:
        """Offer the other stages of the deal's pipeline; the open ones, where it is won or lost."""
        initial = {"version": opportunity.updated_at.isoformat()}
        super().__init__(data, initial=initial)
        stages: Any = self.fields["stage"]
        others = opportunity.pipeline.stages.exclude(pk=opportunity.stage_id).in_order()
        stages.queryset = others if opportunity.is_open else others.filter(kind=Stage.Kind.OPEN)

    def clean(self) -> dict[str, Any]:
        """Ask for the reason of a loss."""
        cleaned: dict[str, Any] = super().clean() or {}
        stage = cleaned.get("stage")
        if stage is not None and stage.kind == Stage.Kind.LOST and not cleaned.get("reason"):
            self.add_error("reason", _("Say why the deal was lost."))
        return cleaned


def board(request: HttpRequest) -> HttpResponse:
    """Show the board; to its script, which asks again and again, only what has changed."""
    user = allowed(request)
    form = BoardForm(request.GET)
    shown = context_of(request, user, form)
    if is_asked_by_script(request):
        return fresh(request, render_to_string("sales/board/board.html", shown, request))
    return TemplateResponse(request, "sales/board/page.html", {**admin.site.each_context(request), **shown})


def context_of(request: HttpRequest, user: User, form: BoardForm) -> dict[str, Any]:
    """Return what the templates of the board need."""
    wanted = form.cleaned_data if form.is_valid() else {}
    return {
        "title": _("Pipeline board"),
        "form": form,
        "board": board_for(user, wanted),
        "may_change": user.has_perm("sales.change_opportunity"),
        "reasons": LossReason.objects.filter(is_active=True).order_by("name"),
        "query": request.GET.urlencode(),
        "is_fullwidth": True,
    }


def move(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Move a deal to another stage: the script's answer is the board; a form's, the way back to it."""
    user = allowed(request)
    if not user.has_perm("sales.change_opportunity"):
        raise PermissionDenied
    opportunity = Opportunity.objects.visible_to(user).select_related("pipeline", "stage").filter(pk=pk).first()
    if opportunity is None:
        raise Http404
    query = QueryDict(request.GET.urlencode()).urlencode()
    form = MoveForm(request.POST or None, opportunity=opportunity)
    by_script = is_asked_by_script(request)
    if request.method == "POST" and (form.is_valid() or by_script):
        kind, notice = attempt(form, opportunity, user) if form.is_valid() else ("error", first_fault(form))
        if by_script:
            shown = {**context_of(request, user, BoardForm(request.GET)), "notice": notice, "notice_kind": kind}
            return HttpResponse(render_to_string("sales/board/board.html", shown, request))
        messages.add_message(request, getattr(messages, kind.upper()), notice)
        return HttpResponseRedirect(f"{reverse(PAGE)}?{query}")
    shown = {"title": _("Move a deal"), "form": form, "opportunity": opportunity, "back": f"{reverse(PAGE)}?{query}"}
    return TemplateResponse(request, "sales/board/move.html", {**admin.site.each_context(request), **shown})


def attempt(form: MoveForm, opportunity: Opportunity, user: User) -> tuple[str, str]:
    """Try a move, and return how it went: a kind of message and its text."""
    try:
        stage = moved(opportunity, user, **form.cleaned_data)
    except (MovedMeanwhile, actions.Refused, Opportunity.DoesNotExist):
        text = _("“%s” was not moved: somebody changed it meanwhile. This is how it stands now.")
        return "warning", text % opportunity.name
    except ValidationError as error:
        return "error", " ".join(error.messages)
    return "success", _("“%(deal)s” is in “%(stage)s” now.") % {"deal": opportunity.name, "stage": stage.name}


@transaction.atomic
def moved(
    opportunity: Opportunity, user: User, *, version: str, stage: Stage, reason: LossReason | None, note: str
) -> Stage:
    """Move a deal as a colleague saw it; raise MovedMeanwhile where it is not as they saw it any more."""
    seen = Opportunity.objects.visible_to(user).select_for_update(of=("self",)).get(pk=opportunity.pk)
    if seen.updated_at.isoformat() != version:
        raise MovedMeanwhile(seen.pk)
    if stage.kind == Stage.Kind.OPEN:
        if seen.is_open:
            actions.move_opportunity(opportunity=seen, stage=stage)
        else:
            actions.reopen_opportunity(opportunity=seen, stage=stage)
    elif stage.kind == Stage.Kind.WON:
        actions.win_opportunity(opportunity=seen, stage=stage)
    elif reason is not None:
        actions.lose_opportunity(opportunity=seen, reason=reason, note=note, stage=stage)
    return stage


def first_fault(form: forms.Form) -> str:
    """Return the first fault of a form."""
    return next(str(fault) for faults in form.errors.values() for fault in faults)


def allowed(request: HttpRequest) -> User:
    """Return who is signed in; refuse whoever may see no deals."""
    user = staff(request)
    if user.view_level(Opportunity) is None:
        raise PermissionDenied
    return user


@add_to_top
def entry(request: HttpRequest) -> dict[str, Any]:
    """Return the line in the sidebar."""
    return {
        "title": gettext_lazy("Pipeline board"),
        "icon": "view_kanban",
        "link": reverse(PAGE),
        "active": request.path.startswith(reverse(PAGE)),
        "permission": lambda asking: staff(asking).view_level(Opportunity) is not None,
    }
