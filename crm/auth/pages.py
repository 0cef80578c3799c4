"""Pages where people sign in, let devices in, and see which programs act for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, LogoutView
from django.db import transaction
from django.db.models import Max
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django.views.generic import TemplateView
from oauth2_provider.models import AccessToken, RefreshToken

from crm.auth import applications, audit, sessions
from crm.auth.limits import count_address, count_use
from crm.auth.passwords import PasswordView
from crm.auth.scopes import sentences
from crm.models import Application, DeviceGrant

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from crm.models import User

DEVICE_TRIES = 20  # a minute, for one person: who types a code needs two, who guesses needs billions


class SignInView(LoginView):
    """Sign-in for everybody, staff or not; where it leads is checked against open redirects by Django."""

    template_name = "crm/sign_in.html"
    redirect_authenticated_user = True
    next_page = "grants"


class SignOutView(LogoutView):
    """Sign-out, by a form."""

    next_page = "sign-in"


change_password = never_cache(login_required(PasswordView.as_view()))
password_changed = login_required(TemplateView.as_view(template_name="crm/password_changed.html"))


def person(request: HttpRequest) -> User:
    """Return who is signed in."""
    return cast("User", request.user)


def descriptions(scope: str) -> list[str]:
    """Return the sentences that say what scopes allow."""
    known = sentences()
    return [known[name] for name in scope.split() if name in known]


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def device(request: HttpRequest) -> HttpResponse:
    """Let a device in by the code that it shows (RFC 8628, section 3.3): first the code, then the consent."""
    code = "".join(filter(str.isalnum, request.POST.get("user_code", request.GET.get("user_code", ""))[:50])).upper()
    if request.method == "GET":
        return render(request, "oauth2_provider/device.html", {"user_code": code})
    is_guessing = count_use("device", person(request).pk.hex, DEVICE_TRIES).is_exceeded
    if count_address(request, "device").is_exceeded or is_guessing:
        return render(request, "crm/error.html", {"title": _("Too many requests"), "status": 429}, status=429)
    waiting = pending(code)
    if waiting is None:
        context: dict[str, Any] = {"user_code": code, "error": _("This code is unknown, expired or used.")}
        return render(request, "oauth2_provider/device.html", context, status=400)
    application = Application.objects.get(client_id=waiting.client_id)
    context = {"user_code": code, "application": application, "scopes_descriptions": descriptions(waiting.scope)}
    if "decision" in request.POST:
        context["is_let_in"] = decide(waiting, person(request), is_let_in=request.POST["decision"] == "allow")
    return render(request, "oauth2_provider/device.html", context)


def pending(code: str) -> DeviceGrant | None:
    """Return the device that shows this code and waits."""
    usable = Application.objects.filter(is_active=True).values("client_id")
    waiting = DeviceGrant.objects.filter(status=DeviceGrant.AUTHORIZATION_PENDING, client_id__in=usable)
    found = waiting.filter(user_code=code).first()
    return None if found is None or found.is_expired() else found


@transaction.atomic
def decide(waiting: DeviceGrant, user: User, *, is_let_in: bool) -> bool:
    """Keep what the person decided, unless somebody else was faster; return whether the device is let in."""
    try:
        sessions.stand(user)
    except sessions.AccountChanged:
        return False
    status = DeviceGrant.AUTHORIZED if is_let_in else DeviceGrant.DENIED
    still = DeviceGrant.objects.filter(pk=waiting.pk, status=DeviceGrant.AUTHORIZATION_PENDING)
    changed = still.update(status=status, user=user)
    audit.record("device", user=user.pk, client=waiting.client_id, status=status, scope=waiting.scope)
    return is_let_in and bool(changed)


@never_cache
@login_required
@require_http_methods(["GET"])
def grants(request: HttpRequest) -> HttpResponse:
    """Show the programs that hold tokens of the person who is signed in."""
    live = AccessToken.objects.filter(user=person(request), expires__gt=timezone.now())
    kept = RefreshToken.objects.filter(user=person(request), revoked__isnull=True)
    numbers = {*live.values_list("application", flat=True), *kept.values_list("application", flat=True)}
    found = Application.objects.filter(pk__in=numbers).order_by("name")
    rows = [grant_of(application, person(request)) for application in found]
    return render(request, "oauth2_provider/grants.html", {"grants": rows})


def grant_of(application: Application, user: User) -> dict[str, Any]:
    """Return what a program may do for a person."""
    tokens = AccessToken.objects.filter(application=application, user=user)
    scopes = {name for text in tokens.values_list("scope", flat=True) for name in text.split()}
    return {
        "application": application,
        "descriptions": descriptions(" ".join(sorted(scopes))),
        "last": tokens.aggregate(Max("created"))["created__max"],
    }


@login_required
@require_POST
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """Take away every token that a program holds of the person who is signed in, and end its webhooks."""
    applications.withdraw(application=number, user=person(request))
    return redirect("grants")
