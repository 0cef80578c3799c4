"""Consent: a history that only grows, of which the newest row counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.erasing import erasing
from customers.actions import grant_consent, withdraw_consent
from customers.models import Consent, Customer, Purpose
from tests.samples import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def purpose() -> Purpose:
    known = {"channel": "email", "label": "News", "description": "We may send you news."}
    return Purpose.objects.get_or_create(name="marketing_email", defaults=known)[0]


@pytest.fixture
def client(api_client: Any, integration: Any) -> Any:
    return api_client(integration, "customers:read", "customers:write")


def agrees(customer: Customer, purpose: Purpose, **said: Any) -> Consent:
    return grant_consent(customer=customer, purpose=purpose, source="form", by=None, **said)


def test_the_newest_word_counts(purpose: Purpose) -> None:
    keen, gone, silent = (make(Customer) for _number in range(3))
    agrees(keen, purpose)
    agrees(gone, purpose)
    withdraw_consent(customer=gone, purpose=purpose, source="phone", by=None)
    agrees(gone, purpose, occurred_at=timezone.now() - timedelta(days=9))
    found = set(Customer.objects.consenting("marketing_email"))
    assert (found, silent in found) == ({keen}, False)


def test_one_purpose_says_nothing_of_another(purpose: Purpose) -> None:
    agrees(make(Customer), make(Purpose, name="news_by_post"))
    assert not Customer.objects.consenting(purpose.name).exists()


def test_the_database_keeps_the_facts(purpose: Purpose) -> None:
    consent = agrees(make(Customer), purpose)
    rows = Consent.objects.filter(pk=consent.pk)
    for change in ({"is_granted": False}, {"evidence": "forged"}, {"occurred_at": timezone.now()}):
        with pytest.raises(IntegrityError, match="not changed"), transaction.atomic():
            rows.update(**change)
    with pytest.raises(IntegrityError, match="not changed"), transaction.atomic():
        rows.delete()
    assert rows.values_list("is_granted", "evidence").get() == (True, "")


def test_another_customer_may_take_the_history_over(purpose: Purpose) -> None:
    consent, other = agrees(make(Customer), purpose), make(Customer)
    Consent.objects.filter(pk=consent.pk).update(customer=other)
    assert list(other.consents.all()) == [consent]


def test_only_erasure_deletes(purpose: Purpose) -> None:
    consent = agrees(make(Customer), purpose)
    with erasing():
        Consent.objects.filter(pk=consent.pk).delete()
    assert not Consent.objects.exists()
    kept = agrees(make(Customer), purpose)
    with pytest.raises(IntegrityError), transaction.atomic():
        kept.delete()


def test_a_customer_with_a_history_of_consent_is_not_deleted(client: Any, purpose: Purpose) -> None:
    customer = agrees(make(Customer), purpose).customer
    assert client.delete(f"/api/v1/customers/{customer.pk}").status_code == 409
    assert Customer.objects.filter(pk=customer.pk).exists()


def test_what_is_still_to_come_is_refused(client: Any, purpose: Purpose) -> None:
    body = {"customer": str(make(Customer).pk), "purpose": str(purpose.pk), "is_granted": True, "source": "form"}
    answer = client.post("/api/v1/consents", {**body, "occurred_at": "2999-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/occurred_at")
    assert not Consent.objects.exists()


def test_who_records_is_on_record(client: Any, integration: Any, purpose: Purpose) -> None:
    body = {"customer": str(make(Customer).pk), "purpose": str(purpose.pk), "is_granted": True, "source": "email"}
    answer = client.post("/api/v1/consents", {**body, "evidence": "Mail of 3 May"})
    assert (answer.status_code, answer.json()["recorded_by"]) == (201, str(integration.pk))
    assert Consent.objects.get().evidence == "Mail of 3 May"


def test_a_batch_adds_to_the_history_and_changes_none_of_it(client: Any, purpose: Purpose) -> None:
    consent = agrees(make(Customer), purpose)
    body = {"customer": str(make(Customer).pk), "purpose": str(purpose.pk), "is_granted": True, "source": "import"}
    update = {"operation": "update", "id": str(consent.pk), "data": {"is_granted": False}}
    items = [{"operation": "create", "data": body}, update, {"operation": "delete", "id": str(consent.pk)}]
    answer = client.post("/api/v1/consents/batch", {"items": items})
    assert [one["status"] for one in answer.json()["results"]] == [201, 400, 400]
    assert Consent.objects.get(pk=consent.pk).is_granted


def test_the_state_of_a_customer_has_every_purpose(client: Any, purpose: Purpose) -> None:
    consent = agrees(make(Customer), purpose)
    make(Purpose, name="by_post")
    answer = client.get(f"/api/v1/customers/{consent.customer.pk}/consents").json()["results"]
    states = {one["name"]: (one["is_granted"], one["consent"]) for one in answer}
    assert states["marketing_email"] == (True, str(consent.pk))
    assert states["by_post"] == (False, None)


@pytest.mark.parametrize(("is_active", "is_told"), [(True, True), (True, False), (False, True), (False, False)])
def test_the_state_names_what_is_asked_for_or_was(client: Any, purpose: Purpose, is_active: Any, is_told: Any) -> None:
    customer, stranger = make(Customer), make(Customer)
    post = make(Purpose, name="by_post", channel="post", is_active=is_active)
    agrees(stranger, post)
    agrees(stranger, purpose)
    said = withdraw_consent(customer=customer, purpose=post, source="letter", by=None) if is_told else None
    answer = client.get(f"/api/v1/customers/{customer.pk}/consents").json()["results"]
    found = [one for one in answer if one["name"] == "by_post"]
    facts = {"consent": str(said.pk), "since": said.occurred_at.isoformat(), "source": "letter"} if said else {}
    known = {"purpose": str(post.pk), "name": "by_post", "channel": "post", "is_granted": False}
    nothing = dict.fromkeys(("consent", "since", "source"))
    assert found == ([known | (facts or nothing)] if is_active or is_told else [])


@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8::1", ""])
def test_a_network_address_is_kept_as_it_is(client: Any, purpose: Purpose, address: str) -> None:
    body = {"customer": str(make(Customer).pk), "purpose": str(purpose.pk), "is_granted": True, "source": "form"}
    answer = client.post("/api/v1/consents", {**body, "ip_address": address})
    assert (answer.status_code, Consent.objects.get().ip_address) == (201, address)


@pytest.mark.parametrize("address", ["203.0.113.256", "example.com", "::g", "203.0.113.9/24", "203.0.113.9, ::1"])
def test_what_is_no_network_address_is_refused(client: Any, purpose: Purpose, address: str) -> None:
    body = {"customer": str(make(Customer).pk), "purpose": str(purpose.pk), "is_granted": True, "source": "form"}
    answer = client.post("/api/v1/consents", {**body, "ip_address": address})
    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [("/ip_address", "not_an_address")]
    assert not Consent.objects.exists()


@pytest.mark.parametrize("name", ["no_such", "", "marketing_email ", "MARKETING_EMAIL"])
def test_a_filter_by_a_purpose_that_there_is_not_is_refused(client: Any, purpose: Purpose, name: str) -> None:
    agrees(make(Customer), purpose)
    answer = client.get("/api/v1/customers", {"consent": name})
    assert answer.status_code == 422
    assert [(one["parameter"], one["code"]) for one in answer.json()["errors"]] == [("consent", "does_not_exist")]


def test_a_filter_by_consent_is_a_text_without_null(client: Any) -> None:
    answer = client.get("/api/v1/customers", {"consent": "marketing_email\0"})
    told = [(one["parameter"], one["code"]) for one in answer.json()["errors"]]
    assert (answer.status_code, told) == (400, [("consent", "null_characters_not_allowed")])


def test_customers_are_filtered_by_consent(client: Any, purpose: Purpose) -> None:
    customer = agrees(make(Customer), purpose).customer
    make(Customer)
    with CaptureQueriesContext(connection) as queries:
        found = client.get("/api/v1/customers", {"consent": "marketing_email", "count": "exact"}).json()
    assert ([one["id"] for one in found["results"]], found["count"]) == ([str(customer.pk)], 1)
    assert len(queries) <= 5


def test_consent_stands_on_the_timeline(client: Any, purpose: Purpose) -> None:
    consent = agrees(make(Customer), purpose)
    entries = client.get(f"/api/v1/customers/{consent.customer.pk}/timeline", {"kind": "consents"}).json()["results"]
    assert [(one["kind"], one["record"]["id"]) for one in entries] == [("consents", str(consent.pk))]
