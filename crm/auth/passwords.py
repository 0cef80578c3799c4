"""Changing one's own password, on whatever page: the old one is asked for, and all else that is open ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import authenticate
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpResponseRedirect
from django.urls import reverse_lazy

from crm.auth import sessions

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class OldPassword:
    """What the form for one's own password asks of the old one; too many wrong ones lock as at the sign-in."""

    request: HttpRequest
    user: Any
    error_messages: dict[str, Any]
    cleaned_data: dict[str, Any]

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        """Take the request, whose address counts too."""
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        """Return the old password; raise ValidationError where it is not."""
        given: str = self.cleaned_data["old_password"]
        if authenticate(self.request, username=self.user.get_username(), password=given) != self.user:
            raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return given


class OwnPasswordForm(OldPassword, PasswordChangeForm):
    """The old password, and the new one twice."""


class PasswordView(PasswordChangeView):
    """The page where everybody changes their own password: this session stays, all else that is open ends."""

    form_class = OwnPasswordForm
    template_name = "crm/password.html"
    success_url = reverse_lazy("password-changed")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Return what the form is made with."""
        return {**super().get_form_kwargs(), "request": self.request}

    def form_valid(self, form: Any) -> HttpResponse:
        """Set the new password, unless the session has ended meanwhile."""
        with sessions.in_hand(self.request):
            form.save()
        return HttpResponseRedirect(self.get_success_url())
