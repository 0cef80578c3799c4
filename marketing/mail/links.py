"""Links in messages: signed, so that nobody can make one up, nor turn one of ours into a way to elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape, unescape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature
from django.urls import reverse
from django.utils import timezone

from crm import signing

if TYPE_CHECKING:
    from collections.abc import Callable

    from customers.models import Customer
    from marketing.models import Campaign

LINK: Final = re.compile(r"""(<a\b[^<>]*?\bhref\s*=\s*)(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
BODY_END: Final = re.compile(r"</body\s*>", re.IGNORECASE)
WEB: Final = ("http", "https")
NOBODY: Final = UUID(int=0)  # whose links are in a preview, and do nothing
UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")


class BadLink(Exception):
    """The link was not made here."""


@dataclass(frozen=True)
class Signed:
    """A kind of link: what it says is signed for this kind alone."""

    name: str

    def url(self, *said: Any) -> str:
        """Return a link that says this."""
        token = signing.untimed_signer(f"marketing.{self.name}").sign_object(list(said), compress=True)
        return f"{settings.BASE_URL}{reverse(f'campaign-{self.name}', args=(token,))}"

    def read(self, token: str) -> list[Any]:
        """Return what a link says; raise BadLink where it was not made here."""
        try:
            return list(signing.untimed_signer(f"marketing.{self.name}").unsign_object(token))
        except (BadSignature, ValueError) as error:
            raise BadLink from error


UNSUBSCRIBE: Final = Signed("unsubscribe")
CLICK: Final = Signed("click")
OPEN: Final = Signed("open")


@dataclass(frozen=True)
class Unsubscribing:
    """What a link to unsubscribe says; of one that was given out before they said so it is not known when that was."""

    member: UUID
    customer: UUID
    campaign: UUID
    version: int = 1
    issued_at: datetime | None = None


def unsubscribe_url(campaign: Campaign, customer: Customer, member: UUID) -> str:
    """Return the link by which a customer gets no more; it works also once two customers have become one."""
    now = int(timezone.now().timestamp())
    return UNSUBSCRIBE.url(member.hex, customer.pk.hex, campaign.pk.hex, customer.preferences_version, now)


def unsubscribing(token: str) -> Unsubscribing:
    """Return what a link to unsubscribe says; raise BadLink where it was not made here."""
    member, customer, campaign, *more = UNSUBSCRIBE.read(token)
    said = Unsubscribing(UUID(member), UUID(customer), UUID(campaign))
    return replace(said, version=more[0], issued_at=datetime.fromtimestamp(more[1], UTC)) if more else said


def is_web(url: str) -> bool:
    """Tell whether an address is one of the web."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme.lower() in WEB and bool(parts.netloc)


def links_in(html: str) -> list[str]:
    """Return where the links of a message lead, each once, in order."""
    found = [unescape(one[2] or one[3] or "").strip() for one in LINK.finditer(html)]
    return list(dict.fromkeys(found))


def with_links(html: str, change: Callable[[str], str]) -> str:
    """Return a message whose links lead where `change` says."""

    def changed(found: re.Match[str]) -> str:
        target = unescape(found[2] or found[3] or "").strip()
        return f'{found[1]}"{escape(change(target))}"'

    return LINK.sub(changed, html)


def is_ours(url: str) -> bool:
    """Tell whether a link leads to the CRM itself, such as to unsubscribe."""
    return url.startswith(f"{settings.BASE_URL}/")


def with_utm(url: str, campaign: Campaign) -> str:
    """Return a link with the campaign's parameters, but for those that it has already."""
    if not is_web(url) or is_ours(url):
        return url
    parts = urlsplit(url)
    known = dict(parse_qsl(parts.query, keep_blank_values=True))
    added = {name: getattr(campaign, name) for name in UTM if getattr(campaign, name) and name not in known}
    query = "&".join(filter(None, (parts.query, urlencode(added))))
    return urlunsplit(parts._replace(query=query))


def tracked(html: str, member: UUID) -> str:
    """Return a message whose links lead through the CRM, which notes the click."""
    return with_links(html, lambda url: CLICK.url(member.hex, url) if is_web(url) and not is_ours(url) else url)


def with_pixel(html: str, member: UUID) -> str:
    """Return a message with a picture of one dot, by which opening is noticed."""
    picture = f'<img src="{escape(OPEN.url(member.hex))}" width="1" height="1" alt="">'
    return at_end(html, picture)


def at_end(html: str, more: str) -> str:
    """Return a message with something more at its end."""
    return BODY_END.sub(lambda end: more + end[0], html, count=1) if BODY_END.search(html) else html + more
