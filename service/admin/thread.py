"""The page of a ticket: what was said, an answer or a note in one place, and all that can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from crm.admin import staff
from crm.models import Attachment, User
from service import actions
from service.admin.forms import AnswerForm, AssignForm, MergeForm, SplitForm, cleaned, uploads, uuid_or_none
from service.canned import filled
from service.markup import shown
from service.models import CLOCKS, CannedReply, Status, Ticket, TicketMessage
from service.words import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

SHOWN: Final = 200
READY: Final = 100
FEW: Final = 5


def replied(ticket: Ticket, request: HttpRequest) -> str:
    """Answer the customer, unless a colleague did since the page was shown."""
    said, by = cleaned(AnswerForm, request), staff(request)
    more: dict[str, Any] = {"status": said["status"], "uploads": uploads(request)}
    if "seen" in request.POST:
        more["seen"] = uuid_or_none(request.POST["seen"])
    actions.reply_to_ticket(ticket=ticket, by=by, body=said["body"], **more)
    actions.discard_draft(ticket=ticket, by=by)
    return _("The reply is on its way.") if ticket.reply_address else _("The reply is noted.")


def noted(ticket: Ticket, request: HttpRequest) -> str:
    """Note something for colleagues."""
    body, by = cleaned(AnswerForm, request)["body"], staff(request)
    actions.add_note(ticket=ticket, by=by, body=body, uploads=uploads(request))
    actions.discard_draft(ticket=ticket, by=by)
    return _("The note is there.")


def discarded(ticket: Ticket, request: HttpRequest) -> str:
    """Forget what was typed."""
    actions.discard_draft(ticket=ticket, by=staff(request))
    return _("The draft is gone.")


def taken(ticket: Ticket, request: HttpRequest) -> str:
    """Take the ticket."""
    actions.take_ticket(ticket=ticket, by=staff(request))
    return _("The ticket is yours.")


def assigned(ticket: Ticket, request: HttpRequest) -> str:
    """Give the ticket to somebody."""
    actions.assign_ticket(ticket=ticket, to=cleaned(AssignForm, request)["assignee"])
    return _("The ticket was assigned.")


def moved(ticket: Ticket, request: HttpRequest) -> str:
    """Let the ticket stand otherwise."""
    actions.change_status(ticket=ticket, to=request.POST.get("to", ""))
    return _("The ticket stands otherwise now.")


def merged(ticket: Ticket, request: HttpRequest) -> str:
    """Merge another ticket into this one."""
    number = str(cleaned(MergeForm, request)["number"]).strip().upper()
    loser = Ticket.objects.visible_to(staff(request)).filter(number=number).first()
    if loser is None:
        raise forms.ValidationError(_("There is no ticket %s.") % number)
    actions.merge_tickets(winner=ticket, loser=loser, by=staff(request))
    return _("%s is part of this ticket now.") % number


def split(ticket: Ticket, request: HttpRequest) -> str:
    """Move the chosen messages to a ticket of their own."""
    chosen = [key for one in request.POST.getlist("message") if (key := uuid_or_none(one))]
    subject = cleaned(SplitForm, request)["subject"]
    made = actions.split_ticket(ticket=ticket, messages=chosen, subject=subject, by=staff(request))
    return _("%s was made of the chosen messages.") % made


VERBS: Final[dict[str, Callable[[Ticket, Any], str]]] = {
    "reply": replied,
    "note": noted,
    "discard": discarded,
    "take": taken,
    "assign": assigned,
    "move": moved,
    "merge": merged,
    "split": split,
}


class WithThread:
    """The page of a ticket, to which lists lead."""

    opts: Any
    admin_site: Any
    verbs: ClassVar[Any] = VERBS

    @action(
        description=gettext_lazy("Conversation"),
        url_path="thread",
        icon="forum",
        extra_options={"display_in_dropdown": False},
    )
    def thread(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the conversation, or do what a button says."""
        own: Any = self
        ticket = own.get_object(request, unquote(object_id))
        if ticket is None:
            raise Http404
        if request.method == "POST" and self.done(request, ticket):
            return HttpResponseRedirect(request.path)
        return TemplateResponse(request, "service/thread.html", self.context(request, ticket))

    def done(self, request: HttpRequest, ticket: Ticket) -> bool:
        """Do what a button says; say what came of it, and tell whether it was done."""
        verb = VERBS.get(request.POST.get("verb", ""))
        if not staff(request).has_perm("service.change_ticket"):
            raise PermissionDenied
        if verb is None:
            raise Http404
        try:
            with transaction.atomic():
                text = verb(ticket, request)
        except forms.ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return False
        except actions.Overtaken:
            return False  # the form says it, beside what the colleague wrote
        except tuple(REFUSALS) as error:
            messages.error(request, REFUSALS[type(error)])
            return False
        messages.success(request, text)
        return True

    def context(self, request: HttpRequest, ticket: Ticket) -> dict[str, Any]:
        """Return what the page shows."""
        user = staff(request)
        writing = writing_of(request, ticket)  # before the messages: what it has seen is then among them
        rows = TicketMessage.objects.filter(ticket=ticket).select_related("author").order_by("-written_at", "-id")
        said = list(rows[:SHOWN])
        return {
            **self.admin_site.each_context(request),
            **writing,
            "opts": self.opts,
            "title": str(ticket),
            "original": ticket,
            "ticket": ticket,
            "messages_of_ticket": with_files(said, user),
            "clocks": [clock_of(ticket, name) for name in CLOCKS if getattr(ticket, f"{name}_target")],
            "assign": AssignForm(initial={"assignee": ticket.assignee_id}),
            "merge": MergeForm(),
            "split": SplitForm(),
            "canned": canned_for(ticket, user),
            "next": [(one, Status(one).label) for one in actions.NEXT[ticket.status]],
            "may_change": user.has_perm("service.change_ticket") and ticket.merged_into_id is None,
            "may_attach": user.has_perm("crm.add_attachment"),
            "may_take": ticket.assignee_id is None and not ticket.is_done,
            "customer": customer_of(ticket, user),
        }


