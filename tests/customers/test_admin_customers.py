from __future__ import annotations

import datetime
import json

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from customers.actions import log_interaction
from customers.admin.countries import country_name
from customers.admin.home import last_months, new_by_month
from customers.models import Customer, Interaction
from tests.staff import colleague, form_of, page, signed_in, superuser, team

pytestmark = pytest.mark.django_db


def test_a_call_is_logged_from_the_customers_page() -> None:
    user = colleague("Sales representative", team=team("East"))
    customer = Customer.objects.create(name="John Doe", owner=user)
    client = signed_in(user)
    assert page(customer, "log_a_call") in client.get(page(customer, "change")).content.decode()
    body = {"subject": "Asked for a quote", "direction": "inbound", "minutes": "5", "body": "Ten chairs."}
    assert client.post(page(customer, "log_a_call"), body)["Location"] == page(customer, "change")
    call = Interaction.objects.get()
    assert (call.kind, call.subject, call.direction, call.duration) == ("call", "Asked for a quote", "inbound", 300)
    assert (call.customer, call.user, call.owner, call.team) == (customer, user, user, user.team)


def test_a_call_without_a_subject_is_refused() -> None:
    customer = Customer.objects.create(name="John Doe")
    client = signed_in(superuser())
    answer = client.post(page(customer, "log_a_call"), {"direction": "inbound"})
    assert list(answer.context["form"].errors) == ["subject"]
    assert Interaction.objects.count() == 0


def test_logging_refuses_a_kind_that_does_not_exist() -> None:
    customer = Customer.objects.create(name="John Doe")
    with pytest.raises(ValidationError):
        log_interaction(customer=customer, by=superuser(), kind="telepathy", subject="Hello")
    assert Interaction.objects.count() == 0


def test_a_list_links_to_mail_phone_and_organization() -> None:
    acme = Customer.objects.create(kind="organization", name="Acme")
    Customer.objects.create(name="Ann", organization=acme, email="a@example.com", phone="030 901820", country="DE")
    text = signed_in(superuser()).get(page(Customer, "changelist")).content.decode()
    assert 'href="mailto:a@example.com"' in text
    assert 'href="tel:+4930901820"' in text
    assert f'href="{page(acme, "change")}"' in text
    assert ">Germany<" in text


@pytest.mark.parametrize(("kind", "absent"), [("person", "people-"), ("organization", "given_name")])
def test_a_form_fits_the_kind_of_customer(kind: str, absent: str) -> None:
    customer = Customer.objects.create(kind=kind, name="Acme")
    fields = form_of(signed_in(superuser()), page(customer, "change"))
    assert [name for name in fields if name.startswith(absent)] == []


def test_people_are_added_to_an_organization() -> None:
    acme = Customer.objects.create(kind="organization", name="Acme")
    client = signed_in(superuser())
    row = {"people-TOTAL_FORMS": "1", "people-0-name": "John Doe", "people-0-email": "John@Example.com"}
    assert client.post(page(acme, "change"), form_of(client, page(acme, "change")) | row).status_code == 302
    person = acme.people.get()
    assert (person.name, person.email, person.kind) == ("John Doe", "john@example.com", "person")


def test_the_page_shows_the_latest_interactions_only() -> None:
    customer = Customer.objects.create(name="John Doe")
    for hour in range(12):
        occurred_at = timezone.now() - datetime.timedelta(hours=hour)
        Interaction.objects.create(customer=customer, kind="note", subject=f"Note {hour:02}", occurred_at=occurred_at)
    text = signed_in(superuser()).get(page(customer, "change")).content.decode()
    assert "Note 09" in text
    assert "Note 10" not in text


def test_adding_from_the_list_of_organizations_makes_an_organization() -> None:
    query = {"_changelist_filters": "kind__exact=organization"}
    answer = signed_in(superuser()).get(page(Customer, "add"), query)
    assert answer.context["adminform"].form["kind"].value() == "organization"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"kind__exact": "organization"}, ["Acme"]),
        ({"country": "DE"}, ["Acme"]),
        ({"lifecycle__exact": "prospect"}, ["John"]),
        ({"industry__icontains": "logis"}, ["Acme"]),
        ({"is_active__exact": "0"}, ["John"]),
        ({"created_at_from": "2999-01-01"}, []),
        ({"created_at_from": "2020-01-01", "created_at_to": "2999-01-01"}, ["Acme", "John"]),
    ],
)
def test_the_list_is_narrowed(query: dict[str, str], found: list[str]) -> None:
    Customer.objects.create(kind="organization", name="Acme", country="DE", industry="Logistics")
    Customer.objects.create(name="John", lifecycle="prospect", is_active=False)
    answer = signed_in(superuser()).get(page(Customer, "changelist"), query)
    assert [row.name for row in answer.context["cl"].result_list] == found


