"""The small form that logs a call."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from crm.lines import LineField
from customers.models import Interaction


class CallForm(forms.Form):
    """What staff say about a call when it is over."""

    subject = LineField(label=_("Subject"), max_length=200, widget=UnfoldAdminTextInputWidget)
    direction = forms.ChoiceField(
        label=_("Direction"),
        choices=Interaction.Direction.choices,
        initial=Interaction.Direction.OUTBOUND,
        widget=UnfoldAdminSelectWidget,
    )
    minutes = forms.IntegerField(
        label=_("Duration in minutes"),
        min_value=0,
        max_value=24 * 60,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    body = forms.CharField(label=_("Notes"), max_length=100_000, required=False, widget=UnfoldAdminTextareaWidget)

    def details(self) -> dict[str, Any]:
        """Return what the call was, as `log_interaction` takes it."""
        minutes = self.cleaned_data["minutes"]
        return {
            "kind": Interaction.Kind.CALL,
            "subject": self.cleaned_data["subject"],
            "direction": self.cleaned_data["direction"],
            "duration": None if minutes is None else minutes * 60,
            "body": self.cleaned_data["body"],
        }
