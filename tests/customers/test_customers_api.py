from typing import Any

import pytest

from crm.models import CustomField
from customers.models import Address, Customer, Interaction

pytestmark = pytest.mark.django_db
CUSTOMERS = "/api/v1/customers"
MERGE_PATCH = "application/merge-patch+json"


@pytest.fixture
def north(make_team: Any) -> Any:
    return make_team("North")


@pytest.fixture
def seller(make_user: Any, north: Any) -> Any:
    return make_user("Sales representative", team=north)


@pytest.fixture
def client(api_client: Any, seller: Any) -> Any:
    return api_client(seller, "customers:read", "customers:write", "directory:read")


def refusals(answer: Any) -> list[tuple[str, str]]:
    return [(item["pointer"], item["code"]) for item in answer.json()["errors"]]


def test_three_fields_make_a_customer(client: Any) -> None:
    body = {"name": "John Doe", "email": "john.doe@example.com", "phone": "123456789"}
    answer = client.post(CUSTOMERS, body)
    assert answer.status_code == 201
    made = answer.json()
    assert {name: made[name] for name in body} == body
    assert (made["kind"], made["lifecycle"], made["phone_e164"]) == ("person", "lead", "")


@pytest.mark.parametrize(
    ("phone", "country", "expected"),
    [
        ("030 1234567", "DE", "+49301234567"),
        ("(503) 555-7555", "US", "+15035557555"),
        ("+86 10 6552 9988", "", "+861065529988"),
        ("010-65529988", "CN", "+861065529988"),
        ("call the porter", "DE", ""),
        ("2967 542", "", ""),
    ],
)
def test_a_phone_is_kept_as_typed_and_read_where_it_can_be(
    client: Any, phone: str, country: str, expected: str
) -> None:
    made = client.post(CUSTOMERS, {"name": "Someone", "phone": phone, "country": country}).json()
    assert (made["phone"], made["phone_e164"]) == (phone, expected)


@pytest.mark.parametrize(
    ("given", "family", "name"), [("Ana", "Trujillo", "Ana Trujillo"), ("伟", "王", "王伟"), ("Cher", "", "Cher")]
)
def test_a_person_is_named_by_their_two_names(client: Any, given: str, family: str, name: str) -> None:
    made = client.post(CUSTOMERS, {"given_name": given, "family_name": family}).json()
    assert made["name"] == name


def test_a_customer_needs_a_name(client: Any) -> None:
    answer = client.post(CUSTOMERS, {"email": "nobody@example.com"})
    assert refusals(answer) == [("/name", "required")]
    assert not Customer.objects.exists()


def test_an_email_address_is_kept_in_lower_case(client: Any) -> None:
    made = client.post(CUSTOMERS, {"name": "Ann", "email": "Ann.Devon@Example.COM"}).json()
    assert made["email"] == "ann.devon@example.com"
    assert len(client.get(CUSTOMERS, {"email": "ann.devon@example.com"}).json()["results"]) == 1


def test_a_person_belongs_to_an_organization(client: Any) -> None:
    company = client.post(CUSTOMERS, {"name": "ACME", "kind": "organization"}).json()
    person = client.post(CUSTOMERS, {"name": "Ann", "organization": company["id"]}).json()
    expanded = client.get(f"{CUSTOMERS}/{person['id']}", {"expand": "organization.owner"}).json()
    assert expanded["organization"]["name"] == "ACME"
    assert expanded["organization"]["owner"]["username"]


@pytest.mark.parametrize("kind", ["organization", "person"])
def test_neither_an_organization_nor_a_persons_employee_has_an_employer(client: Any, kind: str) -> None:
    employer = client.post(CUSTOMERS, {"name": "Not a company", "kind": "person"}).json()
    answer = client.post(CUSTOMERS, {"name": "X", "kind": kind, "organization": employer["id"]})
    assert answer.status_code == 422
    assert [pointer for pointer, _code in refusals(answer)] == ["/organization"]
    assert Customer.objects.count() == 1


def test_an_organization_with_people_stays_one(client: Any) -> None:
    company = client.post(CUSTOMERS, {"name": "ACME", "kind": "organization"}).json()
    client.post(CUSTOMERS, {"name": "Ann", "organization": company["id"]})
    answer = client.patch(f"{CUSTOMERS}/{company['id']}", {"kind": "person"}, content_type=MERGE_PATCH)
    assert answer.status_code == 409
    assert Customer.objects.get(pk=company["id"]).kind == "organization"


