"""A webhook ends with what it stands on: consent, sign-in, account and application."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from crm.auth import sessions
from crm.models import Application, Webhook, WebhookDelivery
from crm.webhooks.actions import Ended, resume
from crm.webhooks.feeding import feed_all
from crm.webhooks.rights import Caller, end_unfounded
from customers.models import Customer
from tests import worker
from tests.feed import settle
from tests.samples import make
from tests.staff import page, superuser
from tests.staff import signed_in as staff_client
from tests.webhooks.conftest import WEBHOOKS, work
from tests.webhooks.programs import SCOPES, let_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm.models import User

type Way = Callable[[Any, User, Application], None]


def sign_out(client: Any, _user: User, _application: Application) -> None:
    assert client.post("/api/v1/auth/sign-out", {}).status_code == 204


def withdraw_consent(_client: Any, user: User, application: Application) -> None:
    assert staff_client(user).post(f"/account/applications/{application.pk}/withdraw").status_code == 302


def revoke(_client: Any, _user: User, application: Application) -> None:
    RefreshToken.revoke_family(RefreshToken.objects.get(application=application).token_family)


def take_away(_client: Any, _user: User, application: Application) -> None:
    token = AccessToken.objects.get(application=application)
    form = {"action": "revoke", "_selected_action": [str(token.pk)]}
    assert staff_client(superuser()).post(page(AccessToken, "changelist"), form).status_code == 302


def disable(_client: Any, user: User, _application: Application) -> None:
    user.is_active = False
    user.save()


def switch_off(_client: Any, _user: User, application: Application) -> None:
    Application.objects.filter(pk=application.pk).update(is_active=False)


SIGNED_OUT = "The application was signed out."
SWITCHED_OFF = "The application is switched off."
WAYS: list[tuple[Way, str]] = [
    (sign_out, SIGNED_OUT),
    (revoke, SIGNED_OUT),
    (take_away, SIGNED_OUT),
    (withdraw_consent, "Consent for the application was withdrawn."),
    (disable, "The account is disabled."),
    (switch_off, SWITCHED_OFF),
]


@pytest.fixture
def let(mirror: Application, integration: User, receiver: Any) -> Any:
    """Let a program in that makes a webhook, and return its client."""
    client = let_in(mirror, integration, *SCOPES)
    assert client.post(WEBHOOKS, {"url": receiver.url}).status_code == 201
    return client


@pytest.mark.parametrize(("end", "reason"), WAYS)
def test_nothing_more_is_sent_neither_what_waits_nor_what_comes(
    let: Any, mirror: Application, integration: User, receiver: Any, end: Way, reason: str
) -> None:
    make(Customer)
    settle()
    feed_all()
    end(let, integration, mirror)
    make(Customer)
    work()
    assert receiver.got == []
    webhook = Webhook.objects.get()
    assert (webhook.pause_reason, webhook.paused_at is None) == (reason, False)
    assert list(WebhookDelivery.objects.values_list("status", flat=True)) == ["waiting"]


@pytest.mark.parametrize(("end", "_reason"), WAYS)
def test_a_job_that_has_begun_sends_nothing_more(
    let: Any, mirror: Application, integration: User, receiver: Any, end: Way, _reason: str
) -> None:
    make(Customer)
    settle()
    feed_all()
    end(let, integration, mirror)
    worker.do_all()  # without a look at who lost what
    assert receiver.got == []


def test_what_another_sign_in_made_goes_on(let: Any, mirror: Application, make_user: Any, receiver: Any) -> None:
    other = make_user("Integration")
    kept = let_in(mirror, other, *SCOPES).post(WEBHOOKS, {"url": receiver.url}).json()["webhook"]["id"]
    withdraw_consent(let, Webhook.objects.exclude(pk=kept).get().user, mirror)
    make(Customer)
    work()
    assert len(receiver.got) == 1
    assert list(Webhook.objects.filter(paused_at=None).values_list("pk", flat=True)) == [
        Webhook.objects.get(pk=kept).pk
    ]


def test_a_renewed_or_expired_sign_in_ends_nothing(integration: User, receiver: Any, client_without_token: Any) -> None:
    begun = sessions.begin(user=integration, scopes=SCOPES)
    bearer = {"Authorization": f"Bearer {begun.access_token}"}
    assert client_without_token.post(WEBHOOKS, {"url": receiver.url}, headers=bearer).status_code == 201
    sessions.renew(token=begun.refresh_token)
    make(Customer)
    work()
    RefreshToken.objects.all().delete()  # as housekeeping does with what expired
    make(Customer)
    work()
    assert len(receiver.got) == 2


def test_a_stolen_refresh_token_ends_the_webhook_with_the_sign_in(
    integration: User, receiver: Any, client_without_token: Any
) -> None:
    begun = sessions.begin(user=integration, scopes=SCOPES)
    bearer = {"Authorization": f"Bearer {begun.access_token}"}
    client_without_token.post(WEBHOOKS, {"url": receiver.url}, headers=bearer)
    sessions.renew(token=begun.refresh_token)
    with pytest.raises(sessions.RefreshRefused):
        sessions.renew(token=begun.refresh_token)
    make(Customer)
    work()
    assert (receiver.got, Webhook.objects.get().pause_reason) == ([], SIGNED_OUT)


def test_one_that_was_paused_ends_too_and_stays_so_when_tokens_are_forgotten(
    let: Any, mirror: Application, integration: User
) -> None:
    address = f"{WEBHOOKS}/{Webhook.objects.get().pk}"
    let.post(f"{address}/pause")
    paused = Webhook.objects.get().paused_at
    sign_out(let, integration, mirror)
    work()
    RefreshToken.objects.all().delete()
    work()
    webhook = Webhook.objects.get()
    assert (webhook.paused_at, webhook.pause_reason, webhook.ended_at is None) == (paused, SIGNED_OUT, False)


def test_only_its_application_takes_up_what_ended_with_the_scopes_of_its_new_token(
    let: Any, mirror: Application, integration: User, receiver: Any, api_client: Any
) -> None:
    withdraw_consent(let, integration, mirror)
    address = f"{WEBHOOKS}/{Webhook.objects.get().pk}"
    assert api_client(integration, "webhooks:manage").post(f"{address}/resume").status_code == 409
    assert Webhook.objects.get().ended_at is not None
    again = let_in(mirror, integration, "webhooks:manage", "sales:read")
    answer = again.post(f"{address}/resume")
    assert (answer.status_code, answer.json()["pause_reason"], answer.json()["paused_at"]) == (200, "", None)
    make(Customer)
    work()
    assert (receiver.got, Webhook.objects.get().scopes) == ([], ["sales:read", "webhooks:manage"])
    sign_out(again, integration, mirror)
    work()
    assert Webhook.objects.get().pause_reason == SIGNED_OUT


def test_on_the_screens_nobody_takes_up_what_ended(let: Any, mirror: Application, integration: User) -> None:
    withdraw_consent(let, integration, mirror)
    webhook = Webhook.objects.get()
    form = {"action": "resume", "_selected_action": [str(webhook.pk)]}
    answer = staff_client(superuser()).post(page(Webhook, "changelist"), form, follow=True)
    assert "Only the application that made it can resume it" in answer.content.decode()
    webhook.refresh_from_db()
    assert (webhook.paused_at is None, webhook.ended_at is None) == (False, False)


def test_an_application_that_is_switched_on_again_goes_on_but_for_what_somebody_paused(
    let: Any, mirror: Application, integration: User, receiver: Any
) -> None:
    paused = let.post(WEBHOOKS, {"url": receiver.url}).json()["webhook"]["id"]
    let.post(f"{WEBHOOKS}/{paused}/pause")
    switch_off(let, integration, mirror)
    make(Customer)
    work()
    assert (receiver.got, Webhook.objects.filter(paused_at=None).count()) == ([], 0)
    Application.objects.filter(pk=mirror.pk).update(is_active=True)
    work()
    assert len(receiver.got) == 1
    assert [str(one.pk) for one in Webhook.objects.exclude(paused_at=None)] == [paused]


@pytest.mark.parametrize(("end", "reason"), [(disable, "The account is disabled."), (switch_off, SWITCHED_OFF)])
def test_a_pause_says_why_and_since_when_however_often_it_is_looked_at(
    let: Any, mirror: Application, integration: User, end: Way, reason: str
) -> None:
    paused = let.post(WEBHOOKS, {"url": "http://127.0.0.1/"}).json()["webhook"]["id"]
    by_hand = {"paused_at": timezone.now() - timedelta(days=1), "pause_reason": "By hand"}
    Webhook.objects.filter(pk=paused).update(**by_hand)
    Webhook.objects.update(token_family=None)  # as on the screens, where no sign-in ends
    end(let, integration, mirror)
    before = timezone.now()
    end_unfounded()
    since = Webhook.objects.exclude(pk=paused).get().paused_at
    assert since is not None
    assert before < since < timezone.now()
    end_unfounded()
    told = {one.pk: (one.paused_at, one.pause_reason, one.ended_at) for one in Webhook.objects.all()}
    assert told.pop(UUID(paused)) == (*by_hand.values(), None)
    assert list(told.values()) == [(since, reason, None)]


def test_what_goes_on_says_nothing_of_the_pause_any_more(let: Any, mirror: Application, integration: User) -> None:
    switch_off(let, integration, mirror)
    end_unfounded()
    assert Webhook.objects.get().pause_reason == SWITCHED_OFF
    Application.objects.filter(pk=mirror.pk).update(is_active=True)
    end_unfounded()
    assert Webhook.objects.values_list("paused_at", "pause_reason", "ended_at").get() == (None, "", None)


def test_with_an_application_go_its_webhooks(let: Any, mirror: Application) -> None:
    mirror.delete()
    assert not Webhook.objects.exists()


def test_one_that_ends_while_it_is_resumed_stays_ended(let: Any, mirror: Application, integration: User) -> None:
    read_before = Webhook.objects.get()
    withdraw_consent(let, integration, mirror)
    with pytest.raises(Ended):
        resume(webhook=read_before, caller=Caller(superuser()))
    assert Webhook.objects.get().ended_at is not None
