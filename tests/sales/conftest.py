"""A pipeline, and colleagues who sell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sales.models import LossReason, Opportunity, Pipeline, Stage
from sales.models.standard import add_standard
from tests.samples import make

if TYPE_CHECKING:
    from crm.models import User


@pytest.fixture(autouse=True)
def standard(db: None) -> None:
    """Have the pipeline that every installation begins with, also where a test before emptied the database."""
    add_standard(Pipeline.objects, Stage.objects, LossReason.objects)


@pytest.fixture
def seller(make_user: Any, make_team: Any) -> User:
    user: User = make_user("Sales representative", team=make_team("North"))
    return user


@pytest.fixture
def client(api_client: Any, seller: User) -> Any:
    return api_client(seller, "sales:read", "sales:write", "customers:read")


@pytest.fixture
def deal(seller: User) -> Opportunity:
    """Return an open deal of the seller's, in the first stage."""
    people = {"owner": seller, "team": seller.team}
    made: Opportunity = make(Opportunity, stage=Stage.objects.beginning()[0], **people)
    return made
