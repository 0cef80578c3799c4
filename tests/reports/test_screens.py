"""Reports on the screens."""

from __future__ import annotations

import csv
import io

import pytest
from django.urls import reverse

from crm.admin.reports import harmless
from customers.models import Customer
from tests.samples import make
from tests.staff import colleague, signed_in, superuser

pytestmark = pytest.mark.django_db

PAGE = "/admin/reports/new-customers/"


def test_a_report_shows_its_rows_their_totals_and_a_chart() -> None:
    for kind in ("person", "person", "organization"):
        make(Customer, kind=kind)
    answer = signed_in(superuser()).get(PAGE)
    assert [cell["text"] for cell in answer.context["lines"][0]["cells"]][1:] == ["2", "1"]
    assert 'data-type="bar"' in answer.content.decode()


def test_totals_are_shown_of_several_rows() -> None:
    make(Customer, kind="person")
    old = make(Customer, kind="person")
    Customer.objects.filter(pk=old.pk).update(created_at="2026-01-02T12:00:00Z")
    answer = signed_in(superuser()).get(PAGE, {"since": "2026-01-01"})
    assert [cell["text"] for cell in answer.context["totals"]] == ["", "2", "0"]


def test_a_period_that_ends_before_it_begins_is_a_fault_in_the_form() -> None:
    answer = signed_in(superuser()).get(PAGE, {"since": "2026-02-01", "until": "2026-01-01"})
    assert answer.context["form"].errors == {"until": ["The period ends before it begins."]}
    assert answer.context["lines"] == []


def test_a_report_is_downloaded_as_csv() -> None:
    make(Customer, kind="person")
    answer = signed_in(superuser()).get(PAGE, {"csv": "1"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert (rows[0], rows[1][1:]) == (["month", "people", "organizations"], ["1", "0"])
    assert answer["Content-Disposition"] == 'attachment; filename="new-customers.csv"'


@pytest.mark.parametrize(("cell", "safe"), [("=1+1", "'=1+1"), ("-5", "-5"), ("@sum", "'@sum"), (5, 5), (None, None)])
def test_no_cell_of_the_download_is_a_formula(cell: object, safe: object) -> None:
    assert harmless(cell) == safe


def test_who_may_see_no_customers_sees_no_report_about_them() -> None:
    client = signed_in(colleague())
    assert client.get(PAGE).status_code == 404
    assert PAGE not in client.get(reverse("reports")).content.decode()
    assert PAGE in signed_in(superuser()).get(reverse("reports")).content.decode()
