"""What is read by a webhook, when it is sent and in the log: no more than its person and application may see now."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from oauth2_provider.models import RefreshToken

from crm.models import Change, User, Webhook, WebhookDelivery
from crm.webhooks.feeding import feed_all
from crm.webhooks.rights import readable
from customers.models import Customer
from tests.feed import settle
from tests.plans import scanned
from tests.samples import make
from tests.staff import page, signed_in
from tests.webhooks.conftest import made, work
from tests.webhooks.programs import SCOPES


# ── What is sent ─────────────────────────────────────────────────────────────────────────────────────────────────────
def give_away(customer: Customer, _seller: User, south: Any) -> None:
    Customer.objects.filter(pk=customer.pk).update(team=south)


def take_role(_customer: Customer, seller: User, _south: Any) -> None:
    seller.groups.clear()
    RefreshToken.objects.update(revoked=None)  # a change of role ends sign-ins too, which is not what is asked here


def move_person(_customer: Customer, seller: User, south: Any) -> None:
    User.objects.filter(pk=seller.pk).update(team=south)


def narrow_scopes(_customer: Customer, _seller: User, _south: Any) -> None:
    Webhook.objects.update(scopes=["webhooks:manage", "sales:read"])


def unsubscribe_from(_customer: Customer, _seller: User, _south: Any) -> None:
    Webhook.objects.update(resources=["tasks"])


LOSSES = [give_away, take_role, move_person, narrow_scopes, unsubscribe_from]


@pytest.fixture
def hearing(api_client: Any, seller: User, receiver: Any) -> str:
    """Let a seller subscribe, and return the webhook's address."""
    return made(api_client(seller, *SCOPES), receiver.url)[0]


@pytest.mark.parametrize("feed", ["kept", "forgotten"])
@pytest.mark.parametrize("lose", LOSSES)
def test_what_waits_is_not_sent_once_it_may_not_be_seen(
    hearing: str, seller: User, receiver: Any, make_team: Any, lose: Any, feed: str
) -> None:
    customer = make(Customer, team=seller.team)
    settle()
    feed_all()
    lose(customer, seller, make_team("South"))
    if feed == "forgotten":
        Change.objects.all().delete()
    work()
    assert receiver.got == []
    assert set(WebhookDelivery.objects.values_list("status", "attempts", "next_attempt_at")) == {("withheld", 0, None)}


@pytest.mark.parametrize("lose", LOSSES)
def test_what_failed_or_is_asked_for_again_is_not_sent_once_it_may_not_be_seen(
    hearing: str, seller: User, receiver: Any, make_team: Any, api_client: Any, lose: Any
) -> None:
    receiver.behave = lambda _handler, _count: 500
    customer = make(Customer, team=seller.team)
    work()
    lose(customer, seller, make_team("South"))
    receiver.behave = lambda _handler, _count: 200
    work()
    delivery = WebhookDelivery.objects.get(event="customers.created")
    client = api_client(User.objects.get(pk=seller.pk), *SCOPES)
    assert client.post(f"{hearing}/deliveries/{delivery.pk}/replay").status_code == 202
    client.post(f"{hearing}/replay", {"start": "2026-01-01T00:00Z", "end": "2126-01-01T00:00Z"})
    work()
    assert receiver.got == []


def test_what_is_withheld_keeps_nothing_else_waiting(
    hearing: str, seller: User, receiver: Any, make_team: Any, settings: Any
) -> None:
    settings.WEBHOOK_RETRIES = ["5000"]
    lost = make(Customer, team=seller.team)
    settle()
    feed_all()
    give_away(lost, seller, make_team("South"))
    Webhook.objects.update(failures=1)  # one lane tries, and what it may not send takes nobody's turn
    own = make(Customer, team=seller.team)
    work()
    assert [one["record"] for one in receiver.changes()] == [str(own.pk)]


def test_of_a_change_that_the_feed_forgot_the_record_says_who_may_hear(
    hearing: str, seller: User, receiver: Any, make_team: Any
) -> None:
    own, lost = (make(Customer, team=seller.team) for _number in range(2))
    gone = make(Customer, team=seller.team)
    settle()
    feed_all()
    give_away(lost, seller, make_team("South"))
    gone.delete()
    Change.objects.all().delete()
    work()
    assert [one["record"] for one in receiver.changes()] == [str(own.pk)]


def test_of_what_may_be_read_only_messages_about_it_and_about_nothing_are(seller: User) -> None:
    own, lost = make(Customer, team=seller.team), make(Customer)
    webhook = make(Webhook, user=seller, url="http://127.0.0.1/", secret=b"secret")
    said = {
        "own": {"event": "customers.updated", "record": own.pk},
        "lost": {"event": "customers.updated", "record": lost.pk},
        "own, as of another list": {"event": "tasks.updated", "record": own.pk},
        "of a list that is no more": {"event": "weddings.updated", "record": own.pk},
        "about nothing": {"event": "webhook.test", "record": None},
    }
    messages = {name: make(WebhookDelivery, webhook=webhook, body={}, **one) for name, one in said.items()}
    read = readable(messages.values(), seller, [Customer])
    assert {name for name, one in messages.items() if one.pk in read} == {"own", "about nothing"}


