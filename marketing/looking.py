"""Looking at a campaign before it is sent: a preview, a test, and what is wrong with the message."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from django.core.mail import mailers
from django.utils.translation import gettext as _

from marketing.mail import links
from marketing.mail.messages import compose, sender, subject_of
from marketing.placeholders import Unrenderable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from customers.models import Customer
    from marketing.mail.messages import Message
    from marketing.models import Campaign, Template

LONG_SUBJECT: Final = 70  # characters that programs of mail show
LARGE: Final = 100_000  # bytes from which on Gmail cuts a message off
FREE_MAIL: Final = {"gmail.com", "yahoo.com", "outlook.com", "hotmail.com", "qq.com", "163.com", "gmx.de", "aol.com"}


class CannotShow(Exception):
    """There is no message to show; says why."""


@dataclass(frozen=True)
class Finding:
    """Something to look at before sending."""

    code: str
    detail: str
    is_error: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return it as clients see it."""
        return asdict(self)


def message_for(campaign: Campaign, customer: Customer) -> Message:
    """Return the message that a customer would get, whose links note nothing; raise CannotShow."""
    if campaign.template is None:
        raise CannotShow(_("The campaign has no template."))
    try:
        return compose(campaign, customer)
    except Unrenderable as error:
        raise CannotShow(str(error)) from error


def preview(*, campaign: Campaign, customer: Customer) -> dict[str, str]:
    """Return a message as one customer would get it."""
    made = message_for(campaign, customer)
    html = next((str(content) for content, _kind in made.alternatives), "")
    return {"subject": str(made.subject), "html": html, "text": str(made.body)}


def send_test(*, campaign: Campaign, customer: Customer, to: str) -> None:
    """Send the message for one customer to another address; raise CannotShow."""
    made = message_for(campaign, customer)
    made.to, made.subject = [to], f"[{_('Test')}] {made.subject}"
    try:
        mailers.default.send_messages([made])
    except OSError as error:
        raise CannotShow(str(error)) from error


def findings(*, campaign: Campaign) -> list[Finding]:
    """Return what to look at before sending, errors first."""
    if campaign.template is None:
        return [Finding("no_template", _("The campaign has no template."), is_error=True)]
    template = campaign.template
    found = [
        *of_links(template),
        *of_parts(template),
        *(one for variant in ("a", "b") for one in of_subject(subject_of(campaign, variant))),
        *of_sender(campaign),
    ]
    return sorted(dict.fromkeys(found), key=lambda one: not one.is_error)


def of_links(template: Template) -> Iterator[Finding]:
    """Yield what is wrong with the links."""
    found = links.links_in(template.html)
    for url in found:
        if "{{" in url or url.startswith(("#", "mailto:", "tel:")):
            continue
        if not links.is_web(url):
            yield Finding("relative_link", _("This link leads nowhere in a message: %s") % url, is_error=True)
        elif not url.lower().startswith("https://"):
            yield Finding("insecure_link", _("This link is not secure (https): %s") % url)
    if "unsubscribe_url" not in template.html + template.text:
        text = _("The template has no link to unsubscribe ({{ unsubscribe_url }}); one is added at the end.")
        yield Finding("no_unsubscribe_link", text)


def of_parts(template: Template) -> Iterator[Finding]:
    """Yield what is wrong with the parts of a message."""
    if not (template.html or template.text):
        yield Finding("empty", _("The template is empty."), is_error=True)
    elif not template.text:
        yield Finding("no_text", _("There is no plain text; it is made of the HTML."))
    if len(template.html.encode()) > LARGE:
        yield Finding("large", _("The message is large; programs of mail cut it off."))
    if "<script" in template.html.lower():
        yield Finding("script", _("Programs of mail do not run scripts, and filters mind them."), is_error=True)
    if "<img" in template.html.lower() and "alt=" not in template.html.lower():
        yield Finding("no_alt", _("Pictures have no text in their place (alt)."))


def of_subject(subject: str) -> Iterator[Finding]:
    """Yield what is wrong with a subject."""
    letters = [sign for sign in subject if sign.isalpha()]
    if not subject.strip():
        yield Finding("no_subject", _("There is no subject."), is_error=True)
    if len(letters) > 3 and subject.isupper():  # noqa: PLR2004 -- a shorter one may be a name
        yield Finding("capitals", _("The subject is all capitals."))
    if len(subject) > LONG_SUBJECT:
        yield Finding("long_subject", _("The subject is long; programs of mail show about 70 characters."))
    if "!!" in subject:
        yield Finding("exclamation", _("The subject has several exclamation marks."))


def of_sender(campaign: Campaign) -> Iterator[Finding]:
    """Yield what is wrong with the sender."""
    if sender(campaign).rpartition("@")[2].lower() in FREE_MAIL:
        yield Finding("free_mail", _("Mail from an address of a free provider is refused by many servers."))
    if not campaign.from_name:
        yield Finding("no_sender_name", _("The sender has no name."))
