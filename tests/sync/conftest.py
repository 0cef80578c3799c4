"""An ERP of two columns and more, made of files in a folder of the test's own."""

from __future__ import annotations

import io
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

NORTHWIND = Path(settings.BASE_DIR).parent / "shared" / "data" / "northwind"
FIELDS = """
[resources.customers.organization.fields]
name = "Name"
phone = "Phone"
country = { column = "Country", transform = "country" }
lifecycle = { constant = "customer", owner = "crm" }
"""


@dataclass
class Erp:
    """A folder of files with a mapping, and what the last command said."""

    folder: Path
    path: Path
    out: str = ""
    err: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    def map(self, resource: str = "", options: str = "", fields: str = FIELDS) -> None:
        """Write the mapping file."""
        self.path.write_text(
            f'system = "erp"\n[resources.customers]\nkey = "No"\n{resource}\n'
            f"[resources.customers.options]\n{options}\n"
            f'[resources.customers.organization]\nexternal_id = "{{No}}"\n{fields}',
            encoding="utf-8",
        )

    def drop(self, text: str | bytes, name: str = "a.csv") -> Path:
        """Put a file into the folder, as if it had been there for long."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        os.utime(path, (1_000_000_000, 1_000_000_000))
        return path

    def run(self, command: str, *arguments: str) -> int:
        """Run a command on this mapping and return its exit code."""
        out, err = io.StringIO(), io.StringIO()
        try:
            call_command(command, str(self.path), *arguments, stdout=out, stderr=err)
        except CommandError as error:
            err.write(str(error))
            return error.returncode
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()
        return 0

    def pull(self, *arguments: str) -> int:
        return self.run("erp_pull", "--folder", str(self.folder), *arguments)

    def counts(self, *arguments: str) -> dict[str, int]:
        """Pull, and return the counts of the summary that are not 0."""
        self.pull("--json", *arguments)
        names = ("read", "created", "updated", "unchanged", "deleted", "refused")
        return {name: self.events[-1][name] for name in names if self.events[-1][name]}

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return what the last command printed with --json."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def erp(tmp_path: Path) -> Erp:
    folder = tmp_path / "drops"
    folder.mkdir()
    found = Erp(folder, tmp_path / "erp.toml")
    found.map()
    return found


@pytest.fixture
def northwind(tmp_path: Path) -> Erp:
    """The sample company's files, copied: the originals are not for tests to touch."""
    if not NORTHWIND.is_dir():
        pytest.skip(f"the sample data is not at {NORTHWIND}")
    shutil.copytree(NORTHWIND, tmp_path / "northwind", copy_function=shutil.copyfile)
    (tmp_path / "northwind").chmod(0o755)
    for path in (tmp_path / "northwind").iterdir():
        os.utime(path, (1_000_000_000, 1_000_000_000))
    return Erp(tmp_path / "northwind", Path(settings.BASE_DIR) / "sales" / "mappings" / "northwind.toml")
