"""The page on which a customer judges the answer to their ticket; only its form counts, not whoever opens the link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods

from crm.auth.limits import count_address
from customers.pages import kept_private, language_for
from service.actions import NotDone, TooLate, judge_ticket
from service.links import LinkExpired, LinkUnknown, ticket_of
from service.models import SurveyAnswer, Ticket
from service.refused_pages import expired, too_many, unknown

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_http_methods(["GET", "HEAD", "POST"])
def survey(request: HttpRequest, token: str) -> HttpResponse:
    """Show the question, or note the answer."""
    if count_address(request, "survey").is_exceeded:
        return too_many(request)
    try:
        ticket = ticket_of(token)
    except LinkExpired:
        return expired(request)
    except LinkUnknown:
        return unknown(request)
    with override(language_for(request, ticket.customer)):
        return judged(request, ticket, token) if request.method == "POST" else question(request, ticket, token)


def question(request: HttpRequest, ticket: Ticket, token: str, **more: Any) -> HttpResponse:
    """Answer the page, with what was answered before."""
    before = SurveyAnswer.objects.filter(ticket=ticket, resolution=ticket.resolution).first()
    context = {
        "ticket": ticket,
        "token": token,
        "scores": SurveyAnswer.Score.choices[::-1],
        "score": before.score if before else None,
        "comment": before.comment if before else "",
        "is_saved": "saved" in request.GET,
        **more,
    }
    return kept_private(render(request, "service/public/survey.html", context, status=422 if more else 200))


def judged(request: HttpRequest, ticket: Ticket, token: str) -> HttpResponse:
    """Note the answer, and show the page again."""
    given = request.POST.get("score", "")
    score = int(given) if given in {"1", "2", "3", "4", "5"} else 0
    comment = request.POST.get("comment", "").replace("\r\n", "\n").replace("\x00", "").strip()
    try:
        if not score:
            raise ValidationError(_("Please choose one of the five."))
        judge_ticket(ticket=ticket, score=score, comment=comment)
    except ValidationError as error:
        return question(request, ticket, token, errors=error.messages, score=score, comment=comment)
    except NotDone:
        return question(request, ticket, token, errors=[_("We still work on it. Please judge once it is resolved.")])
    except TooLate:
        return question(request, ticket, token, errors=[_("Your answer can no longer be changed.")])
    return kept_private(redirect(f"{request.path}?saved"))
