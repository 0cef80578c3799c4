"""Mappings, and what they make of a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ValidationError

from crm.sync.names import split_name
from crm.sync.transforms import TRANSFORMS
from customers.models import Customer

if TYPE_CHECKING:
    from tests.sync.conftest import Erp

PERSON = '[resources.customers]\nkey = "No"\n[resources.customers.person.fields]\n'


@pytest.mark.parametrize(
    ("name", "given", "family"),
    [
        ("Maria Anders", "Maria", "Anders"),
        ("Helvetius Nagy", "Helvetius", "Nagy"),
        ("José Pedro Freyre", "José Pedro", "Freyre"),
        ("Isabel de Castro", "Isabel", "de Castro"),
        ("Ludwig van der Rohe", "Ludwig", "van der Rohe"),
        ("Van Morrison", "Van", "Morrison"),
        ("Castro, Isabel", "Isabel", "Castro"),
        ("Madonna", "Madonna", ""),
        ("王小明", "小明", "王"),
        ("欧阳娜娜", "娜娜", "欧阳"),
        ("김철수", "철수", "김"),
        ("", "", ""),
    ],
)
def test_a_name_is_cut_where_its_family_name_begins(name: str, given: str, family: str) -> None:
    assert split_name(name) == (given, family)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("UK", "GB"), ("U.S.A.", "US"), ("usa", "US"), ("Venezuela", "VE"), ("Côte d'Ivoire", "CI"), ("Schweiz", "CH"),
        ("España", "ES"), ("ITALIA", "IT"), (" Viet  Nam ", "VN"), ("中国", "CN"), ("日本", "JP"), ("대한민국", "KR"),
        ("Россия", "RU"), ("DE", "DE"), ("DEU", "DE"), ("", ""),
    ],
)  # fmt: skip
def test_a_country_is_known_by_the_names_that_people_write(name: str, code: str) -> None:
    assert TRANSFORMS["country"](name) == code


def test_a_country_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(ValidationError, match="Atlantis is not the name of a country"):
        TRANSFORMS["country"]("Atlantis")


def test_the_other_transformations_do_what_their_names_say() -> None:
    assert TRANSFORMS["title"]("ALPHA BETA") == "Alpha Beta"
    assert TRANSFORMS["title"]("McKenna") == "McKenna"
    assert (TRANSFORMS["boolean"]("Yes"), TRANSFORMS["boolean"]("0")) == (True, False)
    with pytest.raises(ValidationError, match="neither yes nor no"):
        TRANSFORMS["boolean"]("perhaps")


@pytest.mark.django_db
def test_columns_are_joined_and_codes_translated(erp: Erp) -> None:
    erp.map(
        fields='[resources.customers.organization.fields]\nname = { columns = ["Name", "Phone"], separator = " - " }\n'
        'lifecycle = { column = "Country", values = { A = "customer", B = "former" } }'
    )
    erp.drop("No,Name,Phone,Country\n1,Alpha,,A\n2,Beta,Ltd,B\n3,Gamma,,C\n")
    assert erp.counts() == {"read": 3, "created": 2, "refused": 1}
    found = Customer.objects.order_by("name").values_list("name", "lifecycle")
    assert list(found) == [("Alpha", "customer"), ("Beta - Ltd", "former")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not toml", "cannot be read"),
        ("sourc = 1", "does not know sourc"),
        ('system = "a b"\n[resources.customers]', "letters, digits"),
        ("", "there is no [resources.NAME]"),
        ("[resources.invoices]", "nothing receives invoices; known: customers, orders, products"),
        ("[resources.customers]", "needs key"),
        ('[resources.customers]\nkey = "No"', "produces nothing; give one of organization, person, address"),
        ('[resources.customers]\nkey = "No"\n[resources.customers.person]\nname = "Name"', "does not know name"),
        (f'{PERSON}nom = "A"', "has no field nom"),
        (f'{PERSON}team = "A"', "not for a mapping"),
        (f"{PERSON}name = {{}}", "columns or a constant"),
        (
            f'{PERSON}name = {{ column = "A", owner = "x" }}',
            "owner of name is erp or crm",
        ),
        (
            f'{PERSON}name = {{ column = "A", transform = "x" }}',
            "transform of name does not know x",
        ),
        (
            'team = "Nobody"\n[resources.customers]\nkey = "No"\n[resources.customers.person]',
            "There is no team Nobody.",
        ),
        ('source = "tape"\n[resources.customers]\nkey = "No"\n[resources.customers.person]', "tape is not a connector"),
    ],
)
def test_a_mapping_that_cannot_be_followed_is_a_usage_error(erp: Erp, text: str, reason: str) -> None:
    erp.path.write_text(text, encoding="utf-8")
    assert erp.pull() == 2
    assert reason in erp.err


@pytest.mark.django_db
def test_two_resources_of_one_kind_cannot_be_snapshots(erp: Erp) -> None:
    one = '[resources.{0}]\nreceiver = "customers"\nkey = "No"\nsnapshot = true\n[resources.{0}.organization]\n'
    erp.path.write_text(one.format("customers") + one.format("suppliers"), encoding="utf-8")
    assert erp.pull() == 2
    assert "cannot be a snapshot" in erp.err
