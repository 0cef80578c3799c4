"""A sender that is killed at any moment: nobody gets two messages, and who may have got one is marked and counted."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from customers.models import Consent, Customer
from marketing import actions
from marketing.models import CampaignMember
from tests import worker
from tests.waiting import wait_until

if TYPE_CHECKING:
    from customers.models import Purpose
    from marketing.models import Campaign
    from tests.marketing.smtp import Keeper

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
MEMBERS, KILLS = 2000, 10


def crowd(purpose: Purpose) -> None:
    """Make customers who agree."""
    customers = [Customer(name=f"C{number}", email=f"c{number}@d{number % 50}.example") for number in range(MEMBERS)]
    Customer.objects.bulk_create(customers)
    agreed = {"purpose": purpose, "is_granted": True, "source": "form"}
    Consent.objects.bulk_create(Consent(customer=one, **agreed) for one in customers)


def kill_at(mail_server: Keeper, number: int, port: str) -> None:
    """Run a worker, and kill it once the server has taken so many messages."""
    with worker.process(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port):
        wait_until(lambda: len(mail_server.got) >= number)


def test_senders_that_are_killed_send_nothing_twice(
    campaign: Campaign, purpose: Purpose, mail_server: Keeper, settings: Any, no_jobs: None
) -> None:
    crowd(purpose)
    port = str(settings.MAILERS["default"]["OPTIONS"]["port"])
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    for kill in range(1, KILLS + 1):
        kill_at(mail_server, kill * 170 + random.Random(kill).randrange(20), port)
    with worker.process(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port):
        wait_until(lambda: type(campaign).objects.filter(pk=campaign.pk, status="sent").exists())
    got = set(mail_server.recipients)
    assert len(got) == len(mail_server.got)
    rows = CampaignMember.objects.values_list("state", "customer__email")
    sent, unsure = ({email for state, email in rows if state == one} for one in ("sent", "sent_unconfirmed"))
    assert len(sent) + len(unsure) == MEMBERS
    assert sent <= got <= sent | unsure
    assert len(unsure) <= KILLS


def test_a_message_taken_just_before_the_kill_is_marked_and_counted(
    campaign: Campaign, recipient: Any, mail_server: Keeper, settings: Any, no_jobs: None
) -> None:
    recipient("Ada")
    port = str(settings.MAILERS["default"]["OPTIONS"]["port"])
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    with worker.process(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port) as child:
        mail_server.at_message = lambda _number: child.kill() or "250 OK"  # type: ignore[func-returns-value]
        wait_until(lambda: mail_server.got)
    mail_server.at_message = lambda _number: "250 OK"
    with worker.process(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port):
        wait_until(lambda: type(campaign).objects.filter(pk=campaign.pk, status="sent").exists())
    assert mail_server.recipients == ["ada@example.com"]
    assert CampaignMember.objects.get().state == "sent_unconfirmed"
