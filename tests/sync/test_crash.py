"""Nothing is lost and nothing doubled, wherever a run is killed and however rows fall into batches."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from crm.models import ExternalReference, SyncRefusal, SyncRun
from customers.models import Customer
from tests.sync import generated
from tests.sync.conftest import Erp

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

ROWS = 2000
HEAD = "No,Name,Phone,Country\n"


def state() -> list[tuple[Any, ...]]:
    """Return what the ERP's ids name, without the ids that are the CRM's own."""
    references = ExternalReference.objects.values_list("external_id", "object_id")
    customers = {
        row[0]: row[1:] for row in Customer.objects.values_list("pk", "name", "phone", "country", "phone_e164")
    }
    return sorted((external_id, *customers.get(pk, ())) for external_id, pk in references)


def pull_in_another_process(folder: Path) -> subprocess.Popen[bytes]:
    connection.ensure_connection()
    info = connection.connection.info
    environment = os.environ | {"DATABASE_URL": info.dsn, "DEBUG": "1"}
    mapping = Path(settings.BASE_DIR) / "sales" / "mappings" / "northwind.toml"
    command = [sys.executable, "manage.py", "erp_pull", str(mapping), "--folder", str(folder), "--batch", "25"]
    only = ["--resource", "customers", "--skip-checks"]
    return subprocess.Popen(  # noqa: S603 -- this project's own command
        [*command, *only], cwd=settings.BASE_DIR, env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )  # fmt: skip


def kill_after(process: subprocess.Popen[bytes], rows: int) -> None:
    """Kill the process, without a warning, once it has committed so many rows or a few more."""
    before = set(SyncRun.objects.values_list("pk", flat=True))
    while process.poll() is None and not SyncRun.objects.filter(read__gte=rows).exclude(pk__in=before).exists():
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_killed_again_and_again_ends_as_if_it_never_was(tmp_path: Path) -> None:
    generated.write(tmp_path / "customers.csv", ROWS)
    os.utime(tmp_path / "customers.csv", (1_000_000_000, 1_000_000_000))
    chance = random.Random(7)
    for _time in range(5):
        kill_after(pull_in_another_process(tmp_path), chance.randrange(1, ROWS // 10))
    last = pull_in_another_process(tmp_path)
    errors = last.communicate()[1]
    assert last.returncode == 0, errors
    assert Customer.objects.filter(kind="organization").count() == ROWS
    assert Customer.objects.filter(kind="person", organization__isnull=False).count() == ROWS
    assert ExternalReference.objects.count() == 3 * ROWS
    statuses = list(SyncRun.objects.order_by("started_at").values_list("status", flat=True))
    assert statuses == ["interrupted"] * 5 + ["done"]
    assert SyncRun.objects.get(status="done").read < ROWS


def drop_some(erp: Erp, numbers: range, name: str = "a.csv") -> None:
    """Give the ERP's file rows of which every tenth is of a country that there is not."""
    lines = [f"{one},N{one},,{'Atlantis' if one % 10 == 0 else 'Germany'}\n" for one in numbers]
    erp.drop(HEAD + "".join(lines), name)


def kill_in(erp: Erp, *arguments: str, rows: int) -> None:
    """Pull in another process, and kill that in the middle."""
    connection.ensure_connection()
    info = connection.connection.info
    command = [sys.executable, "manage.py", "erp_pull", str(erp.path), "--folder", str(erp.folder), *arguments]
    environment = os.environ | {"DATABASE_URL": info.dsn, "DEBUG": "1"}
    where = {"cwd": settings.BASE_DIR, "env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    kill_after(subprocess.Popen([*command, "--batch", "20", "--skip-checks"], **where), rows)  # type: ignore[call-overload]  # noqa: S603 -- ours


@pytest.mark.django_db(transaction=True)
def test_a_run_that_goes_on_tells_of_the_rows_refused_before_it_was_killed(erp: Erp) -> None:
    drop_some(erp, range(1, 1501))
    drop_some(erp, range(1501, 1510), "b.csv")  # nothing refused in what is left for certain
    for _time in range(2):
        kill_in(erp, rows=300)
    before = SyncRun.objects.filter(status="running").count(), SyncRefusal.objects.count()
    assert before[0] == 1
    assert 30 <= before[1] < 150
    assert erp.counts() == {"read": 1509, "created": 1359, "refused": 150}
    assert list(SyncRun.objects.values_list("is_told", flat=True).distinct()) == [True]
    assert erp.pull() == 0


@pytest.mark.django_db(transaction=True)
def test_the_exit_code_covers_what_was_refused_before_the_kill_though_nothing_is_left(erp: Erp) -> None:
    drop_some(erp, range(1, 31))
    erp.pull()
    SyncRun.objects.update(status="running", is_told=False)  # as where the process dies before it says so
    assert erp.pull() == 3
    assert SyncRun.objects.order_by("started_at").last().status == "refused"  # type: ignore[union-attr]
    assert erp.pull() == 0


@pytest.mark.django_db(transaction=True)
def test_a_whole_reading_anew_counts_nothing_of_the_run_before(erp: Erp) -> None:
    drop_some(erp, range(1, 31))
    erp.pull()
    SyncRun.objects.update(status="interrupted", is_told=False)
    erp.drop(HEAD + "1,N1,,Germany\n")
    assert erp.counts("--full") == {"read": 1, "unchanged": 1}
    assert erp.pull() == 0


@pytest.mark.django_db(transaction=True)
def test_a_retry_between_counts_for_itself(erp: Erp) -> None:
    drop_some(erp, range(1, 31))
    erp.pull()
    SyncRun.objects.update(status="interrupted", is_told=False)
    assert erp.run("erp_retry") == 3
    assert erp.pull() == 0


rows = st.lists(
    st.tuples(
        st.integers(1, 6),
        st.sampled_from(["Alpha", "Beta", "", "x" * 201]),
        st.sampled_from(["", "030 901820"]),
        st.sampled_from(["Germany", "France", "Atlantis"]),
    ),
    max_size=12,
)


@pytest.fixture
def folders() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def pulled(folder: Path, text: str, *batches: int) -> list[tuple[Any, ...]]:
    """Pull the text into an empty CRM, once for each size of batch, and return what is there then."""
    Customer.objects.all().delete()
    ExternalReference.objects.all().delete()
    folder = Path(tempfile.mkdtemp(dir=folder))
    erp = Erp(folder, folder / "erp.toml")
    erp.map(options='done = "keep"\nfiles = "*.csv"')
    erp.drop(text)
    for batch in batches:
        erp.pull("--batch", str(batch))
    return state()


@pytest.mark.django_db
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows, batch=st.integers(1, 12))
def test_pulled_twice_is_pulled_once_in_batches_of_any_size(
    folders: Path, rows: list[tuple[Any, ...]], batch: int
) -> None:
    text = HEAD + "".join(f"{','.join(map(str, row))}\n" for row in rows)
    once = pulled(folders, text, 1000)
    assert pulled(folders, text, batch) == once
    assert pulled(folders, text, 1000, batch) == once
