from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.admin.lists import CappedPaginator
from crm.models import CustomField
from customers.models import Customer, Interaction
from tests.staff import colleague, form_of, page, signed_in, superuser, team

pytestmark = pytest.mark.django_db


def organization(name: str, **fields: object) -> Customer:
    return Customer.objects.create(kind="organization", name=name, **fields)


def names(client: Client, **query: str) -> list[str]:
    rows = client.get(page(Customer, "changelist"), query).context["cl"].result_list
    return [row.name for row in rows]


def test_nobody_enters_the_staff_site_unsigned() -> None:
    answer = Client().get(page(Customer, "changelist"))
    assert answer.status_code == 302
    assert answer["Location"] == "/admin/login/?next=/admin/customers/customer/"


def test_a_sales_representative_sees_the_records_of_the_team() -> None:
    east, west = team("East"), team("West")
    organization("Ours", team=east)
    organization("Theirs", team=west)
    client = signed_in(colleague("Sales representative", team=east))
    assert names(client) == ["Ours"]
    assert names(client, q="theirs") == []


@pytest.mark.parametrize("name", ["change", "delete", "history", "log_a_call"])
def test_another_teams_record_does_not_exist(name: str) -> None:
    theirs = organization("Theirs", team=team("West"))
    client = signed_in(colleague("Sales representative", team=team("East"), is_superuser=False))
    answer = client.get(page(theirs, name))
    assert answer.status_code in {302, 403, 404}
    assert "Theirs" not in answer.content.decode()


def test_another_teams_record_cannot_be_changed() -> None:
    east, west = team("East"), team("West")
    ours, theirs = organization("Ours", team=east), organization("Theirs", team=west)
    client = signed_in(colleague("Sales representative", team=east))
    body = form_of(client, page(ours, "change")) | {"name": "Stolen"}
    assert client.post(page(theirs, "change"), body).status_code == 302
    theirs.refresh_from_db()
    assert theirs.name == "Theirs"


def test_a_choice_offers_only_what_one_may_see() -> None:
    east, west = team("East"), team("West")
    ours = organization("Ours", team=east)
    organization("Theirs", team=west)
    client = signed_in(colleague("Sales representative", team=east))
    query = {"app_label": "customers", "model_name": "customer", "field_name": "organization", "term": ""}
    answer = client.get(reverse("admin:autocomplete"), query).json()
    assert answer["results"] == [{"id": str(ours.pk), "text": "Ours"}]


def test_a_forged_choice_is_refused() -> None:
    east = team("East")
    theirs = organization("Theirs", team=team("West"))
    person = Customer.objects.create(name="John Doe", team=east)
    client = signed_in(colleague("Sales representative", team=east))
    body = form_of(client, page(person, "change")) | {"organization": str(theirs.pk)}
    answer = client.post(page(person, "change"), body)
    assert "organization" in answer.context["adminform"].form.errors
    person.refresh_from_db()
    assert person.organization is None


def test_a_change_keeps_the_organization_that_one_may_not_see() -> None:
    east = team("East")
    theirs = organization("Theirs", team=team("West"))
    person = Customer.objects.create(name="John Doe", team=east, organization=theirs)
    client = signed_in(colleague("Sales representative", team=east))
    body = form_of(client, page(person, "change")) | {"job_title": "Buyer"}
    answer = client.post(page(person, "change"), body, follow=True)
    person.refresh_from_db()
    assert (person.job_title, person.organization) == ("Buyer", theirs)
    assert "Theirs" not in answer.content.decode()


def test_an_auditor_reads_and_changes_nothing() -> None:
    customer = organization("Acme")
    client = signed_in(colleague("Auditor"))
    assert client.get(page(customer, "change")).status_code == 200
    assert client.post(page(customer, "change"), {"name": "Other"}).status_code == 403
    assert client.post(page(customer, "delete"), {"post": "yes"}).status_code == 403
    assert client.get(page(customer, "log_a_call")).status_code == 403
    assert Customer.objects.get().name == "Acme"


def test_a_new_record_belongs_to_who_makes_it() -> None:
    user = colleague("Sales representative", team=team("East"))
    client = signed_in(user)
    body = form_of(client, page(Customer, "add")) | {"given_name": "John", "family_name": "Doe"}
    assert client.post(page(Customer, "add"), body).status_code == 302
    customer = Customer.objects.get()
    assert (customer.name, customer.owner, customer.team) == ("John Doe", user, user.team)


def test_a_change_over_somebody_elses_is_refused() -> None:
    customer = organization("Acme")
    client = signed_in(superuser())
    body = form_of(client, page(customer, "change")) | {"name": "Mine"}
    customer.name = "Theirs"
    customer.save()
    answer = client.post(page(customer, "change"), body)
    assert answer.context["adminform"].form.errors.as_data()["__all__"][0].code == "conflict"
    customer.refresh_from_db()
    assert customer.name == "Theirs"


