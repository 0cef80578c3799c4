"""The language of each colleague: chosen once on the screens, followed by these and by mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import translation
from django.views.i18n import set_language

from crm.models import User

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from django.http import HttpRequest, HttpResponseBase

    GetResponse = Callable[[HttpRequest], HttpResponseBase]


def follow_the_user(get_response: GetResponse) -> GetResponse:
    """Show the screens in the language that the user has chosen, on whatever device."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        language = getattr(request.user, "language", "") if request.path.startswith("/admin/") else ""
        if language:
            translation.activate(language)
            request.LANGUAGE_CODE = language
        return get_response(request)

    return middleware


def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Show the site in another language from now on; of a user who has signed in, remember it."""
    answer = set_language(request)
    chosen = request.POST.get("language")
    if request.user.is_authenticated and chosen in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=chosen)
    return answer


def write_to(users: Sequence[User], subject: Callable[[], str], template: str, known: Mapping[str, Any]) -> None:
    """Send colleagues one e-mail in the language of the first: a subject on one line, and a template's text."""
    with translation.override(users[0].language or settings.LANGUAGE_CODE):
        text = render_to_string(template, dict(known))
        send_mail(" ".join(subject().split()), text, None, [one.email for one in users])
