"""The page of a ticket: a customer, who has no account, reads what was said and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.http import require_http_methods, require_safe

from crm.api.pages import not_found
from crm.attachments.actions import attach
from crm.attachments.answers import ContentMissing, answer
from crm.auth.limits import count_address
from customers.pages import kept_private, language_for
from service.actions import MOST_FILES, receive_message
from service.links import LinkExpired, LinkUnknown, file_of, file_token, files_of, public_messages, ticket_of
from service.models import Status, Ticket, TicketMessage
from service.models.messages import LONGEST
from service.refused_pages import expired, too_many, unknown
from service.survey_pages import survey

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

SHOWN: Final = 200
# How a ticket stands, in words for who asked.
STANDS: Final = {
    Status.NEW: gettext_lazy("We have received it."),
    Status.OPEN: gettext_lazy("We are working on it."),
    Status.PENDING: gettext_lazy("We are waiting for your answer."),
    Status.ON_HOLD: gettext_lazy("We are working on it."),
    Status.RESOLVED: gettext_lazy("It is resolved. Answer if it is not."),
    Status.CLOSED: gettext_lazy("It is closed. Answer to open it again."),
}


@require_http_methods(["GET", "HEAD", "POST"])
def ticket_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show the page, or take the customer's answer; of a link that does not work say only that."""
    if count_address(request, "ticket").is_exceeded:
        return too_many(request)
    try:
        ticket = ticket_of(token)
    except LinkExpired:
        return expired(request)
    except LinkUnknown:
        return unknown(request)
    with override(language_for(request, ticket.customer)):
        return answered(request, ticket, token) if request.method == "POST" else page(request, ticket, token)


def page(request: HttpRequest, ticket: Ticket, token: str, **more: Any) -> HttpResponse:
    """Answer the conversation, the newest last."""
    said = list(public_messages(ticket).select_related("author").order_by("-written_at", "-id")[:SHOWN])[::-1]
    files: dict[Any, list[Any]] = {}
    for one in files_of(ticket).order_by("name"):
        files.setdefault(one.about_id, []).append((one, file_token(one)))
    context = {
        "ticket": ticket,
        "token": token,
        "stands": STANDS[Status(ticket.status)],
        "said": [(one, files.get(one.pk, [])) for one in said],
        "is_saved": "sent" in request.GET,
        "longest": LONGEST,
        **more,
    }
    status = 422 if more else 200
    return kept_private(render(request, "service/public/ticket.html", context, status=status))


def answered(request: HttpRequest, ticket: Ticket, token: str) -> HttpResponse:
    """Take an answer with its files, or none of it, and show the page again."""
    body = request.POST.get("body", "").replace("\r\n", "\n").replace("\x00", "").strip()
    uploads = request.FILES.getlist("files")
    try:
        if len(uploads) > MOST_FILES:
            raise ValidationError(_("At most %d files at once.") % MOST_FILES)
        take_answer(ticket, body, uploads)
    except ValidationError as error:
        return page(request, ticket, token, errors=error.messages, body=body)
    return kept_private(redirect(f"{request.path}?sent"))


@transaction.atomic
def take_answer(ticket: Ticket, body: str, uploads: list[Any]) -> TicketMessage:
    """Add what the customer says, as if it had come by e-mail; raise ValidationError for what is not taken."""
    if not body:
        raise ValidationError(_("Please write something."))
    message = receive_message(ticket=ticket, body=body)
    for one in uploads:
        attach(about=message, name=one.name, content=one, by=None)
    return message


@require_safe
def ticket_file(request: HttpRequest, token: str, file: str) -> HttpResponseBase:
    """Answer a file of the conversation, to save, for some minutes after its page was shown."""
    if count_address(request, "ticket files").is_exceeded:
        return too_many(request)
    try:
        return answer(file_of(ticket_of(token), file))
    except (LinkExpired, LinkUnknown, ContentMissing):
        return kept_private(not_found(request))


urlpatterns = [
    path("tickets/<str:token>/", ticket_page, name="ticket-page"),
    path("tickets/<str:token>/survey", survey, name="ticket-survey"),
    path("tickets/<str:token>/files/<str:file>", ticket_file, name="ticket-file"),
]
