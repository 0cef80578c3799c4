"""A former SECRET_KEY is dropped, and nothing is lost that was promised to last."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from django.core import checks
from django.core.management import CommandError, call_command
from django.core.signing import BadSignature
from django.http import HttpResponse
from django.utils import timezone

from crm import signing
from crm.checks import keys_of_links
from crm.models import Webhook
from crm.plus_addresses import PlusAddresses
from crm.resealing import is_outdated
from crm.secrets import seal
from crm.webhooks.actions import rotate_secret, subscribe
from crm.webhooks.rights import Caller
from crm.webhooks.signatures import valid_secrets
from customers import preferences
from customers.models import Customer
from marketing.mail.links import CLICK, OPEN, UNSUBSCRIBE
from sales.answers import Shown, shown_by
from sales.models import LeadForm
from service import links
from service.help_pages import COOKIE, SALT, reader_of
from service.models import Ticket
from tests.crm.test_health import beat
from tests.samples import make

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm.models import User

pytestmark = pytest.mark.django_db
NEW = "Zk7wR2pXc9LmV4tYq8NsJ1hGd6FbT3uEo5iAaKxPzQyWvMnCrB"


@pytest.fixture
def change_key(settings: Any) -> Callable[[], None]:
    """Do what docs/operations.md says, up to the day on which the old key is still known."""

    def change() -> None:
        settings.LINK_KEYS = [*settings.LINK_KEYS, settings.SECRET_KEY]
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [settings.SECRET_KEY]

    return change


@pytest.fixture
def drop_key(settings: Any, change_key: Callable[[], None]) -> Callable[[], None]:
    """Do all that it says."""

    def change() -> None:
        change_key()
        call_command("reseal_secrets", stdout=StringIO())
        settings.SECRET_KEY_FALLBACKS = []

    return change


def test_links_to_preferences_and_tickets_go_on(drop_key: Callable[[], None]) -> None:
    customer, ticket = make(Customer), make(Ticket)
    old = preferences.link_for(customer).rpartition("/")[2], links.link_for(ticket).strip("/").rpartition("/")[2]
    drop_key()
    assert preferences.customer_of(old[0]) == customer
    assert links.ticket_of(old[1]) == ticket


@pytest.mark.parametrize("kind", [UNSUBSCRIBE, CLICK, OPEN], ids=lambda kind: kind.name)
def test_links_in_campaigns_go_on(drop_key: Callable[[], None], kind: Any) -> None:
    token = kind.url("a", "b").strip("/").rpartition("/")[2]
    drop_key()
    assert kind.read(token) == ["a", "b"]


@pytest.mark.parametrize("salt", ["marketing.bounces", "service.addresses"])
def test_addresses_that_are_out_go_on(drop_key: Callable[[], None], salt: str) -> None:
    key = uuid4()
    address = PlusAddresses(salt).address("support@shop.example", key)
    drop_key()
    assert PlusAddresses(salt).key_in(address) == key


def test_a_form_pasted_into_a_web_site_goes_on(drop_key: Callable[[], None]) -> None:
    form = make(LeadForm)
    token = Shown(form.pk.hex, "I agree.", "").token()
    drop_key()
    shown = shown_by(form, token)
    assert shown is not None
    assert shown.wording == "I agree."


def test_a_reader_of_the_help_votes_once_though_the_key_changed(drop_key: Callable[[], None], rf: Any) -> None:
    reader, answer = UUID(int=7), HttpResponse()
    answer.set_signed_cookie(COOKIE, reader.hex, salt=SALT)  # as former versions did
    drop_key()
    request = rf.get("/help")
    request.COOKIES[COOKIE] = answer.cookies[COOKIE].value
    assert reader_of(request) == reader


def test_webhooks_keep_their_secrets(drop_key: Callable[[], None], integration: User) -> None:
    webhook, first = subscribe(caller=Caller(integration, frozenset({"customers:read"})), url="https://shop.example/in")
    second = rotate_secret(webhook=webhook, by=integration)
    drop_key()
    assert valid_secrets(Webhook.objects.get()) == [second, first]
    assert not is_outdated()


def test_an_answer_is_replayed_after_the_key_was_dropped(
    drop_key: Callable[[], None], integration: User, api_client: Any
) -> None:
    client = api_client(integration, "customers:read", "customers:write")
    given = {
        "path": "/api/v1/customers",
        "data": {"kind": "person", "name": "Ada"},
        "headers": {"Idempotency-Key": "1"},
    }
    first = client.post(**given)
    drop_key()
    again = client.post(**given)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"


def test_what_is_still_sealed_with_a_former_key_is_told(
    change_key: Callable[[], None], client: Any, integration: User
) -> None:
    subscribe(caller=Caller(integration, frozenset({"customers:read"})), url="https://shop.example/in")
    assert "secrets" not in client.get("/readyz").json()
    change_key()
    beat(0)
    told = client.get("/readyz").json()
    assert (told["secrets"], told["status"]) == ("sealed with a former key", "warning")
    found = checks.run_checks(databases=["default"], tags=[checks.Tags.database])
    assert "crm.W011" in [one.id for one in found]
    call_command("reseal_secrets", stdout=StringIO())
    assert "secrets" not in client.get("/readyz").json()


def test_what_no_key_reads_is_told_and_left_alone(integration: User, settings: Any) -> None:
    webhook, _secret = subscribe(
        caller=Caller(integration, frozenset({"customers:read"})), url="https://shop.example/in"
    )
    before = bytes(Webhook.objects.get().secret)
    settings.SECRET_KEY = NEW
    other, secret = subscribe(caller=Caller(integration, frozenset({"customers:read"})), url="https://shop.example/in")
    with pytest.raises(CommandError, match="1 cannot be read with any known key"):
        call_command("reseal_secrets", stdout=StringIO())
    assert bytes(Webhook.objects.get(pk=webhook.pk).secret) == before
    assert valid_secrets(other) == [secret]


def test_a_secret_that_changed_meanwhile_is_not_overwritten(change_key: Callable[[], None], integration: User) -> None:
    webhook, _secret = subscribe(
        caller=Caller(integration, frozenset({"customers:read"})), url="https://shop.example/in"
    )
    change_key()
    Webhook.objects.update(previous_secret=seal(b"old"), previous_until=timezone.now())
    output = StringIO()
    call_command("reseal_secrets", stdout=output)
    assert output.getvalue() == "sealed again: 1\n"
    assert webhook.pk == Webhook.objects.get().pk


def test_one_is_warned_while_links_would_be_lost(change_key: Callable[[], None], settings: Any) -> None:
    assert keys_of_links(None) == []
    change_key()
    assert keys_of_links(None) == []
    settings.LINK_KEYS = []
    assert [one.id for one in keys_of_links(None)] == ["crm.W010"]


def test_a_link_key_that_is_dropped_ends_what_was_signed_with_it(settings: Any) -> None:
    settings.LINK_KEYS = [NEW]
    token = signing.dumps("said", salt="one")
    settings.LINK_KEYS = [NEW[::-1], NEW]
    assert signing.loads(token, salt="one") == "said"
    settings.LINK_KEYS = [NEW[::-1]]
    with pytest.raises(BadSignature):
        signing.loads(token, salt="one")
