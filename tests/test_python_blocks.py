"""The Python of the documentation is executed as it stands, against a server where it talks to one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
from django.conf import settings

from crm.models import Application
from customers.models import Customer
from marketing import conditions
from marketing.conditions import registry
from marketing.conditions.registry import Condition
from sales import conditions as examples
from sales.conditions import ordered
from tests.samples import make
from tests.webhooks.conftest import client, receiver, subscribe, worker_process
from tests.worker import no_jobs

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["client", "no_jobs", "receiver", "subscribe"]
BLOCK: Final = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOCS: Final = settings.BASE_DIR / "docs"
SECRET: Final = "a-secret-of-no-value-elsewhere"
RESOURCE: Final = """
import sys, django
django.setup()
from django.core.management import call_command
import customers.models.addresses, customers.api as api, customers.urls as urls
model, views, route = sys.argv[1:]
namespace = vars(customers.models.addresses)
exec(model, namespace)
api.Fair = namespace["Fair"]
exec(views, vars(api))
exec(route, vars(urls))
call_command("check")
call_command("makemigrations", "customers", dry_run=True)
found = [one for one in urls.router.registry if one[0] == "fairs"]
print("/api/v1/" + found[0][0], *sorted(found[0][1].serializer_class().fields.keys() & {"name", "country"}))
"""
EXECUTED: Final = {"sign-in.md": 1, "webhooks.md": 1, "segments.md": 1, "add-a-resource.md": 3}


def blocks(page: str) -> list[str]:
    return BLOCK.findall((DOCS / page).read_text("utf-8"))


def execute(block: str, **known: Any) -> dict[str, Any]:
    """Execute a block with what its reader has already, and return what it leaves."""
    exec(compile(block, "block", "exec"), known)  # noqa: S102 -- our own documentation
    return known


def test_every_block_of_python_is_executed_here() -> None:
    pages: list[Path] = [settings.BASE_DIR / "README.md", *DOCS.rglob("*.md")]
    found = {page.name: len(BLOCK.findall(page.read_text("utf-8"))) for page in pages}
    assert {name: count for name, count in found.items() if count} == EXECUTED


@pytest.mark.django_db(transaction=True)
def test_a_program_signs_in_and_reads(live_server: Any, integration: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # plain http is good enough on this machine
    made = {"client_type": "confidential", "authorization_grant_type": "client-credentials", "client_secret": SECRET}
    program = Application.objects.create(name="Spreadsheet", user=integration, **made)
    make(Customer, name="Ada")
    (block,) = blocks("sign-in.md")
    here = block.replace("https://crm.example.com", live_server.url)
    found = execute(here, CLIENT_ID=program.client_id, CLIENT_SECRET=SECRET)
    assert [one["name"] for one in found["customers"]] == ["Ada"]


@pytest.mark.django_db(transaction=True)
def test_a_receiver_takes_what_the_crm_signed_and_nothing_else(no_jobs: None, subscribe: Any, receiver: Any) -> None:
    secret = subscribe(resources=["customers"])["secret"]
    customer = make(Customer, name="Ada")
    with worker_process():
        receiver.wait_for(1)
    headers, body = receiver.got[0]
    receive = execute(blocks("how-to/webhooks.md")[0], SECRET=secret)["receive"]
    assert receive(body, headers)["record"] == str(customer.pk)
    assert receive(body.replace(b"Ada", b"Eva"), headers) is None
    assert receive(body, {**headers, "webhook-id": "msg_another"}) is None


def test_an_application_adds_a_condition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_conditions", {})
    known = {name: getattr(examples, name) for name in ("Order", "DATE")}
    execute(blocks("how-to/segments.md")[0], **known, Condition=Condition, conditions=conditions, _=str, read=ordered)
    assert list(registry._conditions) == ["order_since"]


def test_a_resource_is_made_of_what_the_guide_shows() -> None:
    """In a process of its own, for a model stays known; then as a reader goes on."""
    done = subprocess.run(  # noqa: S603 -- ours
        [sys.executable, "-c", RESOURCE, *blocks("how-to/add-a-resource.md")],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DEBUG": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Create model Fair" in done.stdout
    assert done.stdout.splitlines()[-1] == "/api/v1/fairs country name"
