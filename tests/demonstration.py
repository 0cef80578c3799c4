"""The demonstration data, made once for all tests of a module: what a test does with them is undone after it."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.test import override_settings

from tests.resetting import put_back

if TYPE_CHECKING:
    from collections.abc import Iterator


def demo_data(*arguments: str) -> str:
    """Run the command; return what it says."""
    output = StringIO()
    call_command("demo_data", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Make the data."""
    with django_db_blocker.unblock(), override_settings(DEBUG=True):
        demo_data()
    yield
    with django_db_blocker.unblock():
        put_back(None)


@pytest.fixture
def data(made: None, db: None, settings: Any) -> None:
    """Develop, with the data there."""
    settings.DEBUG = True
