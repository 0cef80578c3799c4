"""Starts a server with a database of its own, and has the API judged: `python -m tests.judge [NAME …] [OPTION …]`."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from subprocess import PIPE
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DOCUMENT = "docs/openapi.yaml"
DATA = ROOT / ".data" / "judge"
LOG = DATA / "server.log"
PATIENCE = 60
OPTIONS: list[str] = []


def settings(port: int) -> dict[str, str]:
    """Return the environment of the judged server: its own data, a long token, no limit that judges could meet."""
    limits = dict.fromkeys(("RATE_LIMIT_APPLICATION", "RATE_LIMIT_USER", "RATE_LIMIT_ADDRESS"), "100000000")
    return {
        **os.environ,
        **limits,
        "DEBUG": "true",
        "BASE_URL": f"http://127.0.0.1:{port}",
        "DATA_DIR": str(DATA),
        "ACCESS_TOKEN_SECONDS": "86400",
        "PORT": str(port),
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "crm.settings",
    }


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(*command: str, environment: dict[str, str]) -> bool:
    """Run a program in the project's folder and tell whether it was content."""
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0  # noqa: S603 -- our own


def node(name: str) -> str:
    """Return the path of a program that npm installed."""
    return str(ROOT / "node_modules" / ".bin" / name)


def judge_by_spectral(environment: dict[str, str]) -> bool:
    """Judge the document by the rules for OpenAPI and those of OWASP."""
    return run(node("spectral"), "lint", "--fail-severity", "hint", DOCUMENT, environment=environment)


def judge_by_redocly(environment: dict[str, str]) -> bool:
    """Judge the document by Redocly's strict rules."""
    return run(node("redocly"), "lint", DOCUMENT, environment={**environment, "REDOCLY_TELEMETRY": "off"})


def judge_by_schemathesis(environment: dict[str, str]) -> bool:
    """Send the running server whatever the document allows and forbids."""
    program = str(Path(sys.executable).with_name("st"))
    base = environment["BASE_URL"]
    options = ("--url", base, "--continue-on-failure", *OPTIONS)
    is_content = run(
        program, "--config-file", str(HERE / "schemathesis.toml"), "run", DOCUMENT, *options, environment=environment
    )
    me = Request(f"{base}/api/v1/me", headers={"Authorization": f"Bearer {environment['JUDGE_TOKEN']}"})  # noqa: S310 -- our own server
    urlopen(me, timeout=60).close()  # noqa: S310 -- raises when the judge was signed out, and judged refusals only
    return is_content


JUDGES = {"spectral": judge_by_spectral, "redocly": judge_by_redocly, "schemathesis": judge_by_schemathesis}


@contextmanager
def server(environment: dict[str, str]) -> Iterator[list[str]]:
    """Serve the API while the block runs, and give two tokens with all scopes, and the id of a customer."""
    with ExitStack() as running:
        database = running.enter_context(child(environment, "tests.judge.token", stdin=PIPE, stdout=PIPE))
        tokens = (database.stdout or BytesIO()).readline().decode().split()
        running.enter_context(child(environment, "gunicorn", stderr=running.enter_context(LOG.open("wb"))))
        wait_until_ready(environment["BASE_URL"])
        yield tokens


@contextmanager
def child(environment: dict[str, str], module: str, **files: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module in a process of its own, and end it after the block."""
    command = [sys.executable, "-m", module]
    with subprocess.Popen(command, cwd=ROOT, env=environment, **files) as process:  # noqa: S603 -- our own
        try:
            yield process
        finally:
            process.terminate()


def wait_until_ready(base: str) -> None:
    """Return when the server answers; raise TimeoutError when it does not."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            urlopen(f"{base}/healthz", timeout=5).close()  # noqa: S310 -- our own server
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(base)


def main(arguments: list[str]) -> int:
    """Ask the judges named first, or all of them, and return how many found fault; Schemathesis gets the options."""
    names = [item for item in arguments if item in JUDGES]
    OPTIONS.extend(arguments[len(names) :])
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir(parents=True)
    environment = settings(free_port())
    with server(environment) as (token, other, customer):
        environment |= {"JUDGE_TOKEN": token, "JUDGE_TOKEN_TO_END": other, "JUDGE_CUSTOMER": customer}
        verdicts = {name: JUDGES[name](environment) for name in names or JUDGES}
    for name, is_content in verdicts.items():
        print(f"{name}: {'no fault' if is_content else 'FAULTS'}")  # noqa: T201 -- the verdict is for people
    return list(verdicts.values()).count(False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
