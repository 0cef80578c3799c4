"""Links in messages live as long as promised and end when revoked; to unsubscribe is possible a while in any case."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from crm.merging.actions import merge_records
from crm.privacy.actions import erase_person
from customers.actions import grant_consent, revoke_preferences_links
from customers.models import Consent, Customer
from marketing.mail import links
from marketing.models import CampaignMember
from tests.marketing.test_tracking import PERSON, member, path_in
from tests.samples import make

if TYPE_CHECKING:
    from marketing.models import Campaign

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["member"]


@pytest.fixture
def ada(campaign: Campaign, recipient: Any) -> Customer:
    customer = recipient("Ada")
    grant_consent(customer=customer, purpose=campaign.purpose, source="form", by=None)  # type: ignore[arg-type]
    return customer  # type: ignore[no-any-return]


@pytest.fixture
def sent(campaign: Campaign, ada: Customer) -> CampaignMember:
    return make(CampaignMember, campaign=campaign, customer=ada)  # type: ignore[no-any-return]


def given(sent: CampaignMember, days: int = 0, *, is_old_form: bool = False) -> str:
    """Return the path of a link to unsubscribe that was given out so many days ago."""
    said = [sent.pk.hex, sent.customer_id.hex, sent.campaign_id.hex]
    issued = int((timezone.now() - timedelta(days=days)).timestamp())
    url = links.UNSUBSCRIBE.url(*said, *([] if is_old_form else [1, issued]))
    return url.removeprefix("http://127.0.0.1:8000")


def has_agreed() -> bool:
    newest = Consent.objects.order_by("-occurred_at", "-id").first()
    return newest is not None and newest.is_granted


@pytest.mark.parametrize("is_old_form", [False, True])
def test_a_link_unsubscribes_and_leads_to_the_preferences(client: Any, sent: Any, is_old_form: Any) -> None:
    path = given(sent, is_old_form=is_old_form)
    assert b"/preferences/" in client.get(path).content
    assert (client.post(path).status_code, has_agreed()) == (200, False)


@pytest.mark.parametrize("is_old_form", [False, True])
def test_a_revoked_link_unsubscribes_for_thirty_days_and_leads_to_nothing(
    client: Any, ada: Customer, sent: Any, is_old_form: Any
) -> None:
    revoke_preferences_links(customer=ada)
    path = given(sent, 0 if is_old_form else 29, is_old_form=is_old_form)
    assert b"/preferences/" not in client.get(path).content
    answer = client.post(path, {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, b"/preferences/" in answer.content, has_agreed()) == (200, False, False)


def test_a_revoked_link_older_than_that_does_nothing(client: Any, ada: Customer, sent: Any) -> None:
    revoke_preferences_links(customer=ada)
    path = given(sent, 31)
    assert (client.get(path).status_code, client.post(path).status_code) == (404, 404)
    assert has_agreed()


def test_a_new_message_has_a_link_that_works_again(client: Any, ada: Customer, campaign: Any, sent: Any) -> None:
    revoke_preferences_links(customer=ada)
    path = links.unsubscribe_url(campaign, ada, sent.pk).removeprefix("http://127.0.0.1:8000")
    assert b"/preferences/" in client.get(path).content


@pytest.mark.parametrize(
    ("days", "life", "status"), [(1824, 1825, 200), (1826, 1825, 410), (9000, 0, 200), (31, 30, 410), (29, 30, 200)]
)
def test_a_link_works_as_long_as_the_setting_says(
    client: Any, sent: Any, settings: Any, days: int, life: int, status: int
) -> None:
    settings.UNSUBSCRIBE_LINK_DAYS = life
    path = given(sent, days)
    assert (client.get(path).status_code, client.post(path).status_code) == (status, status)
    assert has_agreed() is (status == 410)


@pytest.mark.parametrize(("days", "expected"), [(364, True), (366, False)])
def test_it_leads_to_the_preferences_no_longer_than_their_own_links(
    client: Any, sent: Any, days: int, expected: Any
) -> None:
    assert (b"/preferences/" in client.get(given(sent, days)).content) is expected


def test_of_who_was_erased_it_does_nothing(client: Any, ada: Customer, sent: Any) -> None:
    path = given(sent)
    erase_person(customer=ada, by=None, reason="asked")
    assert client.post(path).status_code == 404


def test_links_of_who_was_merged_end_with_those_of_the_other(
    client: Any, ada: Customer, sent: Any, integration: Any
) -> None:
    winner = make(Customer, name="Ada King")
    merge_records(winner=winner, loser=ada, by=integration)
    path = given(sent, 1)
    assert b"/preferences/" in client.get(path).content
    revoke_preferences_links(customer=winner)
    assert b"/preferences/" not in client.get(path).content


@pytest.mark.parametrize(("days", "is_revoked", "state"), [(1, False, "clicked"), (1826, False, ""), (1, True, "")])
def test_what_is_no_longer_the_customers_is_led_but_not_noted(
    client: Any, member: Any, mail_server: Any, days: int, is_revoked: Any, state: str
) -> None:
    CampaignMember.objects.update(claimed_at=timezone.now() - timedelta(days=days))
    before = CampaignMember.objects.get().state
    if is_revoked:
        revoke_preferences_links(customer=member.customer)
    assert client.get(path_in(mail_server, "c"), headers=PERSON).status_code == 302
    assert CampaignMember.objects.get().state == (state or before)