def test_a_record_in_use_is_not_deleted_and_says_by_what() -> None:
    east, west = team("East"), team("West")
    acme = organization("Acme", team=east)
    Customer.objects.create(name="Seen", team=east, organization=acme)
    Customer.objects.create(name="Unseen", team=west, organization=acme)
    user = colleague("Sales representative", team=east)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="delete_"))
    answer = signed_in(user).post(page(acme, "delete"), {"post": "yes"})
    text = answer.content.decode()
    assert "Customer: Seen" in text
    assert "1 record that you may not see" in text
    assert "Unseen" not in text
    assert Customer.objects.count() == 3


def test_custom_fields_are_edited_like_others() -> None:
    customer = organization("Acme", custom={"old": 1})
    kind = ContentType.objects.get_for_model(Customer)
    for name, type_ in [("size", "number"), ("since", "date"), ("vip", "boolean"), ("note", "text")]:
        CustomField.objects.create(content_type=kind, name=name, label=name, type=type_)
    client = signed_in(superuser())
    values = {"custom__size": "12", "custom__since": "2026-01-31", "custom__vip": "true", "custom__note": "true"}
    client.post(page(customer, "change"), form_of(client, page(customer, "change")) | values)
    customer.refresh_from_db()
    assert customer.custom == {"old": 1, "size": 12, "since": "2026-01-31", "vip": True, "note": "true"}
    shown = form_of(client, page(customer, "change"))
    assert {name: str(shown[name]) for name in values} == values


def test_a_custom_value_of_the_wrong_type_is_refused() -> None:
    customer = organization("Acme")
    kind = ContentType.objects.get_for_model(Customer)
    CustomField.objects.create(content_type=kind, name="size", label="Size", type="choice", choices=["S", "M"])
    client = signed_in(superuser())
    body = form_of(client, page(customer, "change")) | {"custom__size": "XXL"}
    assert "custom__size" in client.post(page(customer, "change"), body).context["adminform"].form.errors
    customer.refresh_from_db()
    assert customer.custom == {}


def test_an_auditor_reads_custom_values() -> None:
    kind = ContentType.objects.get_for_model(Customer)
    CustomField.objects.create(content_type=kind, name="size", label="Size", type="text")
    customer = organization("Acme", custom={"size": "large", "gone": 1})
    answer = signed_in(colleague("Auditor")).get(page(customer, "change"))
    assert "Size: large" in answer.content.decode()
    assert "gone" not in answer.content.decode()


def test_search_ignores_case_and_accents() -> None:
    organization("Café Müller")
    organization("北京星河科技有限公司")
    client = signed_in(superuser())
    assert names(client, q="cafe mull") == ["Café Müller"]
    assert names(client, q="星河") == ["北京星河科技有限公司"]


def test_a_list_asks_as_much_for_thirty_rows_as_for_one() -> None:
    acme = organization("Acme")
    client = signed_in(superuser())
    counts = []
    for more in (1, 29):
        for number in range(more):
            Customer.objects.create(name=f"Person {number}", organization=acme, owner=colleague())
        with CaptureQueriesContext(connection) as queries:
            client.get(page(Customer, "changelist"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_counting_stops_at_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        organization(f"Organization {number}")
    monkeypatch.setattr("crm.admin.lists.MOST_COUNTED", 2)
    paginator = CappedPaginator(Customer.objects.order_by("name"), 1)
    assert (paginator.count, paginator.is_capped) == (2, True)


def test_rows_added_to_a_record_belong_to_who_adds_them() -> None:
    customer = organization("Acme")
    user = colleague("Sales manager", team=team("East"))
    client = signed_in(user)
    row = {"addresses-TOTAL_FORMS": "1", "addresses-0-type": "office", "addresses-0-city": "Berlin"}
    body = form_of(client, page(customer, "change")) | row | {"addresses-0-country": "DE"}
    assert client.post(page(customer, "change"), body).status_code == 302
    address = customer.addresses.get()
    assert (address.city, address.owner, address.team) == ("Berlin", user, user.team)


def test_an_interaction_is_seen_by_whoever_sees_the_customer() -> None:
    east, west = team("East"), team("West")
    for group in (east, west):
        customer = organization(f"Of {group}", team=group)
        Interaction.objects.create(customer=customer, kind="call", subject=f"With {group}")
    client = signed_in(colleague("Sales representative", team=east))
    rows = client.get(page(Interaction, "changelist")).context["cl"].result_list
    assert [row.subject for row in rows] == ["With East"]
