"""What the commands say, and what they leave alone."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.utils import InternalError

from crm.models import SyncCheckpoint, SyncRefusal, SyncRun
from crm.sync.engine import read_only
from crm.sync.runs import lock_key
from customers.models import Customer

if TYPE_CHECKING:
    from tests.sync.conftest import Erp

UNKNOWN = "Atlantis is not the name of a country; the mapping's values may say what it means."
HEAD = "No,Name,Phone,Country\n"
TABLES = ("customers_customer", "customers_address", "crm_externalreference", "crm_syncrun", "crm_synccheckpoint")


def content() -> list[object]:
    """Return every row of every table that a pull writes to, with the version that PostgreSQL gives it."""
    found: list[object] = []
    with connection.cursor() as cursor:
        for table in (*TABLES, "crm_syncrefusal"):
            cursor.execute(f"SELECT t.xmin::text, t.* FROM {table} t ORDER BY 2")  # noqa: S608 -- names of tables
            found.extend(cursor.fetchall())
    return found


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_prints_the_exact_differences_and_writes_nothing(erp: Erp) -> None:
    erp.map(options='done = "move"')
    erp.drop(HEAD + "1,Alpha,030 901820,Germany\n")
    erp.pull()
    erp.drop(HEAD + "1,Alpha AG,030 901821,Germany\n2,Beta,,Atlantis\n")
    before, files = content(), sorted(erp.folder.rglob("*"))
    assert erp.pull("--dry-run") == 3
    assert erp.out.splitlines()[:4] == [
        "customers.customer erp:1 updated",
        '  name: "Alpha" -> "Alpha AG"',
        '  phone: "030 901820" -> "030 901821"',
        '  phone_e164: "+4930901820" -> "+4930901821"',
    ]
    assert (content(), sorted(erp.folder.rglob("*"))) == (before, files)


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_knows_what_its_own_earlier_rows_would_have_done(erp: Erp) -> None:
    erp.drop(HEAD + "1,Alpha,,Germany\n1,Beta,,Germany\n")
    assert erp.counts("--dry-run") == {"read": 2, "created": 1, "updated": 1}
    changes = [event["changes"] for event in erp.events if event["event"] == "change"]
    assert changes[0]["name"] == [None, "Alpha"]
    assert changes[1] == {"name": ["Alpha", "Beta"]}


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_of_a_snapshot_names_what_would_be_deactivated(erp: Erp) -> None:
    erp.map(resource="snapshot = true", options='done = "keep"')
    erp.drop(HEAD + "1,Alpha,,Germany\n2,Beta,,France\n")
    erp.pull()
    erp.drop(HEAD + "1,Alpha,,Germany\n")
    erp.pull("--dry-run", "--full")
    assert erp.out.splitlines()[:2] == ["customers.customer erp:2 deleted", "  is_active: true -> false"]
    assert Customer.objects.filter(is_active=True).count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_database_itself_refuses_what_a_dry_run_would_write() -> None:
    with pytest.raises(InternalError, match="read-only transaction"), read_only():
        Customer.objects.create(name="Ada")
    assert transaction.get_autocommit()


@pytest.mark.django_db
def test_the_summary_is_a_table(erp: Erp) -> None:
    erp.drop(HEAD + "".join(f"{number},Name,,Germany\n" for number in range(1200)))
    erp.pull()
    heads, values = erp.out.splitlines()
    assert heads.split() == ["resource", "read", "created", "updated", "unchanged", "deleted", "refused", "rows/s"]
    assert values.split()[:7] == ["customers", "1,200", "1,200", "0", "0", "0", "0"]


@pytest.mark.django_db
def test_json_says_one_object_a_line(erp: Erp) -> None:
    erp.drop(HEAD + "1,Alpha,,Germany\n2,Beta,,Atlantis\n")
    erp.drop("x", "b.part")
    assert erp.pull("--json") == 3
    assert [event["event"] for event in erp.events] == ["notice", "refused", "progress", "summary"]
    assert erp.events[1]["place"] == "a.csv:3"
    assert erp.events[-1]["status"] == "refused"


@pytest.mark.django_db
def test_a_terminal_sees_a_progress_bar(erp: Erp) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    erp.drop(HEAD + "".join(f"{number},Name,,Germany\n" for number in range(10)))
    screen = Terminal()
    call_command(
        "erp_pull", str(erp.path), "--folder", str(erp.folder), "--batch", "5", stdout=io.StringIO(), stderr=screen
    )
    assert "[###############...............] 5 rows" in screen.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--since", "2026-01-01"], "--since needs changed_at in the mapping"),
        (["--since", "soon"], "soon is not a time"),
        (["--since", "2026-13-01"], "2026-13-01 is not a time"),
        (["--since", "2026-01-01", "--full"], "exclude each other"),
        (["--resource", "orders"], "has no resource orders; known: customers"),
        (["--as", "nobody"], "There is no active user nobody."),
        (["--batch", "0"], "at least one row"),
        (["--folder", "/nowhere"], "/nowhere is not a folder"),
    ],
)
def test_a_wrong_argument_is_a_usage_error_and_no_run(erp: Erp, arguments: list[str], reason: str) -> None:
    assert erp.pull(*arguments) == 2
    assert reason in erp.err
    assert not SyncRun.objects.exists()


@pytest.mark.django_db
def test_an_option_that_files_do_not_have_is_a_usage_error(erp: Erp) -> None:
    erp.map(options='folders = "x"')
    assert erp.pull() == 2
    assert "files has no option folders" in erp.err


@pytest.mark.django_db
def test_a_source_is_a_connector_or_the_name_of_a_mapping(erp: Erp) -> None:
    out = io.StringIO()
    for source in (["northwind"], ["files"], ["files", "--mapping", str(erp.path)]):
        call_command(
            "erp_pull", *source, "--resource", "customers", "--folder", str(erp.folder), stdout=out, stderr=out
        )
    assert list(SyncRun.objects.order_by("pk").values_list("source", flat=True)) == ["northwind", "northwind", "erp"]
    with pytest.raises(CommandError, match="is a mapping for files, not tape") as error:
        call_command("erp_pull", "tape", "--mapping", str(erp.path))
    assert error.value.returncode == 2
    with pytest.raises(CommandError, match=r"tape is not one mapping.*Known: northwind"):
        call_command("erp_pull", "tape")


@pytest.mark.django_db(transaction=True)
def test_two_at_a_time_are_one_too_many(erp: Erp) -> None:
    from psycopg import connect

    erp.drop(HEAD + "1,Alpha,,Germany\n")
    connection.ensure_connection()
    with connect(connection.connection.info.dsn) as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", lock_key("erp"))
        assert erp.pull() == 75
    assert "another process" in erp.err
    assert not Customer.objects.exists()
    assert not SyncCheckpoint.objects.exists()


@pytest.mark.django_db
def test_the_status_tells_runs_checkpoint_lag_and_refused_rows(erp: Erp) -> None:
    erp.drop(HEAD + "1,Alpha,,Atlantis\n")
    erp.pull()
    out = io.StringIO()
    call_command("erp_status", "erp", stdout=out)
    lines = [line.strip() for line in out.getvalue().splitlines()]
    assert lines[:2] == ["erp customers", "idle, completed 0\xa0minutes ago"]
    assert lines[2].startswith("checkpoint: file=a.csv")
    assert lines[4].split()[2:6] == ["refused", "1", "0", "0"]
    assert lines[5:] == [
        "refused rows kept: 1",
        f"a.csv:2 1: organization.country: {UNKNOWN}",
    ]


@pytest.mark.django_db
def test_the_status_is_there_for_machines(erp: Erp) -> None:
    erp.drop(HEAD + "1,Alpha,,Germany\n")
    erp.pull()
    erp.run("erp_status", "--json")
    (standing,) = erp.events
    assert (standing["source"], standing["is_running"], standing["refused"]) == ("erp", False, 0)
    assert standing["lag_seconds"] < 60
    assert (standing["runs"][0]["status"], standing["runs"][0]["created"]) == ("done", 1)


@pytest.mark.django_db
def test_the_status_of_nothing_says_so(erp: Erp) -> None:
    assert erp.run("erp_status") == 0
    assert erp.out == "Nothing has been pulled yet.\n"


@pytest.mark.django_db
def test_a_run_that_broke_off_is_marked_by_the_next(erp: Erp) -> None:
    SyncRun.objects.create(source="erp", resource="customers")
    erp.drop(HEAD + "1,Alpha,,Germany\n")
    erp.pull()
    assert sorted(SyncRun.objects.values_list("status", flat=True)) == ["done", "interrupted"]


@pytest.mark.django_db
def test_a_failure_is_recorded_with_what_was_done_before(erp: Erp) -> None:
    erp.drop(HEAD + "1,Alpha,,Germany\n")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE customers_customer RENAME COLUMN fax TO telefax")
    with pytest.raises(Exception, match="fax"):
        erp.pull()
    assert SyncRun.objects.get().status == "failed"
    assert not SyncRefusal.objects.exists()
