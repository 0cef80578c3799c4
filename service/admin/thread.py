"""The page of a ticket: what was said, an answer or a note in one place, and all that can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminSelect2Widget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from crm.admin import staff
from crm.models import Attachment, User
from service import actions
from service.canned import filled
from service.models import CLOCKS, CannedReply, Status, Ticket, TicketMessage
from service.models.messages import LONGEST
from service.words import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

SHOWN: Final = 200
READY: Final = 100


class AnswerForm(forms.Form):
    """What is said to the customer or among colleagues, and how the ticket stands then."""

    body = forms.CharField(
        label=gettext_lazy("Reply or note"), max_length=LONGEST, widget=UnfoldAdminTextareaWidget(attrs={"rows": 8})
    )
    status = forms.ChoiceField(
        label=gettext_lazy("And then"),
        required=False,
        choices=[
            ("", gettext_lazy("as it is")),
            (Status.PENDING, Status.PENDING.label),
            (Status.ON_HOLD, Status.ON_HOLD.label),
            (Status.RESOLVED, Status.RESOLVED.label),
        ],
        widget=UnfoldAdminSelectWidget,
    )


class AssignForm(forms.Form):
    """Who is to have the ticket."""

    assignee = forms.ModelChoiceField(
        label=gettext_lazy("assignee"),
        queryset=User.objects.filter(is_active=True, is_staff=True).order_by("first_name", "last_name", "username"),
        required=False,
        widget=UnfoldAdminSelect2Widget,
    )


class MergeForm(forms.Form):
    """Which ticket becomes part of this one."""

    number = forms.CharField(
        label=gettext_lazy("Number of the other ticket"), max_length=20, widget=UnfoldAdminTextInputWidget
    )


class SplitForm(forms.Form):
    """What the ticket of the chosen messages is about."""

    subject = forms.CharField(label=gettext_lazy("subject"), max_length=200, widget=UnfoldAdminTextInputWidget)


def replied(ticket: Ticket, request: HttpRequest) -> str:
    """Answer the customer."""
    said = cleaned(AnswerForm, request)
    actions.reply_to_ticket(ticket=ticket, by=staff(request), body=said["body"], status=said["status"])
    return _("The reply is on its way.") if ticket.reply_address else _("The reply is noted.")


def noted(ticket: Ticket, request: HttpRequest) -> str:
    """Note something for colleagues."""
    actions.add_note(ticket=ticket, by=staff(request), body=cleaned(AnswerForm, request)["body"])
    return _("The note is there.")


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
    "take": taken,
    "assign": assigned,
    "move": moved,
    "merge": merged,
    "split": split,
}


def cleaned(form_class: type[forms.Form], request: HttpRequest) -> dict[str, Any]:
    """Return what a form says; raise ValidationError where it is not right."""
    form = form_class(request.POST)
    if not form.is_valid():
        raise forms.ValidationError([text for texts in form.errors.values() for text in texts])
    return form.cleaned_data


def uuid_or_none(text: str) -> Any:
    """Return an id; None for a text that is none."""
    try:
        return Ticket._meta.pk.to_python(text)
    except forms.ValidationError:
        return None


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
        kept = ""
        if request.method == "POST":
            if self.done(request, ticket):
                return HttpResponseRedirect(request.path)
            kept = request.POST.get("body", "")
        return TemplateResponse(request, "service/thread.html", self.context(request, ticket, kept))

    def done(self, request: HttpRequest, ticket: Ticket) -> bool:
        """Do what a button says; say what came of it, and tell whether it was done."""
        verb = VERBS.get(request.POST.get("verb", ""))
        if not staff(request).has_perm("service.change_ticket"):
            raise PermissionDenied
        if verb is None:
            raise Http404
        try:
            messages.success(request, verb(ticket, request))
        except forms.ValidationError as error:
            messages.error(request, " ".join(error.messages))
        except tuple(REFUSALS) as error:
            messages.error(request, REFUSALS[type(error)])
        else:
            return True
        return False

    def context(self, request: HttpRequest, ticket: Ticket, kept: str) -> dict[str, Any]:
        """Return what the page shows."""
        user = staff(request)
        rows = TicketMessage.objects.filter(ticket=ticket).select_related("author").order_by("-written_at", "-id")
        said = list(rows[:SHOWN])
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(ticket),
            "original": ticket,
            "ticket": ticket,
            "messages_of_ticket": with_files(said, user),
            "clocks": [clock_of(ticket, name) for name in CLOCKS if getattr(ticket, f"{name}_target")],
            "form": AnswerForm(initial={"body": kept}),
            "assign": AssignForm(initial={"assignee": ticket.assignee_id}),
            "merge": MergeForm(),
            "split": SplitForm(),
            "canned": canned_for(ticket, user),
            "next": [(one, Status(one).label) for one in actions.NEXT[ticket.status]],
            "may_change": user.has_perm("service.change_ticket") and ticket.merged_into_id is None,
            "may_take": ticket.assignee_id is None and not ticket.is_done,
            "customer": customer_of(ticket, user),
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


def with_files(said: list[TicketMessage], user: User) -> list[tuple[TicketMessage, list[Attachment]]]:
    """Return messages with their files; one query for all of them."""
    rows = Attachment.objects.visible_to(user).filter(about_id__in=[one.pk for one in said]).order_by("name")
    files: dict[Any, list[Attachment]] = {}
    for one in rows.filter(about_type=TicketMessage.label()):
        files.setdefault(one.about_id, []).append(one)
    return [(one, files.get(one.pk, [])) for one in said]


def clock_of(ticket: Ticket, name: str) -> dict[str, Any]:
    """Return what a clock says, as the page shows it."""
    stopped = ticket.first_replied_at if name == "first_response" else (ticket.resolved_at if ticket.is_done else None)
    due, breached, left = (getattr(ticket, f"{name}_{part}") for part in ("due_at", "breached_at", "left"))
    state = "missed" if breached else "met" if stopped else "running" if due else "paused"
    label = _("First response") if name == "first_response" else _("Resolution")
    return {"label": label, "state": state, "due": due, "left": left and left // 60, "stopped": stopped}
