"""The page of the staff site where colleagues change their own password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.urls import reverse
from unfold.forms import AdminOwnPasswordChangeForm

from crm.auth.passwords import OldPassword, PasswordView

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class StaffPasswordForm(OldPassword, AdminOwnPasswordChangeForm):
    """The old password, and the new one twice, in unfold's look."""


def change_password(request: HttpRequest) -> HttpResponseBase:
    """Change one's own password as everybody does, in the frame of the staff site; in place of the site's own page."""
    view = PasswordView.as_view(
        form_class=StaffPasswordForm,
        template_name="registration/password_change_form.html",
        success_url=reverse("admin:password_change_done"),
        extra_context=admin.site.each_context(request),
    )
    request.current_app = admin.site.name  # read by the template tags
    return view(request)
