"""Customers that may be one are found, listed, named at creation, and dismissed."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.jobs import find_duplicates
from customers.matching import candidates, renew_duplicates
from customers.models import Customer, Duplicate
from tests.samples import make

pytestmark = pytest.mark.django_db
LIST = "/api/v1/customers"
PAIRS = f"{LIST}/duplicates"


@pytest.fixture
def client(api_client: Any, integration: Any) -> Any:
    return api_client(integration, "customers:read", "customers:write")


def key(name: str, kind: str = "organization") -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT customers_name_key(%s, %s)", [kind, name])
        return str(cursor.fetchone()[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ACME GmbH", "Acme"),
        ("Müller", "Mueller"),
        ("阿里巴巴(中国)有限公司", "阿里巴巴"),
        ("阿里巴巴（中国）股份有限公司", "阿里巴巴"),
        ("ＡＣＭＥ, Inc.", "acme G.m.b.H. & Co. KG"),
        ("Société Générale S.A.", "Societe Generale"),
        ("Grupo Sol, S.A. de C.V.", "grupo sol"),
        ("株式会社トヨタ", "トヨタ"),
        ("Groß & Söhne OHG", "Gross Soehne"),
        ("Straße AG", "Strasse Ltd."),
    ],
)
def test_names_are_the_same_but_for_their_form(one: str, other: str) -> None:
    assert key(one) == key(other) != ""


def test_words_of_a_name_may_be_turned_round_and_people_have_no_legal_form() -> None:
    assert key("Wang, Wei", "person") == key("wei wang", "person") == "wang wei"
    assert key("Maria Sá", "person") == "maria sa"
    assert key("GmbH") == "gmbh"
    assert key("Acme") != key("Acne")


def reasons_of(customer: Customer, user: Any) -> dict[str, tuple[float, list[str]]]:
    return {one.name: (one.score, one.reasons) for one in candidates(customer=customer, user=user)}


def test_each_reason_is_named_and_adds_to_the_score(integration: Any) -> None:
    known: Any = {"kind": "organization", "email": ""}
    make(Customer, **known, name="By name GmbH", phone="+49 30 901820")
    make(Customer, **known, name="By tax id", tax_id="DE 811.569-869")
    make(Customer, **known, name="By domain", website="https://www.acme.example/about")
    make(Customer, kind="organization", name="By e-mail", email="Info+news@acme.example")
    given: Any = {"phone": "030/901820", "country": "DE", "tax_id": "de811569869", "email": "info@acme.example"}
    new = make(Customer, **given, kind="organization", name="By Name")
    assert reasons_of(new, integration) == {
        "By e-mail": (0.95, ["email", "domain"]),
        "By tax id": (0.95, ["tax_id"]),
        "By name GmbH": (0.9, ["name", "phone"]),
        "By domain": (0.5, ["domain"]),
    }


def test_a_name_that_differs_by_a_letter_is_similar(integration: Any) -> None:
    make(Customer, name="Wilhelmine Hohenlohe", email="")
    new = make(Customer, name="Wilhelmina Hohenlohe", email="")
    ((score, reasons),) = reasons_of(new, integration).values()
    assert reasons == ["similar_name"]
    assert 0.5 <= score < 0.75


def test_a_person_is_not_an_organization_and_colleagues_are_not_one(integration: Any) -> None:
    make(Customer, name="Acme", kind="organization", email="info@acme.example")
    make(Customer, name="Ada", email="ada@acme.example")
    assert reasons_of(make(Customer, name="Acme", email="info@acme.example"), integration) == {}


@pytest.mark.parametrize("domain", ["gmail.com", "qq.com", "163.com"])
def test_a_domain_of_everybody_says_nothing(integration: Any, domain: str) -> None:
    make(Customer, name="Nordwind", kind="organization", email=f"nordwind@{domain}")
    assert reasons_of(make(Customer, name="Zephyr", kind="organization", email=f"z@{domain}"), integration) == {}


def test_what_too_many_share_says_nothing(integration: Any) -> None:
    for number in range(21):
        make(Customer, name=f"{number} {chr(97 + number) * 9}", email="", phone="+49 30 901820")
    new = make(Customer, name="Quite another", email="", phone="+49 30 901820")
    renew_duplicates()
    assert reasons_of(new, integration) == {}
    assert not Duplicate.objects.exists()


def test_a_new_customer_comes_with_a_link_to_its_candidates(client: Any) -> None:
    known = make(Customer, name="John Doe", email="john.doe@example.com")
    answer = client.post(LIST, {"name": "J. Doe", "email": "john.doe@example.com"})
    assert answer.status_code == 201
    assert answer.headers["Link"] == f'<http://testserver{LIST}?id__in={known.pk}>; rel="duplicates"'
    assert [one["id"] for one in client.get(f"{LIST}?id__in={known.pk}").json()["results"]] == [str(known.pk)]
    assert "Link" not in client.post(LIST, {"name": "Nobody Else", "email": "else@example.com"}).headers


def test_a_new_customer_is_refused_where_that_is_asked_for(client: Any) -> None:
    known = make(Customer, name="John Doe", email="john.doe@example.com")
    answer = client.post(f"{LIST}?duplicates=refuse", {"name": "John Doe", "email": "john.doe@example.com"})
    assert answer.status_code == 409
    (error,) = answer.json()["errors"]
    assert (error["code"], error["id"], error["score"]) == ("duplicate", str(known.pk), 0.98)
    assert error["reasons"] == ["email", "name"]
    assert error["detail"] == "John Doe may be the same: same e-mail, same name."
    assert Customer.objects.count() == 1
    assert client.post(f"{LIST}?duplicates=allow", {"name": "John Doe"}).status_code == 400
    assert client.post(f"{LIST}?duplicates=refuse", {"name": "Someone"}).status_code == 201


def test_nobody_hears_of_candidates_that_they_may_not_see(api_client: Any, make_user: Any, make_team: Any) -> None:
    make(Customer, name="John Doe", email="john.doe@example.com")
    seller = make_user("Sales representative", team=make_team("North"))
    client = api_client(seller, "customers:read", "customers:write")
    answer = client.post(f"{LIST}?duplicates=refuse", {"name": "John Doe", "email": "john.doe@example.com"})
    assert answer.status_code == 201
    renew_duplicates()
    assert Duplicate.objects.count() == 1
    assert client.get(PAIRS).json()["results"] == []
    assert client.get(f"{PAIRS}/{Duplicate.objects.get().pk}").status_code == 404
    assert client.post(f"/api/v1/duplicates/{Duplicate.objects.get().pk}/dismiss").status_code == 404


def listed(client: Any, query: str = "") -> list[tuple[str, str, Any, list[str]]]:
    results = client.get(f"{PAIRS}?{query}").json()["results"]
    return [(one["first_name"], one["second_name"], one["score"], one["reasons"]) for one in results]


def test_all_pairs_are_listed_likeliest_first(client: Any) -> None:
    first = make(Customer, name="Müller Logistik GmbH", kind="organization", email="")
    make(Customer, name="Mueller Logistik", kind="organization", email="info@mueller.example")
    make(Customer, name="Mueller Logistik AG", kind="organization", email="info@mueller.example")
    make(Customer, name="Mueler Logistik", kind="organization", email="")
    renew_duplicates()
    assert listed(client)[0] == ("Mueller Logistik", "Mueller Logistik AG", "0.99", ["email", "name", "domain"])
    pairs = listed(client, f"customer={first.pk}")
    assert sorted((pair[1], pair[3]) for pair in pairs) == [
        ("Mueler Logistik", ["similar_name"]),
        ("Mueller Logistik", ["name"]),
        ("Mueller Logistik AG", ["name"]),
    ]


def test_the_list_follows_the_customers(client: Any) -> None:
    one = make(Customer, name="One", email="same@example.com")
    other = make(Customer, name="Other", email="same@example.com")
    find_duplicates(0)
    before = Duplicate.objects.get()
    find_duplicates(0)
    assert Duplicate.objects.get().pk == before.pk
    assert (before.first, before.second, str(before.score)) == (one, other, "0.90")
    other.email = "other@example.com"
    other.save()
    find_duplicates(0)
    assert not Duplicate.objects.exists()


def test_a_pair_that_was_dismissed_stays_so(client: Any, integration: Any) -> None:
    one = make(Customer, name="One", email="same@example.com")
    make(Customer, name="Other", email="same@example.com")
    renew_duplicates()
    pair = Duplicate.objects.get()
    answer = client.post(f"/api/v1/duplicates/{pair.pk}/dismiss")
    assert (answer.status_code, answer.json()["dismissed_by"]) == (200, str(integration.pk))
    renew_duplicates()
    assert listed(client) == []
    assert listed(client, "dismissed=true") == [("One", "Other", "0.90", ["email"])]
    assert candidates(customer=one, user=integration) == []


def test_dismissing_needs_the_right_to_change(api_client: Any, make_user: Any) -> None:
    for name in ("One", "Other"):
        make(Customer, name=name, email="same@example.com")
    renew_duplicates()
    auditor = api_client(make_user("Auditor"), "customers:read", "customers:write")
    assert auditor.get(PAIRS).status_code == 200
    assert auditor.post(f"/api/v1/duplicates/{Duplicate.objects.get().pk}/dismiss").status_code == 403
    assert Duplicate.objects.get().dismissed_at is None


def test_parameters_of_the_list_are_checked(client: Any) -> None:
    assert client.get(f"{PAIRS}?customer=x").status_code == 400
    assert client.get(f"{PAIRS}?dismissed=x").status_code == 400
    assert client.get(f"{PAIRS}?score__gte=0.5").status_code == 200


def created(**data: Any) -> dict[str, Any]:
    return {"operation": "create", "data": data}


def test_items_of_a_batch_are_refused_one_by_one(client: Any) -> None:
    known = make(Customer, name="John Doe", email="john.doe@example.com")
    items = [
        created(name="John Doe", email="john.doe@example.com"),
        created(name="Ada Lovelace", email="ada@example.com"),
        created(name="A. L.", email="ada@example.com"),
        created(name="Somebody Else", email="else@example.com"),
    ]
    results = client.post(f"{LIST}/batch?duplicates=refuse", {"items": items}).json()["results"]
    assert [one["status"] for one in results] == [409, 201, 409, 201]
    assert results[0]["problem"]["errors"][0]["id"] == str(known.pk)
    (error,) = results[2]["problem"]["errors"]
    assert (error["id"], error["reasons"]) == (results[1]["record"], ["email"])
    assert Customer.objects.count() == 3
    assert [one["status"] for one in client.post(f"{LIST}/batch", {"items": items[:1]}).json()["results"]] == [201]


def test_an_atomic_batch_with_a_duplicate_is_refused_whole(client: Any) -> None:
    make(Customer, name="John Doe", email="john.doe@example.com")
    items = [created(name="Ada Lovelace"), created(name="John Doe", email="john.doe@example.com")]
    answer = client.post(f"{LIST}/batch?duplicates=refuse", {"atomic": True, "items": items})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/items/1", "duplicate")
    assert Customer.objects.count() == 1


def test_who_resembles_a_refused_one_only_is_taken(client: Any) -> None:
    make(Customer, name="John Doe", email="john.doe@example.com", phone="")
    items = [
        created(name="J.", email="john.doe@example.com", phone="+49 30 901820"),
        created(name="Quite Another", phone="+49 30 901820"),
    ]
    results = client.post(f"{LIST}/batch?duplicates=refuse", {"items": items}).json()["results"]
    assert [one["status"] for one in results] == [409, 201]


def test_a_batch_asks_for_all_its_duplicates_at_once(client: Any) -> None:
    def asked(count: int) -> int:
        items = [created(name=f"{chr(97 + n) * 9} {count}", email=f"{n}.{count}@example.com") for n in range(count)]
        with CaptureQueriesContext(connection) as queries:
            results = client.post(f"{LIST}/batch?duplicates=refuse", {"items": items}).json()["results"]
        assert {one["status"] for one in results} == {201}
        return len(queries)

    asked(1)
    assert asked(2) == asked(20)


def test_a_batch_of_records_without_duplicates_knows_no_such_wish(client: Any) -> None:
    item = created(customer=str(make(Customer).pk), city="Berlin", country="DE")
    assert client.post("/api/v1/addresses/batch?duplicates=refuse", {"items": [item]}).status_code == 400
    assert client.post(f"{LIST}/batch?duplicates=allow", {"items": [created(name="A")]}).status_code == 400
