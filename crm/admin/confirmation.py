"""Asking for one's own password again, before what should not happen at a desk that was left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from crm.admin.site import staff

if TYPE_CHECKING:
    from django.http import HttpRequest

CONFIRMED: Final = "confirmed_at"


class ConfirmedForm(forms.Form):
    """A form that asks for the password too, unless it was given within the last CONFIRMATION_MINUTES."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
        help_text=_("To make sure that it is you."),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        if time.time() - request.session.get(CONFIRMED, 0) < settings.CONFIRMATION_MINUTES * 60:
            del self.fields["password"]

    def clean_password(self) -> None:
        """Refuse a wrong password; too many of them lock the account, as at the sign-in."""
        user = staff(self.request)
        if authenticate(self.request, username=user.username, password=self.cleaned_data["password"]) != user:
            raise forms.ValidationError(_("This is not your password."), code="invalid")
        self.request.session[CONFIRMED] = time.time()
