"""Where the links in messages lead: to unsubscribe, to follow a link, and the picture that tells of opening."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from crm.auth.addresses import client_address
from customers.pages import LONGEST_AGENT, kept_private, language_for
from customers.preferences import link_for
from marketing import actions
from marketing.mail import links
from marketing.models import Campaign, CampaignMember

if TYPE_CHECKING:
    from django.http import HttpRequest

    from customers.actions import Evidence

PIXEL: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
# Programs that look at messages before people do, or copy pictures; none of them is a reader.
MACHINES: Final = (
    *("bot", "crawl", "spider", "slurp", "scan", "preview", "monitor", "curl", "wget", "python", "java/", "go-http"),
    *(
        "headless",
        "phantom",
        "barracuda",
        "proofpoint",
        "mimecast",
        "safelinks",
        "urldefense",
        "symantec",
        "messagelabs",
    ),
    *("fireeye", "sophos", "trendmicro", "forcepoint", "cloudmark", "validator", "facebookexternalhit"),
)
AT_ONCE: Final = timedelta(seconds=2)  # no person reads a message so soon


def agent_of(request: HttpRequest) -> str:
    """Return the name of the program that asks."""
    return "".join(filter(str.isprintable, request.headers.get("User-Agent", "")))[:LONGEST_AGENT]


def is_person(request: HttpRequest, member: UUID) -> bool:
    """Tell whether a person asks, as far as can be told, who has not asked by their browser not to be tracked."""
    agent = agent_of(request).lower()
    if request.method != "GET" or not agent or any(name in agent for name in MACHINES):
        return False
    if "1" in {request.headers.get("Sec-GPC"), request.headers.get("DNT")}:
        return False
    if "prefetch" in f"{request.headers.get('Purpose', '')} {request.headers.get('Sec-Purpose', '')}":
        return False
    recent = timezone.now() - AT_ONCE
    return not CampaignMember.objects.filter(pk=member, claimed_at__gt=recent).exists()


@require_safe
def click(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to where a link leads that was made here, and note it; lead nowhere else."""
    try:
        member, url = links.CLICK.read(token)
    except (links.BadLink, ValueError):
        return unknown(request)
    if is_person(request, UUID(member)):
        actions.note_click(member=UUID(member), url=url)
    return kept_private(HttpResponseRedirect(url))


@require_safe
def picture(request: HttpRequest, token: str) -> HttpResponse:
    """Answer a picture of one dot, and note that the message was opened."""
    try:
        (member,) = links.OPEN.read(token)
    except (links.BadLink, ValueError):
        return unknown(request)
    if is_person(request, UUID(member)):
        actions.note_outcome(member=UUID(member), state=CampaignMember.State.OPENED)
    return kept_private(HttpResponse(PIXEL, content_type="image/gif"))


# A program of mail sends this POST (RFC 8058), in which there is no token against forgery; the link itself is signed.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether the customer wants no more, for programs follow links too; a POST unsubscribes.

    No limit of requests: a large provider unsubscribes many people from few addresses.
    """
    try:
        member, customer, campaign = map(UUID, links.UNSUBSCRIBE.read(token))
    except (links.BadLink, ValueError):
        return unknown(request)
    found = Campaign.objects.select_related("purpose").filter(pk=campaign).first()
    recipient = actions.recipient_of(customer=customer)
    if found is None or recipient is None:
        return unknown(request)
    with override(language_for(request, recipient)):
        # Whoever got a preview or a test is not the customer, and reaches nothing of theirs.
        preferences = link_for(recipient) if member != links.NOBODY else ""
        if request.method != "POST":
            return asked(request, preferences)
        if member != links.NOBODY:
            said = evidence(request, found)
            actions.unsubscribe(campaign=found, customer=recipient, member=member, evidence=said)
        return asked(request, preferences, is_done=True)


def evidence(request: HttpRequest, campaign: Campaign) -> Evidence:
    """Return what proves that somebody unsubscribed."""
    is_one_click = request.POST.get("List-Unsubscribe") == "One-Click"
    how = _("One-click unsubscribe (RFC 8058)") if is_one_click else _("Page to unsubscribe")
    return {
        "evidence": f"{how}: {campaign}",
        "ip_address": client_address(request),
        "user_agent": agent_of(request),
    }


def asked(request: HttpRequest, preferences: str, *, is_done: bool = False) -> HttpResponse:
    """Show the page on which a customer unsubscribes, or that it is done."""
    known = {"is_done": is_done, "preferences": preferences}
    return kept_private(render(request, "marketing/public/unsubscribe.html", known))


def unknown(request: HttpRequest) -> HttpResponse:
    """Say that the link was not made here."""
    text = _("Please check that you have the whole address, or use the link in the latest message from us.")
    return notice(request, 404, _("This link does not work"), text)


def notice(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """Say in a few words why there is nothing."""
    return kept_private(render(request, "customers/public/link.html", {"title": title, "text": text}, status=status))


urlpatterns = [
    path("m/c/<str:token>", click, name="campaign-click"),
    path("m/o/<str:token>", picture, name="campaign-open"),
    path("m/u/<str:token>", unsubscribe, name="campaign-unsubscribe"),
]
