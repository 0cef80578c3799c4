"""Messages as today's rules want them: two parts, a way out by one click, signed, the same Message-ID each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.exceptions import ValidationError

from customers.models import Consent
from marketing import actions, sending
from marketing.mail.messages import bounce_address
from marketing.models import CampaignMember, Suppression, Template

if TYPE_CHECKING:
    from marketing.models import Campaign

pytestmark = pytest.mark.django_db(transaction=True)


def send_to(campaign: Campaign, recipient: Any, name: str = "Ada", **fields: Any) -> CampaignMember:
    """Send a campaign to one customer, and return the member."""
    recipient(name, **fields)
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    sending.send_turn(campaign.pk)
    return CampaignMember.objects.get(customer__name=name)


def path_of(url: str) -> str:
    return url.removeprefix("<").removesuffix(">").removeprefix("http://127.0.0.1:8000")


def test_a_message_has_two_parts_and_says_who_and_how_to_get_no_more(
    campaign: Campaign, recipient: Any, mail_server: Any
) -> None:
    member = send_to(campaign, recipient)
    message = mail_server.message()
    assert message["Subject"] == "News for Ada"
    assert message["From"] == "The Shop <news@shop.example>"
    assert message["Message-ID"] == member.message_id == f"<{member.pk.hex}@shop.example>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert path_of(message["List-Unsubscribe"]).startswith("/m/u/")
    assert message.get_content_type() == "multipart/alternative"
    text, html = (part.get_content().replace("\r\n", "\n") for part in message.iter_parts())
    assert text.startswith("Hello Ada\nSale (https://shop.example/sale?id=7)")
    assert "<p>Hello Ada</p>" in html


def test_one_click_unsubscribes_with_evidence(
    campaign: Campaign, recipient: Any, mail_server: Any, client: Any, purpose: Any
) -> None:
    member = send_to(campaign, recipient)
    path = path_of(mail_server.message()["List-Unsubscribe"])
    assert client.get(path).status_code == 200
    assert Consent.objects.filter(is_granted=False).count() == 0
    answer = client.post(path, {"List-Unsubscribe": "One-Click"}, headers={"User-Agent": "Mail/1"})
    assert answer.status_code == 200
    client.post(path, {"List-Unsubscribe": "One-Click"})
    consent = Consent.objects.get(is_granted=False)
    assert (consent.customer_id, consent.purpose, consent.source) == (member.customer_id, purpose, "unsubscribe")
    assert consent.evidence == "One-click unsubscribe (RFC 8058): Spring"
    assert list(Suppression.objects.values_list("address", "reason")) == [("ada@example.com", "unsubscribe")]
    member.refresh_from_db()
    assert member.state == "unsubscribed"


def test_a_link_to_unsubscribe_that_was_made_up_does_nothing(client: Any, campaign: Campaign) -> None:
    assert client.post("/m/u/abc:def").status_code == 404
    assert not Suppression.objects.exists()


def test_a_message_comes_back_to_an_address_of_its_own(
    campaign: Campaign, recipient: Any, mail_server: Any, settings: Any
) -> None:
    settings.MARKETING_BOUNCE_ADDRESS = "bounces@shop.example"
    member = send_to(campaign, recipient)
    assert mail_server.got[0][0] == bounce_address(member.pk)
    assert mail_server.message()["From"] == "The Shop <news@shop.example>"


def test_messages_are_signed_where_a_key_is_configured(
    campaign: Campaign, recipient: Any, mail_server: Any, settings: Any
) -> None:
    key = rsa.generate_private_key(65537, 2048)
    form = (serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    settings.DKIM_KEY = key.private_bytes(serialization.Encoding.PEM, *form).decode()
    settings.DKIM_DOMAIN, settings.DKIM_SELECTOR = "shop.example", "crm"
    send_to(campaign, recipient, given_name="Zoë")
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(serialization.Encoding.PEM, spki).decode()
    record = "v=DKIM1; k=rsa; p=" + "".join(public.splitlines()[1:-1])
    content = mail_server.got[0][2]
    assert dkim.verify(content, dnsfunc=lambda *_args, **_more: record.encode())
    assert not dkim.verify(content.replace(b"Sale", b"Fail"), dnsfunc=lambda *_args, **_more: record.encode())


def test_names_are_escaped_in_html_and_break_no_header(campaign: Campaign, recipient: Any, mail_server: Any) -> None:
    send_to(campaign, recipient, name="Ada", given_name="<b>Eve</b>")
    html = list(mail_server.message().iter_parts())[1].get_content()
    assert "<p>Hello &lt;b&gt;Eve&lt;/b&gt;</p>" in html


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("one\n{% if %}", "Line 2: "),
        ("one\ntwo {{ customer.password }}", "Line 2: there is no placeholder “customer.password”."),
        ("{{ customer.name | system }}", "Line 1: unknown filter 'system'"),
        ("{% include 'secrets' %}", "Line 1: unexpected tag 'include'"),
        ("{% for one in (1..99999) %}x{% endfor %}", "Line 1: loop iteration limit reached"),
    ],
)
def test_a_template_with_an_error_is_refused_with_the_line(source: str, wrong: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Template(name="A", html=source).clean()
    assert caught.value.message_dict["html"][0].startswith(wrong)
