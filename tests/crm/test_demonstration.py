from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError
from django.utils import timezone

from crm import checks, demonstration
from crm.models import (
    Application,
    Attachment,
    CustomField,
    ExternalReference,
    SavedView,
    Tag,
    Task,
    Team,
    User,
)
from customers.models import Address, Consent, Customer, Duplicate, Interaction, Relationship, RetentionRule
from sales.models import Lead, Opportunity, OpportunityLine, Order, OrderLine, Product, StageChange
from tests.demonstration import data, demo_data, made
from tests.samples import make

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client
    from pytest_django.fixtures import Settings

__all__ = ["data", "made"]
pytestmark = pytest.mark.django_db
KINDS = (Team, User, Customer, Address, Interaction, Task, Relationship, CustomField, ExternalReference)


def counts() -> list[int]:
    return [kind._base_manager.count() for kind in KINDS]


def test_it_has_customers_in_many_languages(data: None) -> None:
    assert counts() == [4, 10, 226, 97, 600, 60, 28, 5, 3450]
    languages = set(Customer.objects.exclude(language="").values_list("language", flat=True))
    assert languages == {"en-US", "en-GB", "de", "fr", "es", "pt-BR", "zh-Hans", "ja"}
    assert Customer.objects.filter(phone_e164="").count() == 7  # who sent the form on the web site
    assert Customer.objects.tagged(["key account"]).exists()
    assert Task.objects.of(User.objects.get(username="admin")).exists()


def test_it_shows_what_can_be_done_with_customers(data: None) -> None:
    assert Duplicate.objects.filter(dismissed_at=None).count() >= 8
    assert set(Consent.objects.values_list("is_granted", flat=True)) == {True, False}
    assert set(SavedView.objects.values_list("sharing", flat=True)) == {"all", "team", "private"}
    assert RetentionRule.objects.get().is_active is False
    assert Attachment.objects.count() == 12
    assert set(CustomField.objects.values_list("type", flat=True)) == {"choice", "number", "date", "boolean", "choices"}
    open_tasks = Task.objects.filter(status="open")
    assert open_tasks.filter(due_at__lt=timezone.now()).exists()
    assert open_tasks.filter(remind_at__gt=timezone.now()).exists()


def test_it_repeats_itself(data: None) -> None:
    first = list(
        Customer.objects.order_by("email", "name").values_list("name", "email", "lifecycle", "owner__username")
    )
    demo_data("--remove")
    demo_data()
    second = list(
        Customer.objects.order_by("email", "name").values_list("name", "email", "lifecycle", "owner__username")
    )
    assert second == first


def test_every_record_would_pass_for_one_that_was_typed(data: None) -> None:
    for kind in (Customer, Address, Interaction, Task, Relationship):
        for record in kind._base_manager.order_by("pk")[:40]:
            record.full_clean(
                exclude=["owner", "team", "user", "assignee", "completed_by"],
                validate_unique=False,
                validate_constraints=False,
            )


def test_all_of_it_can_be_removed(data: None) -> None:
    assert demo_data("--remove") == "3450 records removed.\n"
    assert counts() == [0] * 9
    assert not SavedView.objects.exists()
    assert not RetentionRule.objects.exists()
    assert not Attachment.objects.exists()
    assert not Consent.objects.exists()
    assert not Duplicate.objects.exists()
    assert not Application.objects.filter(client_id=demonstration.CLIENT_ID).exists()


def test_what_is_not_of_it_stays(data: None) -> None:
    mine = Customer.objects.create(name="Mine", tags=["reference"])
    demo_data("--remove")
    assert list(Customer.objects.all()) == [mine]
    assert list(Tag.objects.values_list("name", flat=True)) == ["reference"]


