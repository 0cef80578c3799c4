"""Let each test make its own statements, so that coverage names all that stand on a line, and not only the first."""

from __future__ import annotations

import pytest

from crm.api.statements import statements


@pytest.fixture(autouse=True)
def forget_statements() -> None:
    """Begin without statements that another test had made."""
    statements.clear()
