"""What README and the documentation show is executed as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from crm.models import User
from customers.models import Customer
from sales.models import LossReason, Pipeline, Stage
from sales.models.standard import add_standard
from tests.sync.generated import write

SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [settings.BASE_DIR / "README.md", *sorted((settings.BASE_DIR / "docs").rglob("*.md"))]
EXECUTED = [page for page in PAGES if SHELL.search(page.read_text("utf-8"))]

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.fixture
def administrator(transactional_db: None) -> User:
    add_standard(Pipeline.objects, Stage.objects, LossReason.objects)
    return User.objects.create_superuser("admin", password="demonstration")


def run(page: Path, url: str, directory: Path) -> str:
    """Run a page's commands one after the other against a server, each of which must succeed."""
    (directory / ".curlrc").write_text("fail-with-body\n")
    script = "".join(SHELL.findall(page.read_text("utf-8"))).replace("http://127.0.0.1:8000", url)
    programs = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    known = connection.get_connection_params()
    place = {name: known[name] for name in ("host", "port", "user", "password", "dbname") if known.get(name)}
    environment = {
        "PATH": programs,
        "CURL_HOME": str(directory),
        "DEBUG": "true",
        "DATABASE_URL": make_conninfo(**place),
    }
    command = ["/bin/bash", "-e", "-o", "pipefail", "-c", script]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with the project's commands, and an ERP's files in `incoming`."""
    for name in ("manage.py", "customers", "sales", ".venv"):
        (tmp_path / name).symlink_to(settings.BASE_DIR / name)
    (tmp_path / "incoming").mkdir()
    write(tmp_path / "incoming" / "customers.csv", 3)
    os.utime(tmp_path / "incoming" / "customers.csv", (0, 0))
    return tmp_path


@pytest.mark.parametrize("page", EXECUTED, ids=lambda page: page.name)
@pytest.mark.usefixtures("administrator")
def test_a_page_does_what_it_says(live_server: Any, checkout: Path, page: Path) -> None:
    run(page, live_server.url, checkout)


@pytest.mark.usefixtures("administrator")
def test_readme_creates_reads_updates_and_deletes_a_customer(live_server: Any, tmp_path: Path) -> None:
    said = run(settings.BASE_DIR / "README.md", live_server.url, tmp_path)
    assert '"name":"John Doe"' in said
    assert '"results":[{"name":"John Doe","email":"john.doe@example.com"}]' in said
    assert '"name":"Jane Doe"' in said
    assert '"lifecycle":"customer"' in said
    assert not Customer.objects.exists()