def test_a_customer_with_history_is_not_deleted(client: Any) -> None:
    customer = client.post(CUSTOMERS, {"name": "ACME", "kind": "organization"}).json()
    call = client.post("/api/v1/interactions", {"customer": customer["id"], "kind": "call", "subject": "Hello"}).json()
    answer = client.delete(f"{CUSTOMERS}/{customer['id']}")
    assert answer.status_code == 403 or answer.json()["errors"][0]["id"] == call["id"]
    assert Customer.objects.filter(pk=customer["id"]).exists()


def test_a_manager_is_told_what_refers_to_a_customer(api_client: Any, make_user: Any) -> None:
    manager = api_client(make_user("Sales manager"), "customers:read", "customers:write")
    customer = manager.post(CUSTOMERS, {"name": "ACME", "kind": "organization"}).json()
    person = manager.post(CUSTOMERS, {"name": "Ann", "organization": customer["id"]}).json()
    answer = manager.delete(f"{CUSTOMERS}/{customer['id']}")
    assert answer.status_code == 409
    assert [(item["code"], item["id"]) for item in answer.json()["errors"]] == [("customers.customer", person["id"])]


@pytest.mark.parametrize("text", ["müller", "MULLER", "Müll", "ｍｕｌｌｅｒ", "里", "阿里", "example.com", "0301"])
def test_search_finds_parts_of_words_in_any_script(client: Any, text: str) -> None:
    client.post(CUSTOMERS, {"name": "阿里 Müller", "email": "m@example.com", "phone": "0301234567", "country": "DE"})
    client.post(CUSTOMERS, {"name": "Someone else"})
    found = client.get(CUSTOMERS, {"search": text}).json()["results"]
    assert [row["name"] for row in found] == ["阿里 Müller"]


@pytest.mark.parametrize("text", ["%", "_", "\\", "100%", "'; --"])
def test_search_takes_no_character_for_a_pattern(client: Any, text: str) -> None:
    client.post(CUSTOMERS, {"name": "Plain name"})
    client.post(CUSTOMERS, {"name": f"Odd {text} name"})
    found = client.get(CUSTOMERS, {"search": text}).json()["results"]
    assert [row["name"] for row in found] == [f"Odd {text} name"]


def test_a_colleague_elsewhere_sees_no_organization_through_its_person(
    client: Any, api_client: Any, make_user: Any, make_team: Any
) -> None:
    south = make_team("South")
    company = client.post(CUSTOMERS, {"name": "Secret Ltd", "kind": "organization"}).json()
    person = client.post(CUSTOMERS, {"name": "Ann", "organization": company["id"], "team": str(south.pk)}).json()
    other = api_client(make_user("Sales representative", team=south), "customers:read")
    seen = other.get(f"{CUSTOMERS}/{person['id']}", {"expand": "organization"}).json()
    assert seen["name"] == "Ann"
    assert seen["organization"] is None


def test_another_teams_customer_cannot_be_referred_to(client: Any, make_user: Any, make_team: Any) -> None:
    theirs = Customer.objects.create(name="Theirs", owner=make_user("Sales representative", team=make_team("South")))
    answer = client.post("/api/v1/interactions", {"customer": str(theirs.pk), "kind": "call", "subject": "Hi"})
    assert refusals(answer) == [("/customer", "does_not_exist")]
    assert not Interaction.objects.exists()


def test_addresses_are_shown_with_their_customer(client: Any) -> None:
    customer = client.post(CUSTOMERS, {"name": "ACME", "kind": "organization"}).json()
    body = {"customer": customer["id"], "city": "Berlin", "country": "DE", "is_primary": True}
    address = client.post("/api/v1/addresses", body).json()
    shown = client.get(f"{CUSTOMERS}/{customer['id']}", {"expand": "addresses"}).json()
    assert [item["id"] for item in shown["addresses"]] == [address["id"]]


def test_a_customer_has_one_primary_address(client: Any) -> None:
    customer = client.post(CUSTOMERS, {"name": "ACME", "kind": "organization"}).json()
    body = {"customer": customer["id"], "city": "Berlin", "country": "DE", "is_primary": True}
    client.post("/api/v1/addresses", body)
    answer = client.post("/api/v1/addresses", body)
    assert answer.status_code == 409
    assert refusals(answer) == [("/customer", "address_one_primary")]
    assert Address.objects.count() == 1


def test_an_interaction_is_the_callers_unless_another_colleague_is_named(client: Any, seller: Any) -> None:
    customer = client.post(CUSTOMERS, {"name": "Ann"}).json()
    call = client.post("/api/v1/interactions", {"customer": customer["id"], "kind": "call", "subject": "Hello"}).json()
    assert (call["user"], call["direction"]) == (str(seller.pk), "outbound")


