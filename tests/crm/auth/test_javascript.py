"""A client that somebody else wrote, in another language: oauth4webapi."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.conf import settings
from django.test import Client

from tests.crm.auth.conftest import CALLBACK, SECRET

NODE = shutil.which("node")
SCRIPT = Path(__file__).with_name("oauth.mjs")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not NODE or not (settings.BASE_DIR / "node_modules" / "oauth4webapi").exists(),
        reason="Node.js or oauth4webapi is not installed (npm ci)",
    ),
]


def start(*arguments: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen([str(NODE), str(SCRIPT), *arguments], stdin=pipe, stdout=pipe, stderr=pipe, text=True)  # noqa: S603 -- our own script


def finished(program: subprocess.Popen[str], sent: str = "") -> dict[str, Any]:
    output, faults = program.communicate(sent, timeout=120)
    assert program.returncode == 0, faults
    found: dict[str, Any] = json.loads(output)
    return found


def test_a_javascript_program_acts_for_itself(server: str, robot: Any, integration: Any) -> None:
    found = finished(start(server, robot.client_id, SECRET))
    assert (found["me"]["username"], found["me"]["scopes"]) == (integration.username, ["customers:read"])
    assert (found["active"], found["after"]) == (True, 401)


def test_a_javascript_program_acts_for_somebody(server: str, register: Any, make_user: Any) -> None:
    user, application = make_user("Auditor"), register("authorization-code")
    program = start(server, application.client_id, SECRET, CALLBACK)
    assert program.stdout
    url = program.stdout.readline().strip().removeprefix(server)
    browser = Client()
    browser.force_login(user, backend="crm.auth.accounts.Accounts")
    answer = browser.post(url, {**dict(parse_qsl(urlsplit(url).query)), "allow": "true"})
    found = finished(program, answer.headers["Location"] + "\n")
    assert found["me"]["username"] == user.username
    assert (found["active"], found["after"]) == (True, 401)
