"""What a pull does to records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import CustomField, ExternalReference, SyncRefusal, SyncRun, Team, User
from customers.models import Address, Customer

if TYPE_CHECKING:
    from tests.sync.conftest import Erp

pytestmark = pytest.mark.django_db
HEAD = "No,Name,Phone,Country\n"
PEOPLE = """
[resources.customers]
key = "No"
[resources.customers.person.fields]
name = "Name"
[resources.customers.organization]
external_id = "firm/{Firm}"
[resources.customers.organization.fields]
name = "Firm"
"""
ADDRESS = """
[resources.customers.address.fields]
street = "Name"
country = { column = "Country", transform = "country" }
is_primary = { constant = true, owner = "crm" }
"""


def test_a_changed_row_changes_its_record_only(erp: Erp) -> None:
    erp.drop(HEAD + "1,Alpha,030 901820,Germany\n2,Beta,,France\n")
    erp.map(options='done = "keep"')
    erp.pull()
    beta = Customer.objects.values().get(name="Beta")
    erp.drop(HEAD + "1,Alpha AG,030 901821,Germany\n2,Beta,,France\n")
    assert erp.counts() == {"read": 2, "updated": 1, "unchanged": 1}
    alpha = Customer.objects.known_as("erp", "1").get()
    assert (alpha.name, alpha.phone_e164) == ("Alpha AG", "+4930901821")
    assert alpha.updated_at > alpha.created_at
    assert Customer.objects.values().get(name="Beta") == beta


def test_a_field_of_the_crm_is_set_on_creation_and_never_again(erp: Erp) -> None:
    erp.map(options='done = "keep"')
    erp.drop(HEAD + "1,Alpha,,Germany\n")
    erp.pull()
    Customer.objects.update(lifecycle="former")
    erp.drop(HEAD + "1,Alpha AG,,Germany\n")
    assert erp.counts() == {"read": 1, "updated": 1}
    assert Customer.objects.get().lifecycle == "former"


def test_a_field_of_the_erp_that_was_edited_here_is_put_right(erp: Erp) -> None:
    erp.map(options='done = "keep"')
    erp.drop(HEAD + "1,Alpha,,Germany\n")
    erp.pull()
    Customer.objects.update(name="Edited")
    assert erp.counts() == {"read": 1, "updated": 1}
    assert Customer.objects.get().name == "Alpha"


def test_the_last_row_of_a_key_counts(erp: Erp) -> None:
    erp.drop(HEAD + "1,Alpha,,Germany\n1,Beta,,Germany\n1,Beta,,Germany\n")
    assert erp.counts() == {"read": 3, "created": 1, "updated": 2}
    assert Customer.objects.get().name == "Beta"
    assert ExternalReference.objects.get().external_id == "1"


def test_a_batch_of_100_rows_takes_as_many_statements_as_one_of_3(erp: Erp) -> None:
    erp.map(options='done = "keep"')
    erp.drop(HEAD + "0,First,,Germany\n")
    erp.pull()
    for word in ("Created", "Updated"):
        erp.drop(HEAD + "".join(f"{number},{word},,Germany\n" for number in range(1, 4)))
        with CaptureQueriesContext(connection) as few:
            erp.pull()
        erp.drop(HEAD + "".join(f"{number},{word},,Germany\n" for number in range(100, 200)))
        with CaptureQueriesContext(connection) as many:
            erp.pull()
        assert statements(many) == statements(few)
    assert Customer.objects.filter(name="Updated").count() == 103


def statements(captured: CaptureQueriesContext) -> int:
    """Count the statements, but those that Django keeps from asking a second time."""
    return sum("django_content_type" not in query["sql"] for query in captured.captured_queries)


def test_a_row_that_is_wrong_is_kept_and_does_not_stop_the_others(erp: Erp) -> None:
    erp.drop(HEAD + f"1,Alpha,,Atlantis\n2,Beta,,France\n3,Gamma,{'0' * 51},France\n")
    assert erp.pull() == 3
    assert Customer.objects.get().name == "Beta"
    first, third = SyncRefusal.objects.order_by("identity")
    assert first.input == {"No": "1", "Name": "Alpha", "Phone": "", "Country": "Atlantis"}
    assert (first.position, list(first.reasons)) == ("a.csv:2", ["organization.country"])
    assert (third.position, list(third.reasons)) == ("a.csv:4", ["organization.phone"])
    assert SyncRun.objects.get().status == "refused"


def test_a_row_that_the_database_refuses_is_found_among_the_others(erp: Erp) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE customers_customer ADD CONSTRAINT no_7 CHECK (name <> 'Name 7')")
    erp.drop(HEAD + "".join(f"{number},Name {number},,Germany\n" for number in range(20)))
    assert erp.counts() == {"read": 20, "created": 19, "refused": 1}
    refusal = SyncRefusal.objects.get()
    assert refusal.identity == "7"
    assert "no_7" in refusal.reasons["__all__"][0]


def test_a_row_is_refused_whole(erp: Erp) -> None:
    erp.map(fields='[resources.customers.organization.fields]\nphone = "Phone"\nname = "Name"\n' + ADDRESS)
    erp.drop(HEAD + "1,Alpha,,\n")
    assert erp.pull() == 3
    assert Customer.objects.count() == Address.objects.count() == 0
    assert list(SyncRefusal.objects.get().reasons) == ["address.country"]


def test_a_refused_row_is_taken_by_a_retry_once_its_cause_is_gone(erp: Erp) -> None:
    erp.drop(HEAD + "1,Alpha,,Atlantis\n2,Beta,,Lemuria\n")
    erp.pull()
    erp.map(fields='[resources.customers.organization.fields]\nname = "Name"\nphone = "Phone"\ncountry = '
            '{ column = "Country", transform = "country", values = { Atlantis = "GR" } }')  # fmt: skip
    assert erp.run("erp_retry") == 3
    assert Customer.objects.get().country == "GR"
    assert SyncRefusal.objects.get().identity == "2"


def test_a_refused_row_is_forgotten_when_a_later_pull_takes_it(erp: Erp) -> None:
    erp.drop(HEAD + "1,Alpha,,Atlantis\n")
    erp.pull()
    erp.drop(HEAD + "1,Alpha,,Greece\n", "b.csv")
    assert erp.pull() == 0
    assert not SyncRefusal.objects.exists()


def test_characters_that_cannot_be_kept_are_refused_with_a_readable_copy(erp: Erp) -> None:
    erp.drop('{"No": "1", "Name": "a\\u0000b", "Phone": "\\ud800", "Country": "France"}\n', "a.jsonl")
    assert erp.pull() == 3
    assert SyncRefusal.objects.get().input["Name"] == "a\\u0000b"
    assert SyncRefusal.objects.get().input["Phone"] == "\\ud800"


def test_a_row_marked_as_deleted_deactivates_its_record_and_comes_back(erp: Erp) -> None:
    erp.map(resource='deleted = { column = "Phone", values = ["gone"] }', options='done = "keep"')
    erp.drop(HEAD + "1,Alpha,,Germany\n2,Beta,gone,France\n")
    assert erp.counts() == {"read": 2, "created": 1, "unchanged": 1}
    erp.drop(HEAD + "1,Alpha,gone,Germany\n")
    assert erp.counts() == {"read": 1, "deleted": 1}
    assert not Customer.objects.get().is_active
    erp.drop(HEAD + "1,Alpha,,Germany\n")
    assert erp.counts() == {"read": 1, "updated": 1}
    assert Customer.objects.get().is_active


def test_what_a_full_snapshot_lacks_is_deactivated(erp: Erp) -> None:
    erp.map(resource="snapshot = true", options='done = "keep"')
    erp.drop(HEAD + "1,Alpha,,Germany\n2,Beta,,France\n")
    erp.pull()
    erp.drop(HEAD + "1,Alpha,,Germany\n")
    assert erp.counts() == {"read": 1, "unchanged": 1}
    assert erp.counts("--full") == {"read": 1, "unchanged": 1, "deleted": 1}
    assert Customer.objects.get(is_active=False).name == "Beta"


def test_a_snapshot_with_a_gap_deactivates_nothing(erp: Erp) -> None:
    erp.map(resource="snapshot = true", options='done = "keep"')
    erp.drop(HEAD + "1,Alpha,,Germany\n2,Beta,,France\n")
    erp.pull()
    erp.drop(HEAD + "1,Alpha,,Germany\nbroken\n")
    assert erp.counts("--full") == {"read": 2, "unchanged": 1, "refused": 1}
    assert not Customer.objects.filter(is_active=False).exists()


def test_rows_that_changed_before_since_are_left_out(erp: Erp) -> None:
    erp.map(resource='changed_at = "Phone"', fields='[resources.customers.organization.fields]\nname = "Name"\n'
            'country = { column = "Country", transform = "country" }')  # fmt: skip
    erp.drop(HEAD + "1,Old,2026-01-31,Germany\n2,New,2026-02-01T00:00Z,Germany\n3,Odd,soon,Germany\n")
    assert erp.counts("--since", "2026-02-01") == {"read": 2, "created": 1, "refused": 1}
    assert Customer.objects.get().name == "New"


def test_a_primary_address_that_a_colleague_chose_stays(erp: Erp) -> None:
    erp.drop(HEAD + "1,Alpha,,Germany\n")
    erp.pull()
    chosen = Address.objects.create(customer=Customer.objects.get(), city="Bonn", country="DE", is_primary=True)
    erp.map(fields='[resources.customers.organization.fields]\nname = "Name"\nphone = "Phone"\n' + ADDRESS)
    erp.drop(HEAD + "1,Alpha,,Germany\n", "b.csv")
    assert erp.counts() == {"read": 1, "updated": 1}
    assert Address.objects.get(is_primary=True) == chosen


def test_new_records_belong_to_the_team_of_the_service_account(erp: Erp) -> None:
    team = Team.objects.create(name="Sales")
    user = User.objects.create(username="erp", team=team)
    erp.drop(HEAD + "1,Alpha,,Germany\n")
    erp.pull("--as", "erp")
    assert (Customer.objects.get().team, Customer.objects.get().owner) == (team, None)
    assert SyncRun.objects.get().by == user


def test_an_id_of_a_record_of_another_kind_is_refused(erp: Erp) -> None:
    person = Customer.objects.create(kind="person", name="Ada")
    person.external_references.create(system="erp", external_id="1")
    erp.drop(HEAD + "1,Alpha,,Germany\n")
    assert erp.pull() == 3
    assert Customer.objects.get().name == "Ada"


def test_a_reference_whose_record_is_gone_is_taken_over(erp: Erp) -> None:
    erp.map(options='done = "keep"')
    erp.drop(HEAD + "1,Alpha,,Germany\n")
    erp.pull()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM customers_customer")
    assert erp.counts() == {"read": 1, "created": 1}
    assert Customer.objects.known_as("erp", "1").get().name == "Alpha"


def test_people_of_one_organization_share_it_from_batch_to_batch(erp: Erp) -> None:
    erp.path.write_text(PEOPLE, encoding="utf-8")
    erp.drop("No,Name,Firm\n1,Ada,Alpha\n2,Bob,Alpha\n3,Cyd,\n")
    assert erp.counts() == {"read": 3, "created": 3}
    erp.drop("No,Name,Firm\n4,Dan,Alpha\n3,Cyd,Alpha\n", "b.csv")
    assert erp.counts() == {"read": 2, "created": 1, "updated": 1}
    firm = Customer.objects.get(kind="organization")
    assert list(firm.people.order_by("name").values_list("name", flat=True)) == ["Ada", "Bob", "Cyd", "Dan"]


def test_a_record_cannot_be_two_at_once(erp: Erp) -> None:
    erp.path.write_text(PEOPLE.replace("firm/{Firm}", "{No}"), encoding="utf-8")
    erp.drop("No,Name,Firm\n1,Ada,Alpha\n,Bob,Alpha\n")
    assert erp.pull() == 3
    assert sorted(next(iter(one.reasons.values())) for one in SyncRefusal.objects.all()) == [
        ["The key is empty."],
        ["Two records of one kind cannot have the same external id."],
    ]


def test_a_new_record_needs_the_custom_fields_that_administrators_require(erp: Erp) -> None:
    erp.map(options='done = "keep"')
    erp.drop(HEAD + "1,Alpha,,Germany\n")
    erp.pull()
    kind = ContentType.objects.get_for_model(Customer)
    field = CustomField.objects.create(content_type=kind, name="tier", label="Tier", type="text", is_required=True)
    erp.drop(HEAD + "1,Alpha AG,,Germany\n2,Beta,,Germany\n")
    assert erp.counts() == {"read": 2, "updated": 1, "refused": 1}
    assert "These custom fields need a value: tier." in str(SyncRefusal.objects.get().reasons)
    assert list(Customer.objects.values_list("name", flat=True)) == ["Alpha AG"]
    CustomField.objects.filter(pk=field.pk).update(default="C")
    erp.run("erp_retry")
    assert Customer.objects.get(name="Beta").custom == {"tier": "C"}


def test_a_row_with_a_line_break_in_a_name_is_refused_and_others_are_taken(erp: Erp) -> None:
    erp.drop(HEAD + '1,"Alpha\nBcc: all",,Germany\n2,"Beta\u2028GmbH",,Germany\n3,Gamma,,France\n')
    erp.map(options='done = "keep"')
    assert erp.pull() == 3
    assert list(Customer.objects.values_list("name", flat=True)) == ["Gamma"]
    assert SyncRefusal.objects.count() == 2