def test_an_interaction_is_about_a_record_that_there_is(client: Any) -> None:
    customer = client.post(CUSTOMERS, {"name": "Ann"}).json()
    body = {"customer": customer["id"], "kind": "note", "subject": "Note", "about_type": "customers.customer"}
    good = client.post("/api/v1/interactions", {**body, "about_id": customer["id"]})
    bad = client.post("/api/v1/interactions", {**body, "about_id": "00000000-0000-7000-8000-000000000000"})
    half = client.post("/api/v1/interactions", body)
    assert good.status_code == 201
    assert refusals(bad) == [("/about_id", "does_not_exist")]
    assert refusals(half) == [("/about_id", "invalid")]


@pytest.fixture
def custom_fields(db: None) -> None:
    from django.contrib.contenttypes.models import ContentType

    kind = ContentType.objects.get_for_model(Customer)
    for name, type_, choices in (
        ("size", "choice", ["small", "large"]),
        ("staff", "number", []),
        ("vip", "boolean", []),
        ("since", "date", []),
    ):
        CustomField.objects.create(content_type=kind, name=name, label=name, type=type_, choices=choices)


@pytest.mark.usefixtures("custom_fields")
def test_custom_fields_are_typed_and_filtered(client: Any) -> None:
    values = {"size": "large", "staff": 250, "vip": True, "since": "2020-05-01"}
    made = client.post(CUSTOMERS, {"name": "ACME", "custom": values}).json()
    client.post(CUSTOMERS, {"name": "Other", "custom": {"size": "small", "staff": 2}})
    assert made["custom"] == values
    for query in ({"custom.size": "large"}, {"custom.staff": "250"}, {"custom.vip": "true"}):
        assert [row["name"] for row in client.get(CUSTOMERS, query).json()["results"]] == ["ACME"]


@pytest.mark.usefixtures("custom_fields")
@pytest.mark.parametrize(
    ("name", "value"), [("size", "huge"), ("staff", "many"), ("vip", "yes"), ("since", "2026-02-30"), ("none", 1)]
)
def test_a_custom_field_refuses_what_is_not_of_its_type(client: Any, name: str, value: Any) -> None:
    answer = client.post(CUSTOMERS, {"name": "ACME", "custom": {name: value}})
    assert [pointer for pointer, _code in refusals(answer)] == [f"/custom/{name}"]
    assert client.get(CUSTOMERS, {f"custom.{name}": str(value)}).status_code == 400


@pytest.mark.usefixtures("custom_fields")
def test_a_patch_changes_the_custom_fields_it_names(client: Any) -> None:
    made = client.post(CUSTOMERS, {"name": "ACME", "custom": {"size": "small", "staff": 2}}).json()
    patch = {"custom": {"staff": None, "vip": False}}
    changed = client.patch(f"{CUSTOMERS}/{made['id']}", patch, content_type=MERGE_PATCH).json()
    assert changed["custom"] == {"size": "small", "vip": False}


def test_a_patch_with_null_empties_a_field(client: Any) -> None:
    made = client.post(CUSTOMERS, {"name": "Ann", "email": "ann@example.com", "job_title": "Agent"}).json()
    patch = {"email": None, "owner": None}
    changed = client.patch(f"{CUSTOMERS}/{made['id']}", patch, content_type=MERGE_PATCH).json()
    assert (changed["email"], changed["owner"], changed["job_title"]) == ("", None, "Agent")


def test_a_put_replaces_what_it_leaves_out(client: Any, seller: Any) -> None:
    made = client.post(CUSTOMERS, {"name": "John", "email": "john@example.com", "lifecycle": "customer"}).json()
    body = {"name": "Jane Doe", "email": "jane.doe@example.com", "phone": "987654321"}
    replaced = client.put(f"{CUSTOMERS}/{made['id']}", body).json()
    assert {name: replaced[name] for name in body} == body
    assert (replaced["lifecycle"], replaced["owner"]) == ("lead", str(seller.pk))


def test_a_filter_by_several_values_refuses_one_that_there_is_not(api_client: Any, integration: Any) -> None:
    client = api_client(integration, "customers:read")
    assert client.get("/api/v1/customers", {"lifecycle__in": "lead,former"}).status_code == 200
    assert client.get("/api/v1/customers", {"lifecycle__in": "lead,friend"}).status_code == 400
