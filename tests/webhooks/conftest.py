"""Subscribers, a receiver, and workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from crm.webhooks import feeding
from tests import worker
from tests.feed import settle
from tests.webhooks.programs import program
from tests.webhooks.receiver import listening
from tests.worker import no_jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crm.models import Application, User
    from tests.webhooks.receiver import Receiver

__all__ = ["no_jobs"]
WEBHOOKS = "/api/v1/webhooks"


@pytest.fixture(autouse=True)
def clean_queue(no_jobs: None) -> None:
    """Begin without jobs."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as found:
        yield found


@pytest.fixture
def client(api_client: Any, integration: Any) -> Any:
    return api_client(integration, "webhooks:manage", "customers:read", "customers:write")


@pytest.fixture
def subscribe(client: Any, receiver: Receiver) -> Callable[..., dict[str, Any]]:
    """Make a webhook at the receiver, and return it with its secret."""

    def make(**fields: Any) -> dict[str, Any]:
        answer = client.post(WEBHOOKS, {"url": receiver.url, **fields})
        assert answer.status_code == 201, answer.content
        return {**answer.json()["webhook"], "secret": answer.json()["secret"]}

    return make


@pytest.fixture
def mirror(db: None) -> Application:
    """Register a program."""
    return program()


@pytest.fixture
def seller(make_user: Any, make_team: Any) -> User:
    """Return somebody who sees what a team has."""
    found: User = make_user("Sales representative", team=make_team("North"))
    return found


@pytest.fixture
def other_receiver() -> Iterator[Receiver]:
    with listening() as found:
        yield found


@pytest.fixture
def strict(settings: Any) -> None:
    """Send into no private network, as in earnest."""
    settings.WEBHOOK_ALLOW_PRIVATE = False


def made(client: Any, url: str, **fields: Any) -> tuple[str, str]:
    """Make a webhook; return its address and its secret."""
    answer = client.post(WEBHOOKS, {"url": url, **fields})
    assert answer.status_code == 201, answer.content
    return f"{WEBHOOKS}/{answer.json()['webhook']['id']}", answer.json()["secret"]


def work() -> None:
    """Feed the webhooks, then do all work that waits, in a worker that then ends."""
    settle()
    feeding.feed_all()
    worker.do_all()
    while ProcrastinateJob.objects.filter(
        status="todo", scheduled_at=None
    ).exists():  # what jobs enqueued as the worker ended
        worker.do_all()


def worker_process() -> Any:
    """Run `manage.py worker` on the tests' database, without pauses between attempts."""
    return worker.process(WEBHOOK_RETRIES=",".join(["0"] * 30))
