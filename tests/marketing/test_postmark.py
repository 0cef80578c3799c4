"""A provider by its API, played on this machine: messages leave by it, and its webhooks feed the suppression list."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import include, path

from crm.urls import urlpatterns as known
from marketing import actions, sending
from marketing.mail import providers
from marketing.models import CampaignMember, Suppression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from marketing.models import Campaign

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]
urlpatterns = [path("anymail/", include("anymail.urls")), *known]
SECRET = "provider:very-secret"
WEBHOOK = "/anymail/postmark/tracking/"
AT = "2026-01-01T10:00:00Z"
INACTIVE = "Found inactive addresses: {}. Inactive recipients are ones that have generated a hard bounce."
DELIVERED = {"RecordType": "Delivery", "DeliveredAt": AT}
BOUNCED = {
    "RecordType": "Bounce",
    "Type": "HardBounce",
    "TypeCode": 1,
    "ID": 7,
    "BouncedAt": AT,
    "Description": "The server was unable to deliver",
    "Details": "550 No such user",
    "Inactive": True,
}
COMPLAINED = {**BOUNCED, "RecordType": "SpamComplaint", "Type": "SpamComplaint", "TypeCode": 512}


class Provider(BaseHTTPRequestHandler):
    """Takes messages as Postmark does, and refuses those to one address."""

    got: list[dict[str, Any]]

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.got.append({**asked, "token": self.headers["X-Postmark-Server-Token"]})
        known = {"To": asked["To"], "SubmittedAt": AT, "MessageID": f"id-{len(self.got)}"}
        is_refused = "refused" in asked["To"]
        said = {"ErrorCode": 406 if is_refused else 0, "Message": INACTIVE.format(asked["To"]) if is_refused else "OK"}
        content = json.dumps(said if is_refused else {**known, **said}).encode()
        self.send_response(422 if is_refused else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def provider(settings: Any) -> Iterator[list[dict[str, Any]]]:
    """Run the provider, let Django send by it, and hear its webhooks; return what it got."""
    from anymail.signals import tracking

    got: list[dict[str, Any]] = []
    handler = type("Handler", (Provider,), {"got": got})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.MAILERS = {"default": {"BACKEND": "anymail.backends.postmark.EmailBackend"}}
    address = f"http://127.0.0.1:{server.server_port}/"
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "token", "POSTMARK_API_URL": address, "WEBHOOK_SECRET": SECRET}
    providers.listen()
    yield got
    tracking.disconnect(dispatch_uid="marketing.providers")
    server.shutdown()
    server.server_close()


@pytest.fixture
def member(campaign: Campaign, recipient: Any, provider: Any) -> CampaignMember:
    """Return who got the campaign by the provider."""
    recipient("Ada")
    campaign.from_name = "商店 & Co."
    campaign.save()
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    sending.send_turn(campaign.pk)
    found: CampaignMember = CampaignMember.objects.get()
    return found


def tell(client: Any, member: CampaignMember, event: dict[str, Any], secret: str = SECRET) -> int:
    """Post what became of a message as the provider does."""
    told = {**event, "MessageID": "id-1", "Recipient": "ada@example.com", "Email": "ada@example.com"}
    body = {**told, "Metadata": {"member": member.pk.hex}}
    known = {"authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}
    answer = client.post(WEBHOOK, body, content_type="application/json", headers=known)
    member.refresh_from_db()
    return int(answer.status_code)


def test_a_message_leaves_by_the_provider(member: CampaignMember, provider: list[dict[str, Any]]) -> None:
    (one,) = provider
    assert member.state == "sent"
    assert (one["From"], one["To"], one["token"]) == ('"商店 & Co." <news@shop.example>', "ada@example.com", "token")
    assert one["Metadata"] == {"member": member.pk.hex}
    headers = {pair["Name"]: pair["Value"] for pair in one["Headers"]}
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Message-ID"] == member.message_id


def test_an_address_that_the_provider_refuses_is_no_message(campaign: Campaign, recipient: Any, provider: Any) -> None:
    recipient("Refused")
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    sending.send_turn(campaign.pk)
    member = CampaignMember.objects.get()
    assert (member.state, member.reason, member.sent_at) == ("skipped", "refused", None)


@pytest.mark.parametrize(
    ("event", "state", "reasons"),
    [(DELIVERED, "delivered", []), (BOUNCED, "bounced", ["bounce"]), (COMPLAINED, "complained", ["complaint"])],
)
def test_what_the_provider_posts_is_noted(
    client: Any, member: CampaignMember, event: dict[str, Any], state: str, reasons: list[str]
) -> None:
    assert tell(client, member, event) == 200
    assert member.state == state
    found = Suppression.objects.values_list("address", "reason")
    assert list(found) == [("ada@example.com", reason) for reason in reasons]


def test_what_the_database_cannot_keep_is_noted_without_it(client: Any, member: CampaignMember) -> None:
    assert tell(client, member, {**BOUNCED, "Description": "No\x00such", "Details": "No\x00such"}) == 200
    assert (member.state, member.detail) == ("bounced", "No\ufffdsuch")
    assert Suppression.objects.get().address == "ada@example.com"


def test_who_does_not_know_the_secret_tells_nothing(client: Any, member: CampaignMember) -> None:
    assert tell(client, member, BOUNCED, secret="provider:guessed") == 400
    assert (member.state, Suppression.objects.count()) == ("sent", 0)
