"""Where the links in messages lead: to unsubscribe, to follow a link, and the picture that tells of opening."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings
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
from customers.preferences import holder_of, link_for, revoked_since
from marketing import actions
from marketing.mail import links
from marketing.models import Campaign, CampaignMember

if TYPE_CHECKING:
    from datetime import datetime

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
LAWFUL: Final = timedelta(days=30)  # in which each message lets one unsubscribe (CAN-SPAM, 15 U.S.C. 7704)
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
    sent = (
        CampaignMember.objects.filter(pk=member, claimed_at__isnull=False).values_list("customer", "claimed_at").first()
    )
    return sent is None or is_reader(*sent)


def is_reader(customer: UUID, sent_at: datetime) -> bool:
    """Tell whether whoever has a message may be the customer: not at once, nor when its links have ended."""
    age = timezone.now() - sent_at
    return age > AT_ONCE and not is_over(age, settings.UNSUBSCRIBE_LINK_DAYS) and not revoked_since(customer, sent_at)


def is_over(age: timedelta, days: int) -> bool:
    """Tell whether a link is older than its life in days, of which 0 is for ever."""
    return bool(days) and age > timedelta(days=days)


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
        said = links.unsubscribing(token)
    except (links.BadLink, ValueError):
        return unknown(request)
    found = Campaign.objects.select_related("purpose").filter(pk=said.campaign).first()
    recipient = actions.recipient_of(customer=said.customer)
    if found is None or recipient is None:
        return unknown(request)
    age = timezone.now() - (said.issued_at or found.created_at)
    is_standing = holder_of(said.customer, said.version) is not None
    if is_over(age, settings.UNSUBSCRIBE_LINK_DAYS):
        return expired(request)
    if not is_standing and age > LAWFUL:
        return unknown(request)
    # Whoever got a preview or a test is not the customer, and reaches nothing of theirs; nor does a revoked link.
    leads_on = said.member != links.NOBODY and is_standing and not is_over(age, settings.PREFERENCES_LINK_DAYS)
    with override(language_for(request, recipient)):
        preferences = link_for(recipient) if leads_on else ""
        if request.method != "POST":
            return asked(request, preferences)
        if said.member != links.NOBODY:
            proof = evidence(request, found)
            actions.unsubscribe(campaign=found, customer=recipient, member=said.member, evidence=proof)
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


def expired(request: HttpRequest) -> HttpResponse:
    """Say that the link was given out too long ago."""
    text = _("Please ask for a new one, or use the link in the latest message that you got from us.")
    return notice(request, 410, _("This link has expired"), text)


def notice(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """Say in a few words why there is nothing."""
    return kept_private(render(request, "customers/public/link.html", {"title": title, "text": text}, status=status))


urlpatterns = [
    path("m/c/<str:token>", click, name="campaign-click"),
    path("m/o/<str:token>", picture, name="campaign-open"),
    path("m/u/<str:token>", unsubscribe, name="campaign-unsubscribe"),
]