def test_who_reads_messages_asks_the_feed_for_their_changes_alone(seller: User) -> None:
    Customer.objects.bulk_create(Customer(name=f"Customer {number}", team=seller.team) for number in range(300))
    webhook = make(Webhook, user=seller, url="http://127.0.0.1/", secret=b"secret")
    known = {"webhook": webhook, "event": "customers.created", "body": {}}
    own, lost = (
        make(WebhookDelivery, **known, record=one.pk, sequence=Change.objects.get(record=one.pk).sequence)
        for one in (make(Customer, team=seller.team), make(Customer))
    )
    assert seller.view_level(Customer) == "team"
    with CaptureQueriesContext(connection) as queries:
        assert readable([own, lost], seller, [Customer]) == {own.pk}
    assert [scanned(one["sql"])["crm_change"] for one in queries] == [2, 2]


# ── What is read in the log ──────────────────────────────────────────────────────────────────────────────────────────
def test_the_log_shows_nothing_that_the_token_may_not_read(
    hearing: str, seller: User, receiver: Any, api_client: Any
) -> None:
    make(Customer, name="Ada", team=seller.team)
    work()
    delivery = WebhookDelivery.objects.get()
    delivery.tries.update(response_body="of Ada", response_headers={"X-Said": "Ada"})
    poor, rich = api_client(seller, "webhooks:manage"), api_client(seller, *SCOPES)
    answers = [poor.get(f"{hearing}/deliveries"), poor.get(f"{hearing}/deliveries/{delivery.pk}")]
    answers += [poor.post(f"{hearing}/deliveries/{delivery.pk}/replay")]
    assert not any("Ada" in answer.content.decode() for answer in answers)
    (listed,) = answers[0].json()["results"]
    assert (listed["record"], listed["body"], listed["status"]) == (None, None, "delivered")
    (attempt,) = answers[1].json()["tries"]
    assert (attempt["status"], attempt["response_body"], attempt["response_headers"]) == (200, "", {})
    (seen,) = rich.get(f"{hearing}/deliveries").json()["results"]
    assert (seen["record"], seen["body"]["data"]["after"]["name"]) == (str(delivery.record), "Ada")


@pytest.mark.parametrize("lose", [give_away, take_role, move_person])
def test_the_log_shows_nothing_that_may_no_longer_be_seen(
    hearing: str, seller: User, receiver: Any, make_team: Any, api_client: Any, lose: Any
) -> None:
    customer = make(Customer, name="Ada", team=seller.team)
    work()
    lose(customer, seller, make_team("South"))
    client = api_client(User.objects.get(pk=seller.pk), *SCOPES)
    rows = client.get(f"{hearing}/deliveries").json()["results"]
    assert [(row["body"], row["record"]) for row in rows] == [(None, None)]
    one = client.get(f"{hearing}/deliveries/{rows[0]['id']}").json()
    assert (one["body"], one["record"]) == (None, None)


def test_an_administrator_without_a_view_of_the_records_reads_no_payload(
    hearing: str, seller: User, receiver: Any, make_user: Any, api_client: Any
) -> None:
    make(Customer, name="Ada", team=seller.team)
    work()
    keeper = make_user(is_staff=True)
    keeper.user_permissions.add(
        *Permission.objects.filter(codename__in=["view_webhook", "change_webhook", "view_all_webhook"])
    )
    rows = api_client(keeper, *SCOPES).get(f"{hearing}/deliveries").json()["results"]
    assert [(row["body"], row["status"]) for row in rows] == [(None, "delivered")]
    delivery = WebhookDelivery.objects.get()
    text = signed_in(keeper).get(page(delivery, "change")).content.decode()
    assert ("Ada" in text, "customers.created" in text) == (False, True)
    keeper.groups.add(Group.objects.get(name="Auditor"))
    assert "Ada" in signed_in(User.objects.get(pk=keeper.pk)).get(page(delivery, "change")).content.decode()


@pytest.mark.parametrize(
    "known", ["body__data__after__name__startswith=A", "body__icontains=Ada", "record__isnull=False"]
)
def test_no_list_of_messages_is_narrowed_by_what_they_tell(
    hearing: str, seller: User, receiver: Any, make_user: Any, known: str
) -> None:
    make(Customer, name="Ada", team=seller.team)
    work()
    keeper = make_user(is_staff=True)
    keeper.user_permissions.add(Permission.objects.get(codename="view_webhook"))
    assert signed_in(keeper).get(f"{page(WebhookDelivery, 'changelist')}?{known}").status_code == 400


def test_who_may_see_accounts_only_reads_no_deliveries(hearing: str, seller: User, make_user: Any) -> None:
    make(Customer, team=seller.team)
    work()
    reader = make_user(is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_user"))
    assert signed_in(reader).get(page(WebhookDelivery.objects.get(), "change")).status_code == 403
    assert signed_in(reader).get(page(WebhookDelivery, "changelist")).status_code == 403
