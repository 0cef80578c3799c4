"""The preferences page: a customer, who has no account, sees and changes what they have agreed to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods

from crm.auth.addresses import client_address
from crm.auth.limits import count_address
from customers.actions import set_preferences
from customers.languages import language_of
from customers.models import Consent, Customer, Purpose
from customers.preferences import LinkExpired, LinkUnknown, customer_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

# No other site learns the address of the page. "no-referrer" would hide from Django's check against forged forms, too,
# where a form comes from.
HEADERS: Final = {"Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex, nofollow", "Cache-Control": "no-store"}
LONGEST_AGENT: Final = 300


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """Show the page, or record what was chosen on it; of a link that does not work say only that."""
    if count_address(request, "preferences").is_exceeded:
        return shown(request, "link", status=429, title=_("Too many requests"), text=_("Please try again in a minute."))
    try:
        customer = customer_of(token)
    except LinkExpired:
        text = _("Please ask for a new one, or use the link in the latest message that you got from us.")
        return shown(request, "link", status=410, title=_("This link has expired"), text=text)
    except LinkUnknown:
        text = _("Please check that you have the whole address, or use the link in the latest message from us.")
        return shown(request, "link", status=404, title=_("This link does not work"), text=text)
    with override(language_for(request, customer)):
        return saved(request, customer) if request.method == "POST" else page(request, customer)


def page(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Answer the page as things stand."""
    newest = Consent.objects.of([customer]).newest().filter(is_granted=True)
    granted = set(newest.values_list("purpose", flat=True))
    purposes = [(one, one.pk in granted) for one in Purpose.objects.filter(is_active=True).order_by("name")]
    known: dict[str, Any] = {"purposes": purposes, "email": masked(customer.email), "is_saved": "saved" in request.GET}
    return shown(request, "preferences", **known)


def saved(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Record what was chosen, and show the page again."""
    wanted = [] if "withdraw" in request.POST else request.POST.getlist("purpose")
    agent = "".join(filter(str.isprintable, request.headers.get("User-Agent", "")))[:LONGEST_AGENT]
    set_preferences(customer=customer, wanted=wanted, ip_address=client_address(request), user_agent=agent)
    return kept_private(redirect(f"{request.path}?saved"))


def shown(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """Answer one of the pages."""
    return kept_private(render(request, f"customers/public/{template}.html", context, status=status))


def kept_private(response: HttpResponse) -> HttpResponse:
    """Add the headers by which nobody else keeps, finds or hears of an answer."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


def language_for(request: HttpRequest, customer: Customer) -> str:
    """Return the language that was chosen on the page, else the customer's where there is a translation."""
    chosen = settings.LANGUAGE_COOKIE_NAME in request.COOKIES
    return ("" if chosen else language_of(customer)) or str(request.LANGUAGE_CODE)


def masked(email: str) -> str:
    """Return an e-mail address by which only who has it recognises it."""
    name, at, domain = email.partition("@")
    return f"{name[:1]}•••{at}{domain[:1]}•••.{domain.rpartition('.')[2]}" if at else ""


urlpatterns = [path("preferences/<str:token>", preferences, name="preferences")]
