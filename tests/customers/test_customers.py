from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from customers.models import Customer

pytestmark = pytest.mark.django_db


def refused(sql: str, *params: Any) -> str:
    with pytest.raises(IntegrityError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
    return str(caught.value.__cause__.diag.constraint_name)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("name", "", "customer_name_given"),
        ("kind", "robot", "customer_kind_known"),
        ("lifecycle", "ghost", "customer_lifecycle_known"),
        ("country", "Germany"[:2], "customer_country_code"),
    ],
)
def test_the_database_refuses_what_is_wrong(column: str, value: str, constraint: str) -> None:
    customer = Customer.objects.create(name="ACME")
    sql = f"UPDATE customers_customer SET {column} = %s WHERE id = %s"  # noqa: S608 -- names of columns
    assert refused(sql, value, customer.pk) == constraint


def test_the_database_refuses_a_person_as_an_organization() -> None:
    person = Customer.objects.create(name="Ann")
    other = Customer.objects.create(name="Ben")
    sql = "UPDATE customers_customer SET organization_id = %s WHERE id = %s"
    assert refused(sql, other.pk, person.pk) == "customer_organization_is_one"


def test_the_database_refuses_an_organization_inside_another() -> None:
    one = Customer.objects.create(name="One", kind="organization")
    two = Customer.objects.create(name="Two", kind="organization")
    sql = "UPDATE customers_customer SET organization_id = %s WHERE id = %s"
    assert refused(sql, one.pk, two.pk) == "customer_organization_of_person"
