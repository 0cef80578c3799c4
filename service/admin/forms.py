"""What the page of a ticket asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminSelect2Widget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from crm.admin import staff
from crm.lines import LineField
from crm.models import User
from service.models import Status, Ticket
from service.models.messages import LONGEST

if TYPE_CHECKING:
    from django.http import HttpRequest


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

    def clean_body(self) -> str:
        """Return the text with its lines ended as everywhere."""
        return str(self.cleaned_data["body"]).replace("\r\n", "\n")


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

    subject = LineField(label=gettext_lazy("subject"), max_length=200, widget=UnfoldAdminTextInputWidget)


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


def uploads(request: HttpRequest) -> list[Any]:
    """Return the files that were chosen; raise PermissionDenied for somebody who may attach none."""
    found = request.FILES.getlist("files")
    if found and not staff(request).has_perm("crm.add_attachment"):
        raise PermissionDenied
    return found