def writing_of(request: HttpRequest, ticket: Ticket) -> dict[str, Any]:
    """Return what the form of the answer shows: what was typed, what its author has seen, and who else is there."""
    user, sent = staff(request), request.POST
    draft = ticket.drafts.filter(author=user).first()
    newest = actions.replies_of_others(ticket=ticket, by=user).first()
    newer: list[Any] = []
    if sent.get("verb") == "reply" and "seen" in sent:
        newer = list(actions.newer_replies(ticket=ticket, by=user, seen=uuid_or_none(sent["seen"]))[:FEW])
    typed = sent.get("body", "") or (draft.body if draft else "")
    return {
        "form": AnswerForm(initial={"body": typed, "status": sent.get("status", "")}),
        "draft": draft,
        "seen": newest.pk if newest else "",
        "newer": newer,
        "has_lost_files": bool(request.FILES),
        "others": actions.others_there(ticket=ticket, by=user),
    }


def customer_of(ticket: Ticket, user: User) -> dict[str, Any] | None:
    """Return the customer, and what else they asked of late; None where the user may not see them."""
    from customers.models import Customer

    found = Customer.objects.visible_to(user).filter(pk=ticket.customer_id).select_related("organization").first()
    if found is None:
        return None
    others = Ticket.objects.visible_to(user).filter(customer=found.pk).exclude(pk=ticket.pk)
    page = reverse("admin:customers_customer_overview", args=(found.pk,))
    return {"customer": found, "page": page, "others": list(others.order_by("-opened_at", "-id")[:5])}


def canned_for(ticket: Ticket, user: User) -> list[tuple[str, str]]:
    """Return names and texts of the replies that are ready for a ticket, their places filled."""
    fitting = Q(queue__isnull=True) | Q(queue=ticket.queue_id)
    rows = CannedReply.objects.visible_to(user).filter(fitting).order_by("name", "id")[:READY]
    return [(one.name, filled(one.body, ticket, user)) for one in rows]


def with_files(said: list[TicketMessage], user: User) -> list[tuple[TicketMessage, str, list[Attachment]]]:
    """Return messages as they are shown, and their files; one query for all of them."""
    rows = Attachment.objects.visible_to(user).filter(about_id__in=[one.pk for one in said]).order_by("name")
    files: dict[Any, list[Attachment]] = {}
    for one in rows.filter(about_type=TicketMessage.label()):
        files.setdefault(one.about_id, []).append(one)
    return [(one, shown(one), files.get(one.pk, [])) for one in said]


def clock_of(ticket: Ticket, name: str) -> dict[str, Any]:
    """Return what a clock says, as the page shows it."""
    stopped = ticket.first_replied_at if name == "first_response" else (ticket.resolved_at if ticket.is_done else None)
    due, breached, left = (getattr(ticket, f"{name}_{part}") for part in ("due_at", "breached_at", "left"))
    state = "missed" if breached else "met" if stopped else "running" if due else "paused"
    label = _("First response") if name == "first_response" else _("Resolution")
    return {"label": label, "state": state, "due": due, "left": left and left // 60, "stopped": stopped}
