"""No block of the documentation stands there unchecked: each has a language, and each language a way to check it."""

from __future__ import annotations

import ast
import configparser
import importlib
import json
import re
import shlex
import shutil
import subprocess
import tempfile
import tomllib
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.urls import resolve

from crm.models import User
from customers.models import Purpose
from tests.test_examples import EXECUTED, PAGES, SHELL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BLOCK = re.compile(r"^ *```(\S*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]*(?<!\w)manage\.py [a-z_]+[^`]*)`")
HERE = ".venv/bin/python manage.py "
MAKEFILE = (settings.BASE_DIR / "Makefile").read_text("utf-8")
PROGRAMS = {"curl", "npm", "python3"}  # of other makers
ALL = [*PAGES, settings.BASE_DIR / "CONTRIBUTING.md"]


class Block(NamedTuple):
    """A block, and where it stands."""

    page: str
    language: str
    text: str


def blocks(path: Path) -> list[Block]:
    """Return the blocks of a page."""
    return [Block(path.name, *found) for found in BLOCK.findall(path.read_text("utf-8"))]


BLOCKS = [block for path in ALL if "adr" not in path.parts for block in blocks(path)]


def command(line: str) -> None:
    """Raise where a command for the operator's machine cannot run: no such command, target, program or option."""
    words = [word for word in shlex.split(line, comments=True) if not re.fullmatch(r"[A-Z_]+=\S*", word)]
    if words[:2] == HERE.split():
        name = words[2]
        parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
        if words[3:]:  # a name alone is spoken of, not run
            parser.parse_args(words[3:])
    elif words[0] == "make":
        assert re.search(rf"^{words[1]}:", MAKEFILE, re.MULTILINE), line
    elif words[0].startswith(".venv/bin/"):
        assert (settings.BASE_DIR / words[0]).exists(), line
    else:
        assert words[0] in PROGRAMS, line


def console(block: Block) -> None:
    for line in block.text.replace("\\\n", " ").splitlines():
        for part in filter(str.strip, line.split("#")[0].split("&&")):
            command(part)


def http(block: Block) -> None:
    for line in block.text.splitlines():
        method, path = line.split()[:2]
        assert method in {"GET", "POST", "PUT", "PATCH", "DELETE"}, line
        filled = path.partition("?")[0].replace("{id}", "0192f0c1-7d3e-7cc0-9a65-3f6f6c2b1f11")
        actions = getattr(resolve(filled).func, "actions", {})
        assert method.lower() in actions, line


def python(block: Block) -> None:
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom):
            assert all(hasattr(importlib.import_module(str(node.module)), one.name) for one in node.names), block.text
        elif isinstance(node, ast.Import):
            assert all(importlib.import_module(one.name) for one in node.names)


def html(block: Block) -> None:
    parser = HTMLParser()
    parser.feed(block.text)
    parser.close()
    assert block.text.count("<") == block.text.count(">")


def nginx(block: Block) -> None:
    """Let nginx judge it, where there is one, inside of a server of the least kind."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        pytest.skip("nginx is not installed (Debian: nginx)")
    server = f"server {{ listen 127.0.0.1:1;\n{block.text}\n}}" if not block.text.startswith("server") else block.text
    text = f"pid /tmp/none.pid;\nerror_log stderr;\nevents {{}}\nhttp {{ access_log off;\n{server}\n}}\n"
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(text)
        file.flush()
        command_line = [program, "-t", "-q", "-c", file.name]
        done = subprocess.run(command_line, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr


def ini(block: Block) -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.read_string(block.text)
    assert parser.sections()


def is_executed(block: Block) -> None:
    """Assert that `test_examples` runs the block against a server."""
    assert block.page in {page.name for page in EXECUTED}
    assert block.text in "".join(SHELL.findall(next(page for page in EXECUTED if page.name == block.page).read_text()))


CHECKS: dict[str, Callable[[Block], Any]] = {
    "console": console,
    "html": html,
    "http": http,
    "ini": ini,
    "json": lambda block: json.loads(block.text),
    "nginx": nginx,
    "python": python,
    "sh": is_executed,
    "text": lambda block: None,  # what somebody else sends
    "toml": lambda block: tomllib.loads(block.text),
}


def test_every_block_has_a_language_that_is_checked() -> None:
    assert len(BLOCKS) > 30
    assert [(block.page, block.text[:40]) for block in BLOCKS if block.language not in CHECKS] == []


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.page}-{block.language}")
def test_a_block_is_what_it_says(block: Block) -> None:
    CHECKS[block.language](block)


INLINES = sorted({found for path in ALL for found in INLINE.findall(path.read_text("utf-8"))})


@pytest.mark.parametrize("line", INLINES)
def test_a_command_runs_as_it_stands(line: str) -> None:
    text = line.replace("\n", " ").replace("${", "{").replace("…", "")
    at = text.index("manage.py ")
    assert text[:at].split()[-1:] == [".venv/bin/python"], line
    command(text)


@pytest.mark.django_db
def test_the_segment_of_the_guide_can_be_made(api_client: Any) -> None:
    Purpose.objects.get_or_create(name="marketing_email", defaults={"description": "May we write to you?"})
    client = api_client(User.objects.create_superuser("admin"), "marketing:read", "marketing:write", "customers:read")
    page = settings.BASE_DIR / "docs" / "how-to" / "segments.md"
    for block in (one for one in blocks(page) if one.language == "json"):
        answer = client.post("/api/v1/segments/preview", {"conditions": json.loads(block.text)})
        assert answer.status_code == 200, answer.content


@pytest.mark.django_db
def test_the_batch_of_the_guide_is_judged_operation_by_operation(api_client: Any) -> None:
    client = api_client(User.objects.create_superuser("admin"), "customers:read", "customers:write")
    batch, problem = (
        json.loads(one.text) for one in blocks(settings.BASE_DIR / "docs" / "api.md") if one.language == "json"
    )
    for item in batch["items"]:
        item.pop("if_match", None)  # of a version of a record that is not here
        item.update({"id": "0192f0c1-7d3e-7cc0-9a65-3f6f6c2b1f11"} if "id" in item else {})
    answer = client.post("/api/v1/customers/batch", batch)
    assert answer.status_code == 200, answer.content
    assert [one["status"] for one in answer.json()["results"]] == [201, 404, 201, 201, 404]
    real = client.post("/api/v1/customers", {"no_such": 1}).json()
    assert real.keys() == problem.keys()