def test_what_other_data_refers_to_stays_but_signs_in_no_more(data: None) -> None:
    emma = User.objects.get(username="emma")
    Customer.objects.create(name="Mine", owner=emma)
    said = demo_data("--remove")
    emma.refresh_from_db()
    assert (emma.is_active, emma.has_usable_password()) == (False, False)
    assert "user Emma Lindqvist stays: other data refers to it.\n" in said
    assert not demonstration.has_accounts()


def test_a_field_that_stands_in_other_records_stays(data: None, api_client: Callable[..., Any]) -> None:
    ada = api_client(User.objects.get(username="admin"), "customers:write")
    assert ada.post("/api/v1/customers", {"name": "John Doe"}).json()["custom"] == {"demo_newsletter": False}
    assert demo_data("--remove").splitlines() == [
        "3448 records removed.",
        "custom field Reads the newsletter stays: other data refers to it.",
        "user Ada Winter stays: other data refers to it.",
    ]
    assert (CustomField.objects.get().name, Customer.objects.get().name) == ("demo_newsletter", "John Doe")
    assert not demonstration.has_accounts()


@pytest.mark.parametrize("name", ["demo_interests", "demo_tier"])
def test_the_first_or_last_field_may_be_the_one_that_stays(data: None, name: str) -> None:
    field = CustomField.objects.get(name=name)
    value = field.choices[:1] if field.type == "choices" else field.choices[0]
    Customer.objects.create(name="Mine", custom={name: value})
    assert f"custom field {field.label} stays: other data refers to it." in demo_data("--remove").splitlines()
    assert list(CustomField.objects.all()) == [field]


def test_whom_other_records_need_stays(data: None) -> None:
    nordlicht = demonstration.marked(Customer).get(name="Nordlicht Energie GmbH")
    mine = make(Opportunity, name="Mine", customer=nordlicht)
    said = demo_data("--remove").splitlines()
    assert "customer Nordlicht Energie GmbH stays: other data refers to it." in said
    assert list(Opportunity.objects.all()) == [mine]


def test_it_is_made_only_once(data: None) -> None:
    before = counts()
    with pytest.raises(CommandError, match="is there already"):
        demo_data()
    assert counts() == before


def test_it_is_made_only_for_development() -> None:
    before = User.objects.count()
    with pytest.raises(CommandError, match="need DEBUG"):
        demo_data()
    assert User.objects.count() == before


def test_production_refuses_a_database_with_it(data: None, settings: Settings) -> None:
    settings.DEBUG = False
    assert [item.id for item in checks.demonstration_accounts(None, databases=["default"])] == ["crm.E009"]
    demo_data("--remove")
    assert checks.demonstration_accounts(None, databases=["default"]) == []


@pytest.mark.parametrize("username", ["admin", "emma", "lukas", "omar"])
def test_the_named_colleagues_sign_in(data: None, client: Client, username: str) -> None:
    form = {"username": username, "password": demonstration.PASSWORD}
    answer = client.post("/admin/login/?next=/admin/", form)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


def test_the_application_gets_a_token_and_sees_customers(data: None, client: Client) -> None:
    answer = client.post("/o/token/", {**PROGRAM, "grant_type": "client_credentials"})
    token = answer.json()["access_token"]
    found = client.get("/api/v1/customers?count=exact", headers={"authorization": f"Bearer {token}"}).json()
    assert found["count"] == 226


PROGRAM = {"client_id": demonstration.CLIENT_ID, "client_secret": demonstration.CLIENT_SECRET}


def test_it_has_deals_on_their_way_won_and_lost(data: None) -> None:
    statuses = set(Opportunity.objects.values_list("status", flat=True))
    assert statuses == {"open", "won", "lost"}
    assert set(Lead.objects.values_list("status", flat=True)) == set(Lead.Status.values)
    for kind in (Product, Opportunity, OpportunityLine, StageChange, Lead, Order, OrderLine):
        for record in kind._base_manager.order_by("pk")[:40]:
            record.full_clean(exclude=["owner", "team"], validate_unique=False)
