"""Whose a webhook is, and who says what it hears of and where that goes."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps

from crm.auth.sessions import own_application
from crm.models import Application, User, Webhook
from crm.webhooks.rights import Caller
from customers.models import Customer
from tests.samples import make
from tests.staff import page, signed_in
from tests.webhooks.conftest import WEBHOOKS, made, work
from tests.webhooks.programs import SCOPES, let_in, program

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.webhooks.receiver import Receiver

MERGE_PATCH = "application/merge-patch+json"


def patched(client: Any, address: str, **said: Any) -> Any:
    return client.patch(address, said, content_type=MERGE_PATCH)


# ── Whose it is ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_webhook_says_which_application_made_it(mirror: Application, seller: User, api_client: Any) -> None:
    address, _secret = made(let_in(mirror, seller, *SCOPES), "http://127.0.0.1/")
    seen = api_client(seller, "webhooks:manage").get(address).json()
    assert (seen["application"], seen["user"]) == (mirror.client_id, str(seller.pk))


def test_another_application_of_the_same_person_does_not_see_it(mirror: Application, seller: User) -> None:
    address, _secret = made(let_in(mirror, seller, *SCOPES), "http://127.0.0.1/")
    other = let_in(program("Other"), seller, *SCOPES)
    span = {"start": "2026-01-01T00:00Z", "end": "2026-01-02T00:00Z"}
    assert other.get(WEBHOOKS).json()["results"] == []
    answers = [other.get(address), other.get(f"{address}/deliveries"), other.delete(address)]
    answers += [patched(other, address, description="Mine")]
    answers += [
        other.post(f"{address}/{verb}", span) for verb in ("pause", "resume", "test", "rotate-secret", "replay")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert Webhook.objects.get().description == ""


@pytest.mark.parametrize("asking", ["the person's own sign-in", "an administrator", "another person"])
def test_who_only_sees_it_changes_neither_target_nor_secret(
    mirror: Application, seller: User, api_client: Any, make_user: Any, asking: str
) -> None:
    address, secret = made(let_in(mirror, seller, *SCOPES), "http://127.0.0.1/")
    clients: dict[str, Callable[[], Any]] = {
        "the person's own sign-in": lambda: api_client(seller, *SCOPES),
        "an administrator": lambda: api_client(make_user("Administrator"), *SCOPES),
        "another person": lambda: let_in(mirror, make_user("Administrator"), *SCOPES),
    }
    client, before = clients[asking](), Webhook.objects.values().get()
    assert client.get(address).status_code == 200
    assert patched(client, address, url="http://127.0.0.1/else", secret=secret).status_code == 403
    assert patched(client, address, resources=["customers"]).status_code == 403
    assert client.post(f"{address}/rotate-secret").status_code == 403
    assert Webhook.objects.values().get() == before


def test_what_was_made_on_the_screens_is_the_persons_own(mirror: Application, api_client: Any, make_user: Any) -> None:
    person = make_user("Administrator", is_staff=True)
    form = {"url": "http://127.0.0.1/", "description": "", "resources": [], "actions": []}
    signed_in(person).post(page(Webhook, "add"), form)
    address = f"{WEBHOOKS}/{Webhook.objects.get().pk}"
    assert let_in(mirror, person, *SCOPES).get(address).status_code == 404
    own = api_client(person, *SCOPES)
    assert (own.get(address).json()["application"], patched(own, address, description="X").status_code) == (None, 200)


def test_whose_a_webhook_is(mirror: Application, seller: User, make_user: Any) -> None:
    other = make_user("Administrator")
    callers = {
        "on the screens": Caller(seller),
        "through the program": Caller(seller, application=mirror),
        "signed in to the API": Caller(seller, application=own_application()),
        "another, on the screens": Caller(other),
        "another, through the program": Caller(other, application=mirror),
    }
    fields = {"user": seller, "url": "http://127.0.0.1/", "secret": b"secret"}
    programs, own = make(Webhook, **fields, application=mirror), make(Webhook, **fields)
    assert [name for name, one in callers.items() if one.owns(programs)] == ["on the screens", "through the program"]
    assert [name for name, one in callers.items() if one.owns(own)] == ["on the screens", "signed in to the API"]


# ── Scopes ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("name", ["leads", "customers", "tickets"])
def test_who_may_not_read_a_list_does_not_subscribe_to_it(seller: User, api_client: Any, name: str) -> None:
    client = api_client(seller, "webhooks:manage", "tasks:read")
    answer = client.post(WEBHOOKS, {"url": "http://127.0.0.1/", "resources": ["tasks", name]})
    assert (answer.status_code, "insufficient_scope" in answer.headers["WWW-Authenticate"]) == (403, True)
    assert not Webhook.objects.exists()


def test_managing_webhooks_alone_reads_nothing(integration: User, api_client: Any, receiver: Any) -> None:
    client = api_client(integration, "webhooks:manage")
    address, _secret = made(client, receiver.url)
    make(Customer)
    work()
    assert (receiver.got, client.get(f"{address}/deliveries").json()["results"]) == ([], [])
    client.post(f"{address}/test")
    work()
    assert [row["event"] for row in client.get(f"{address}/deliveries").json()["results"]] == ["webhook.test"]


@pytest.mark.parametrize("said", [{"url": "http://127.0.0.1/else"}, {"resources": []}, {"resources": ["leads"]}])
def test_a_poorer_token_turns_no_webhook_to_itself(integration: User, api_client: Any, said: dict[str, Any]) -> None:
    address, secret = made(api_client(integration, *SCOPES), "http://127.0.0.1/", resources=["customers"])
    poorer = api_client(integration, "webhooks:manage")
    before = Webhook.objects.values().get()
    assert patched(poorer, address, secret=secret, **said).status_code == 403
    assert patched(poorer, address, actions=["created"]).status_code == 200
    assert Webhook.objects.values_list("url", "resources").get() == (before["url"], before["resources"])


def test_a_richer_token_of_the_same_application_lets_it_hear_more(
    integration: User, api_client: Any, receiver: Any
) -> None:
    address, _secret = made(api_client(integration, *SCOPES), receiver.url, resources=["customers"])
    richer = api_client(integration, *SCOPES, "tasks:read")
    assert patched(richer, address, resources=["tasks"]).json()["resources"] == ["tasks"]
    assert Webhook.objects.get().scopes == sorted([*SCOPES, "tasks:read"])


# ── The target ───────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("shown", [{}, {"secret": "whsec_wrong"}, {"secret": "é"}])
def test_another_address_needs_the_present_secret(
    integration: User, api_client: Any, receiver: Any, shown: dict[str, str]
) -> None:
    client = api_client(integration, *SCOPES)
    address, _secret = made(client, receiver.url)
    answer = patched(client, address, url="http://127.0.0.1:9/", **shown)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/secret")
    make(Customer)
    work()
    assert (Webhook.objects.get().url, len(receiver.got)) == (receiver.url, 1)


def test_null_in_place_of_a_secret_is_none(integration: User, api_client: Any, receiver: Any) -> None:
    client = api_client(integration, *SCOPES)
    address, _secret = made(client, receiver.url)
    assert patched(client, address, description=None, resources=None, secret=None).status_code == 200
    answer = patched(client, address, url="http://127.0.0.1:9/", secret=None)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/secret")


def test_a_secret_from_before_moves_nothing(integration: User, api_client: Any, receiver: Any) -> None:
    client = api_client(integration, *SCOPES)
    address, secret = made(client, receiver.url)
    client.post(f"{address}/rotate-secret")
    assert patched(client, address, url="http://127.0.0.1:9/", secret=secret).status_code == 422
    assert patched(client, address, description="New", secret=secret).status_code == 422
    assert Webhook.objects.values_list("url", "description").get() == (receiver.url, "")


def test_at_a_new_address_a_receiver_begins_anew(
    integration: User, api_client: Any, receiver: Any, other_receiver: Receiver, settings: Any
) -> None:
    settings.WEBHOOK_RETRIES = ["5000", "5000"]
    client = api_client(integration, *SCOPES)
    address, _secret = made(client, receiver.url)
    secret = client.post(f"{address}/rotate-secret").json()["secret"]
    receiver.behave = lambda _handler, _count: 500
    make(Customer)
    work()
    assert patched(client, address, url=other_receiver.url, secret=secret).status_code == 200
    assert Webhook.objects.values_list("failures", "retry_at", "previous_secret").get() == (0, None, None)
    make(Customer)
    work()
    ((headers, _body),) = other_receiver.got
    assert (len(headers["webhook-signature"].split()), receiver.got) == (1, [])


def test_the_same_address_needs_no_secret(integration: User, api_client: Any, receiver: Any) -> None:
    client = api_client(integration, *SCOPES)
    address, _secret = made(client, receiver.url)
    assert patched(client, address, url=receiver.url, description="Same").json()["description"] == "Same"


# ── What there was before ────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("holders", "scopes", "owner"),
    [
        (["Mirror"], SCOPES, "Mirror"),
        (["Mirror", "Other"], SCOPES, "CRM"),
        ([], SCOPES, "CRM"),
        (["Mirror"], ["customers:read"], None),
    ],
)
def test_an_older_webhook_belongs_to_the_one_application_that_can_have_made_it(
    integration: User, holders: list[str], scopes: list[str], owner: str | None
) -> None:
    for name in holders:
        let_in(program(name), integration, *SCOPES)
    let_in(program("Reader"), integration, "customers:read")
    make(Webhook, user=integration, url="https://example.com", secret=b"secret", scopes=list(scopes))
    import_module("crm.migrations.0038_applications_of_webhooks").assign(apps, None)
    found = Webhook.objects.get().application
    assert (found.name if found else None) == owner
