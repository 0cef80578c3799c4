"""How long a webhook waits, and what makes it wait."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from crm.models import Webhook
from crm.webhooks import backoff
from crm.webhooks.targets import Answer
from tests.samples import make

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def schedule(settings: Any) -> None:
    settings.WEBHOOK_RETRIES = ["10", "100", "1000"]


def webhook(integration: Any, **fields: Any) -> Webhook:
    made: Webhook = make(Webhook, user=integration, url="https://example.com", secret=b"secret", **fields)
    return made


def standing(of: Webhook) -> Any:
    """Return failures in a row, credit, and for how many seconds the webhook waits."""
    of.refresh_from_db()
    waits = None if of.retry_at is None else (of.retry_at - timezone.now()).total_seconds()
    return of.failures, of.credit, waits


def about(seconds: float) -> Any:
    """Return what is as long as this, or up to a tenth longer, as it is measured a moment later."""
    return pytest.approx(seconds * 1.05, abs=seconds * 0.06 + 2)


@pytest.mark.parametrize(
    ("status", "said", "seconds"),
    [
        (429, "120", 120),
        (503, "120", 120),
        (429, "86400", 86_400),
        (503, "86401", 86_400),
        (429, "99999999999999999999", 86_400),
        (429, "0", 0),
        (429, "-5", 0),
        (429, "1.5", 0),
        (503, "Wed, 21 Oct 2026 07:28:00 GMT", 0),
        (503, "", 0),
        *((status, "120", 0) for status in (200, 301, 400, 404, 410, 428, 430, 500, 502, 504)),
    ],
)
@pytest.mark.parametrize("name", ["Retry-After", "retry-after", "RETRY-AFTER"])
def test_a_receiver_is_left_alone_as_long_as_it_asks(status: int, said: str, seconds: int, name: str) -> None:
    assert backoff.asked(Answer(status, {name: said})) == seconds
    assert backoff.asked(Answer(status, {})) == 0


def test_who_does_not_answer_asks_for_nothing() -> None:
    assert backoff.asked(None) == 0


@pytest.mark.parametrize(("failures", "seconds"), [(0, 10), (1, 100), (2, 1000), (3, 1000), (50, 1000)])
def test_the_wait_grows_by_the_schedule_and_stays_at_its_end(failures: int, seconds: int) -> None:
    waits = [backoff.scheduled(failures) for _number in range(50)]
    assert seconds <= min(waits) < max(waits) <= seconds * 1.1


def test_without_a_schedule_five_minutes_pass(settings: Any) -> None:
    settings.WEBHOOK_RETRIES = []
    assert 300 <= backoff.scheduled(0) <= 330


@pytest.mark.parametrize(
    ("failures", "then", "seconds"), [(0, 1, 10), (1, 2, 100), (2, 3, 300 / 1.05), (3, 3, 300 / 1.05)]
)
def test_failures_in_a_row_hold_up_the_webhook_five_minutes_at_most(
    integration: Any, failures: int, then: int, seconds: float
) -> None:
    held = webhook(integration, failures=failures)
    backoff.failed(held, Answer(500), 0)
    assert standing(held) == (then, 0, about(seconds))


def test_a_receiver_that_asks_waits_longer_though_it_took_what_came_before(integration: Any) -> None:
    held = webhook(integration, credit=10)
    backoff.failed(held, Answer(429, {"Retry-After": "4000"}), 0)
    assert standing(held) == (1, 0, pytest.approx(4000, abs=3))


@pytest.mark.parametrize(
    ("credit", "took", "then"),
    [(1, 0.0, (0, 0, None)), (10, 0.9, (0, 9, None)), (3, 2.5, (0, 0, None)), (10, 9.9, (0, 0, None))],
)
def test_what_arrived_pays_for_what_fails(integration: Any, credit: int, took: float, then: Any) -> None:
    held = webhook(integration, credit=credit)
    backoff.failed(held, Answer(500), took)
    assert standing(held) == then


@pytest.mark.parametrize(("credit", "took"), [(0, 0.0), (1, 1.0), (9, 9.5), (10, 10.0), (10, 15.0)])
def test_a_failure_that_nothing_pays_for_holds_up_the_webhook(integration: Any, credit: int, took: float) -> None:
    held = webhook(integration, credit=credit)
    backoff.failed(held, None, took)
    assert standing(held) == (1, 0, about(10))


def test_failures_at_once_count_as_one(integration: Any) -> None:
    held = webhook(integration)
    lanes = [Webhook.objects.get(pk=held.pk) for _number in range(3)]
    for lane in lanes:
        backoff.failed(lane, None, 0)
    assert standing(held)[0] == 1


def test_while_it_is_held_up_nothing_is_paid(integration: Any) -> None:
    held = webhook(integration, failures=1, credit=5)
    backoff.failed(held, None, 0)
    assert standing(held) == (2, 0, about(100))


@pytest.mark.parametrize(("failures", "credit", "then"), [(0, 0, 1), (2, 0, 1), (0, 9, 10), (0, 10, 10), (1, 10, 10)])
def test_what_arrives_lets_all_go_and_pays_for_one_failure(
    integration: Any, failures: int, credit: int, then: int
) -> None:
    retry_at = timezone.now() + timedelta(hours=1) if failures else None
    held, other = (
        webhook(integration, failures=failures, credit=credit, retry_at=retry_at),
        webhook(integration, failures=2),
    )
    backoff.arrived(held)
    assert standing(held) == (0, then, None)
    assert standing(other)[:2] == (2, 0)


def test_after_a_failure_one_lane_has_a_turn_of_a_minute(integration: Any) -> None:
    held = webhook(integration, failures=1, retry_at=timezone.now() - timedelta(seconds=1))
    lanes = [Webhook.objects.get(pk=held.pk) for _number in range(3)]
    assert [backoff.take_turn(lane) for lane in lanes] == [True, False, False]
    assert standing(held) == (1, 0, pytest.approx(60, abs=2))


def test_without_a_failure_all_lanes_have_their_turn(integration: Any) -> None:
    held = webhook(integration)
    assert [backoff.take_turn(held) for _number in range(3)] == [True, True, True]
    assert standing(held) == (0, 0, None)


def test_a_lane_that_does_not_know_of_a_failure_has_no_turn(integration: Any) -> None:
    held = webhook(integration)
    Webhook.objects.update(failures=1)
    assert backoff.take_turn(held) is False


HAPPENINGS: dict[str, tuple[Callable[[Webhook], object], int, int]] = {
    "a turn taken": (backoff.take_turn, 1, 0),
    "a turn given back": (backoff.give_back, 1, 0),
    "a message that arrives": (backoff.arrived, 1, 5),
    "a failure": (lambda one: backoff.failed(one, None, 0), 0, 0),
    "another failure": (lambda one: backoff.failed(one, None, 0), 2, 0),
    "a failure that is paid for": (lambda one: backoff.failed(one, None, 0), 0, 5),
}


@pytest.mark.parametrize("name", HAPPENINGS)
def test_what_happens_to_one_webhook_is_nothing_to_another(integration: Any, name: str) -> None:
    happens, failures, credit = HAPPENINGS[name]
    held, other = (webhook(integration, failures=failures, credit=credit) for _number in range(2))
    before = standing(held), Webhook.objects.values().get(pk=other.pk)
    happens(held)
    assert standing(held) != before[0]
    assert Webhook.objects.values().get(pk=other.pk) == before[1]


@pytest.mark.parametrize("failures", [0, 1])
def test_what_is_paused_or_waits_has_no_turn(integration: Any, failures: int) -> None:
    now = timezone.now()
    webhook(integration, failures=failures)  # whose turn is no other's
    for said in ({"paused_at": now}, {"retry_at": now + timedelta(seconds=5)}, {"ended_at": now}):
        assert backoff.take_turn(webhook(integration, failures=failures, **said)) is False


def test_a_turn_that_was_not_needed_is_given_back(integration: Any) -> None:
    held, whole = webhook(integration, failures=1), webhook(integration)
    assert backoff.take_turn(held)
    for one in (held, whole):
        backoff.give_back(one)
    assert (standing(held), standing(whole)) == ((1, 0, pytest.approx(0, abs=2)), (0, 0, None))
    assert backoff.take_turn(held)