def test_the_list_is_narrowed_to_an_owner() -> None:
    user = colleague(first_name="Ann", last_name="Lee")
    Customer.objects.create(name="Hers", owner=user)
    Customer.objects.create(name="Nobody's")
    answer = signed_in(superuser()).get(page(Customer, "changelist"), {"owner__id__exact": str(user.pk)})
    assert [row.name for row in answer.context["cl"].result_list] == ["Hers"]


def test_countries_have_names_in_the_readers_language() -> None:
    text = signed_in(superuser(), language="zh-hans").get(page(Customer, "add")).content.decode()
    assert '<option value="DE">德国</option>' in text
    with translation.override("en"):
        assert country_name("DE") == "Germany"


def figures(text_of: object) -> dict[str, object]:
    return {panel.template.split("/")[-1]: panel.data for panel in reversed(text_of.context["panels"])}  # type: ignore[attr-defined]


def test_the_home_page_counts_what_one_may_see() -> None:
    east, west = team("East"), team("West")
    user = colleague("Sales representative", team=east)
    mine = Customer.objects.create(name="Mine", owner=user, lifecycle="prospect")
    Customer.objects.create(name="Ours", team=east)
    theirs = Customer.objects.create(name="Theirs", team=west)
    for customer in (mine, theirs):
        Interaction.objects.create(customer=customer, kind="call", subject=f"With {customer}")
    data = figures(signed_in(user).get("/admin/"))
    assert [figure.value for figure in data["figures.html"]] == [1, 1, 0, 0]  # type: ignore[attr-defined]
    assert data["home_customers.html"] == [mine]
    assert [str(one) for one in data["home_interactions.html"]] == ["With Mine"]  # type: ignore[attr-defined]
    calls = data["counts.html"][0]  # type: ignore[index]
    assert (calls["week"], calls["month"]) == (1, 1)


def test_the_home_page_says_when_there_is_nothing_to_see() -> None:
    text = signed_in(colleague()).get("/admin/").content.decode()
    assert "You may not see any records yet." in text


def test_the_home_page_asks_no_more_for_more_records() -> None:
    client = signed_in(superuser())
    counts = []
    for more in (1, 20):
        for _ in range(more):
            customer = Customer.objects.create(name="John", owner=colleague())
            Interaction.objects.create(customer=customer, kind="call", subject="Hello", user=colleague())
        with CaptureQueriesContext(connection) as queries:
            client.get("/admin/")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 16


def test_new_customers_are_counted_by_month() -> None:
    old = Customer.objects.create(name="Old")
    Customer.objects.filter(pk=old.pk).update(created_at=last_months(timezone.localdate())[0])
    Customer.objects.create(name="New")
    values = json.loads(new_by_month(superuser()))["datasets"][0]["data"]
    assert values == [1, *[0] * 10, 1]


def test_the_last_months_cross_the_year() -> None:
    months = last_months(datetime.date(2026, 3, 31))
    assert [f"{month:%Y-%m}" for month in (months[0], months[-1])] == ["2025-04", "2026-03"]
    assert len(months) == 12


def test_who_may_be_the_same_is_shown_before_a_customer_is_added_anyway() -> None:
    known = Customer.objects.create(name="John Doe", email="john@example.com")
    client = signed_in(superuser())
    body = form_of(client, page(Customer, "add")) | {"name": "J. Doe", "email": "john@example.com"}
    answer = client.post(page(Customer, "add"), body)
    assert f'<a href="{page(known, "change")}" class="text-link">John Doe may be the same: same e-mail.</a>' in (
        answer.content.decode()
    )
    assert Customer.objects.count() == 1
    seen = answer.context["adminform"].form["seen_duplicates"].value()
    assert f'name="seen_duplicates" value="{known.pk}"' in answer.content.decode()
    assert client.post(page(Customer, "add"), {**body, "seen_duplicates": seen}).status_code == 302
    assert Customer.objects.filter(name="J. Doe").exists()


def test_a_customer_is_changed_without_a_word_on_duplicates() -> None:
    Customer.objects.create(name="John Doe", email="john@example.com")
    other = Customer.objects.create(name="J. Doe", email="john@example.com")
    client = signed_in(superuser())
    body = form_of(client, page(other, "change")) | {"name": "Jane Doe"}
    assert client.post(page(other, "change"), body).status_code == 302
