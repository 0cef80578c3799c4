"""The message of a campaign to one customer."""

from __future__ import annotations

import email.policy
import re
from email.headerregistry import Address
from email.utils import parseaddr
from html import escape, unescape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import nh3
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils.translation import gettext, override

from crm.plus_addresses import PlusAddresses
from customers.languages import language_of
from customers.preferences import link_for
from marketing.mail import dkim, links
from marketing.placeholders import fill

if TYPE_CHECKING:
    from email.message import EmailMessage
    from uuid import UUID

    from customers.models import Customer
    from marketing.models import Campaign, Template

INVISIBLE: Final = {"style", "script", "title"}
LINES: Final = {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "tr"}
LEFT: Final[dict[str, Any]] = {"tags": {"a", "br", "td", "th", *LINES}, "attributes": {"*": set(), "a": {"href"}}}
# As nh3 writes them: without other attributes, and each ended.
BREAK: Final = re.compile(rf"<br>|</(?:{'|'.join(LINES)})>")
CELL: Final = re.compile(r"</t[dh]>")
OTHERS: Final = re.compile(rf"<(?:{'|'.join(LINES)}|t[dh]|/?a)>")
ANCHOR: Final = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)
HIDDEN: Final = '<div style="display:none;max-height:0;overflow:hidden">{}</div>'
FOOTER: Final = '<p style="font-size:12px;color:#666"><a href="{}" style="color:#666">{}</a></p>'
BOUNCES: Final = PlusAddresses("marketing.bounces")
BODY: Final = re.compile(r"<body\b[^>]*>", re.IGNORECASE)


class Message(EmailMultiAlternatives):
    """A message that is signed as it leaves, where a key is configured.

    `metadata` is what a provider gives back when it tells what became of the message (django-anymail).
    """

    metadata: dict[str, str]

    def message(self, *, policy: Any = email.policy.default) -> EmailMessage:
        """Return the message as it leaves."""
        made: Any = super().message(policy=policy)
        if dkim.is_configured():
            whole = made.as_bytes(policy=email.policy.SMTP)
            made["DKIM-Signature"] = dkim.signature(whole)
        return made  # type: ignore[no-any-return]


def placeholders(campaign: Campaign, customer: Customer, member: UUID) -> dict[str, Any]:
    """Return what the placeholders of a message to a customer stand for."""
    organization = customer.organization
    unsubscribe = links.unsubscribe_url(campaign, customer, member)
    return {
        "customer": {
            "name": customer.name,
            "first_name": customer.given_name,
            "last_name": customer.family_name,
            "email": customer.email,
            "company": organization.name if organization is not None else "",
            "job_title": customer.job_title,
            "language": customer.language,
            "country": customer.country,
        },
        "campaign": {"name": campaign.name},
        "sender": {"name": campaign.from_name, "email": sender(campaign)},
        "unsubscribe_url": unsubscribe,
        # By this link one says what the customer agrees to: it is in no preview, and in no test.
        "preferences_url": link_for(customer) if member != links.NOBODY else unsubscribe,
    }


def sender(campaign: Campaign) -> str:
    """Return the address that a campaign is sent from."""
    return campaign.from_address or settings.DEFAULT_FROM_EMAIL


def named_sender(campaign: Campaign) -> str:
    """Return who a message is from: the address, with a name where there is one."""
    address = sender(campaign)
    name = " ".join(campaign.from_name.split())  # no line of it becomes a header
    return str(Address(name, addr_spec=parseaddr(address)[1])) if name else address


def message_id(campaign: Campaign, member: UUID) -> str:
    """Return the Message-ID of a member's message: always the same, so that a second copy is known as such."""
    domain = sender(campaign).rpartition("@")[2] or urlsplit(settings.BASE_URL).hostname
    return f"<{member.hex}@{domain}>"


def bounce_address(member: UUID) -> str:
    """Return the address to which a message comes back, which names the member; empty where none is configured."""
    return BOUNCES.address(settings.MARKETING_BOUNCE_ADDRESS, member)


def subject_of(campaign: Campaign, variant: str) -> str:
    """Return the subject, with its placeholders, of one of the two kinds of messages."""
    template = the_template(campaign)
    return campaign.subject_b if variant == "b" and campaign.subject_b else template.subject


def the_template(campaign: Campaign) -> Template:
    """Return the template of a campaign that has one."""
    if campaign.template is None:
        text = "The campaign has no template."
        raise ValueError(text)
    return campaign.template


def compose(
    campaign: Campaign, customer: Customer, *, member: UUID = links.NOBODY, variant: str = "", tracks: bool = False
) -> Message:
    """Return the message to a customer; raise Unrenderable where the template cannot be filled in."""
    template = the_template(campaign)
    values = placeholders(campaign, customer, member)
    with override(language_of(customer) or settings.LANGUAGE_CODE):
        html = html_part(template, values)
    text = fill(template.text, values) if template.text else plain(html)
    if values["unsubscribe_url"] not in text:
        text = f"{text.rstrip()}\n\n{unsubscribe_words(customer)}: {values['unsubscribe_url']}\n"
    if html:
        html = links.with_links(html, lambda url: links.with_utm(url, campaign))
        html = links.tracked(html, member) if tracks and campaign.tracks_clicks else html
        html = links.with_pixel(html, member) if tracks and campaign.tracks_opens else html
    made = Message(
        subject=" ".join(fill(subject_of(campaign, variant), values).split()),
        body=text,
        from_email=bounce_address(member) or named_sender(campaign),
        to=[customer.email],
        headers=headers(campaign, member, values["unsubscribe_url"]),
        reply_to=[campaign.reply_to] if campaign.reply_to else None,
    )
    if html:
        made.attach_alternative(html, "text/html")
    made.metadata = {"member": member.hex}
    return made


def headers(campaign: Campaign, member: UUID, unsubscribe: str) -> dict[str, str]:
    """Return the headers of a message: whose it is, and how to get no more by one click (RFC 8058)."""
    # Beside a bounce address, which is the sender on the envelope; providers take any other header for one, too.
    said = {"From": named_sender(campaign)} if bounce_address(member) else {}
    return {
        **said,
        "Message-ID": message_id(campaign, member),
        "List-Unsubscribe": f"<{unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "bulk",
    }


def html_part(template: Template, values: dict[str, Any]) -> str:
    """Return the HTML of a message, with a way to unsubscribe even where the template forgot it; empty for none."""
    if not template.html:
        return ""
    html = fill(template.html, values, is_html=True)
    if template.preheader:
        hidden = HIDDEN.format(escape(fill(template.preheader, values)))
        found = BODY.search(html)
        html = html[: found.end()] + hidden + html[found.end() :] if found else hidden + html
    if values["unsubscribe_url"] not in links.links_in(html):
        html = links.at_end(html, FOOTER.format(escape(values["unsubscribe_url"]), gettext("Unsubscribe")))
    return html


def unsubscribe_words(customer: Customer) -> str:
    """Return what the link to unsubscribe is called, in the customer's language."""
    with override(language_of(customer) or settings.LANGUAGE_CODE):
        return gettext("Unsubscribe")


def plain(html: str) -> str:
    """Return HTML as plain text, its links beside their words."""
    well_formed = nh3.clean(html, link_rel=None, clean_content_tags=INVISIBLE, **LEFT)
    text = ANCHOR.sub(r"\2 (\1)", CELL.sub(" ", BREAK.sub("\n", well_formed)))
    lines = unescape(OTHERS.sub("", text)).splitlines()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(" ".join(line.split()) for line in lines)).strip()
