"""What the page on operation shows to be copied fits what the CRM does."""

from __future__ import annotations

import re
import tomllib

import pytest
from django.conf import settings

PAGE = (settings.BASE_DIR / "docs" / "operations.md").read_text("utf-8")


def test_the_sample_of_nginx_takes_whatever_the_crm_takes() -> None:
    (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", PAGE)
    largest = max(settings.MAX_IMPORT_BYTES, settings.ATTACHMENT_BYTES, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    assert int(megabytes) * 1024 * 1024 >= largest + 1024 * 1024


@pytest.mark.parametrize("name", ["proxy_read_timeout", "proxy_send_timeout"])
def test_the_sample_of_nginx_waits_longer_than_an_export_may_take(name: str) -> None:
    (seconds,) = re.findall(rf"{name} (\d+)s;", PAGE)
    assert int(seconds) > settings.EXPORT_SECONDS


@pytest.mark.parametrize("program", [".venv/bin/gunicorn", ".venv/bin/python manage.py worker"])
def test_each_process_has_a_unit_of_its_own_that_comes_up_again_and_with_the_machine(program: str) -> None:
    (unit,) = [one for one in re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL) if f"/srv/crm/{program}\n" in one]
    assert {"Restart=always", "WantedBy=multi-user.target", "EnvironmentFile=/etc/crm.env"} <= set(unit.splitlines())


def test_the_page_names_the_python_that_is_needed() -> None:
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"Python must be {project['requires-python'].removeprefix('>=')} or newer." in PAGE
