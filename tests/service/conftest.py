"""A support team: hours, a policy, a queue, two agents, and a customer who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from customers.models import Customer
from service.actions import open_ticket
from service.models import BusinessHours, Queue, SLAPolicy
from tests.samples import make
from tests.worker import no_jobs

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm.models import User
    from service.models import Ticket


__all__ = ["no_jobs"]


@pytest.fixture
def hours(db: None) -> BusinessHours:
    return BusinessHours.objects.create(name="Office", time_zone="Europe/Berlin")


@pytest.fixture
def policy(hours: BusinessHours) -> SLAPolicy:
    targets = {"first_response_normal": 60, "resolution_normal": 480, "first_response_urgent": 15}
    return SLAPolicy.objects.create(name="Standard", hours=hours, **targets, resolution_urgent=120)


@pytest.fixture
def queue(policy: SLAPolicy) -> Queue:
    return Queue.objects.create(name="Support", policy=policy, email="support@example.com")


@pytest.fixture
def customer(db: None) -> Customer:
    found: Customer = make(Customer, name="Ada", email="ada@example.com")
    return found


@pytest.fixture
def agent(make_user: Callable[..., User], make_team: Callable[..., Any]) -> User:
    return make_user("Service agent", team=make_team("Service"), email="omar@crm.example")


@pytest.fixture
def opened(customer: Customer, queue: Queue) -> Callable[..., Ticket]:
    """Return who opens a ticket at a moment."""

    def make_one(moment: Any = None, **details: Any) -> Ticket:
        received: Any = {"written_at": moment} if moment else {}
        known: Any = {"customer": customer, "queue": queue, "subject": "Printer", "body": "It smokes."} | details
        return open_ticket(received=received, **known)

    return make_one
