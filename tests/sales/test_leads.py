"""Leads: captured from whoever shows interest, worked, given up and opened again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from customers.models import Customer
from sales.actions import capture_lead
from sales.models import Lead
from tests.samples import make

if TYPE_CHECKING:
    from crm.models import User

ADA = {"name": "Ada Lovelace", "email": "ada@example.com", "phone": "+44 20 7946 0958", "company": "Engines Ltd"}


def capture(client: Any, **body: Any) -> Any:
    return client.post("/api/v1/leads/capture", body)


def test_contact_data_become_a_lead_a_person_and_a_company(client: Any, seller: User) -> None:
    answer = capture(client, contact=ADA, subject="Ten desks", source="web")
    assert answer.status_code == 201, answer.content
    lead = Lead.objects.get(pk=answer.json()["id"])
    person = lead.customer
    assert (person.name, person.email, person.lifecycle, person.source) == (
        *("Ada Lovelace", "ada@example.com", "lead", "web"),
    )
    assert (person.organization.name, person.organization.kind) == ("Engines Ltd", "organization")
    assert {lead.owner, person.owner, person.organization.owner} == {seller}
    assert {lead.team, person.team, person.organization.team} == {seller.team}


def test_whoever_is_known_is_recognised(client: Any) -> None:
    first = capture(client, contact=ADA).json()["customer"]
    by_mail = capture(client, contact={"name": "A. Lovelace", "email": "ADA@example.com"}).json()["customer"]
    by_phone = capture(client, contact={"name": "Ada Lovelace", "phone": "+442079460958"}).json()["customer"]
    other = capture(client, contact={"name": "Byron", "phone": "+442079460958"}).json()["customer"]
    assert first == by_mail == by_phone != other
    assert (Customer.objects.filter(kind="person").count(), Customer.objects.filter(kind="organization").count()) == (
        2,
        1,
    )


def test_a_company_is_known_by_its_name(client: Any) -> None:
    capture(client, contact=ADA)
    capture(client, contact={"name": "Charles", "email": "charles@example.com", "company": "engines ltd"})
    assert Customer.objects.get(kind="organization").people.count() == 2


def test_who_is_out_of_sight_is_not_recognised(client: Any) -> None:
    hidden = make(Customer, email="ada@example.com")
    assert capture(client, contact=ADA).json()["customer"] != str(hidden.pk)
    assert capture_lead(by=None, contact={"email": "ada@example.com"}).customer == hidden


def test_a_web_form_leaves_a_lead_to_nobody() -> None:
    lead = capture_lead(by=None, contact={"email": "ada@example.com"}, message="Hello")
    assert (lead.owner, lead.team, lead.customer.name) == (None, None, "ada@example.com")


@pytest.mark.django_db(transaction=True)
def test_who_asks_twice_at_once_is_one_customer() -> None:
    start = Barrier(8)

    def ask(_number: int) -> None:
        start.wait()
        try:
            capture_lead(by=None, contact={"name": "Ada", "email": "ada@example.com", "company": "Engines"})
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert (Lead.objects.count(), Customer.objects.count()) == (8, 2)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"contact": {}},
        {"contact": {"company": "Engines"}},
        {"contact": {"name": "Ada", "email": "no address"}},
        {"contact": {"name": "Ada", "country": "England"}},
        {"contact": {"name": "Ada", "more": "x"}},
        {"customer": "018f0000-0000-7000-8000-000000000000"},
        {"contact": {"name": "Ada"}, "rating": "boiling"},
    ],
)
def test_what_is_no_lead_writes_nothing(client: Any, body: dict[str, Any]) -> None:
    assert capture(client, **body).status_code in {400, 422}
    assert (Lead.objects.count(), Customer.objects.count()) == (0, 0)


def test_who_may_not_add_customers_names_one(api_client: Any, make_user: Any) -> None:
    from django.contrib.auth.models import Permission

    user = make_user()
    names = ("add_lead", "view_all_lead", "view_all_customer")
    user.user_permissions.add(*Permission.objects.filter(codename__in=names))
    client = api_client(user, "sales:read", "sales:write")
    assert capture(client, contact=ADA).status_code == 403
    assert capture(client, customer=str(make(Customer).pk)).status_code == 201
    assert (Lead.objects.count(), Customer.objects.count()) == (1, 1)


@pytest.fixture
def lead(seller: User) -> Lead:
    made: Lead = make(Lead, owner=seller, team=seller.team)
    return made


def did(client: Any, lead: Lead, verb: str, body: Any = None) -> tuple[int, str]:
    """Do something to a lead over the API, and return the answer and how the lead stands then."""
    code = client.post(f"/api/v1/leads/{lead.pk}/{verb}", body).status_code
    lead.refresh_from_db()
    return code, lead.status


def test_a_lead_is_worked_qualified_given_up_and_opened_again(client: Any, lead: Lead) -> None:
    assert did(client, lead, "start") == (200, "working")
    assert did(client, lead, "qualify") == (200, "qualified")
    assert did(client, lead, "disqualify", {"reason": "no_budget", "note": "Next year"}) == (200, "disqualified")
    assert (lead.disqualified_reason, lead.disqualified_note) == ("no_budget", "Next year")
    assert did(client, lead, "reopen") == (200, "working")
    assert (lead.disqualified_reason, lead.disqualified_note) == ("", "")


def test_a_verb_that_does_not_go_with_the_status_is_refused(client: Any, lead: Lead) -> None:
    assert did(client, lead, "reopen") == (409, "new")
    did(client, lead, "disqualify", {"reason": "spam"})
    for verb in ("start", "qualify"):
        assert did(client, lead, verb) == (409, "disqualified")
    assert did(client, lead, "disqualify", {"reason": "other"}) == (409, "disqualified")
    assert lead.disqualified_reason == "spam"


def test_a_lead_is_given_up_for_a_reason_only(client: Any, lead: Lead) -> None:
    assert did(client, lead, "disqualify", {}) == (400, "new")
    assert did(client, lead, "disqualify", {"reason": "boring"}) == (400, "new")


def test_a_lead_is_given_to_a_colleague_and_their_team(client: Any, lead: Lead, make_user: Any, make_team: Any) -> None:
    other = make_user("Sales representative", team=make_team("South"))
    assert did(client, lead, "assign", {"owner": str(other.pk)}) == (200, "new")
    assert (lead.owner, lead.team) == (other, other.team)
    assert client.get(f"/api/v1/leads/{lead.pk}").status_code == 404


def test_the_status_is_not_written(client: Any, lead: Lead) -> None:
    answer = client.patch(f"/api/v1/leads/{lead.pk}", {"status": "qualified"})
    assert (answer.status_code, Lead.objects.get().status) == (400, "new")


@pytest.mark.parametrize(
    "values",
    [
        {"status": "converted"},
        {"status": "disqualified"},
        {"status": "lost"},
        {"disqualified_reason": "spam"},
        {"rating": "cool"},
    ],
)
def test_the_database_refuses_a_state_that_cannot_be(lead: Lead, values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Lead.objects.filter(pk=lead.pk).update(**values)
    assert Lead.objects.get().status == "new"


def test_a_lead_needs_a_customer_or_contact_data(seller: User) -> None:
    with pytest.raises(ValidationError):
        capture_lead(by=seller)
    assert Lead.objects.count() == 0
