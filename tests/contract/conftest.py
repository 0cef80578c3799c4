"""One resource after the other, and clients for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.resources import RECORDS, offering, scopes_of
from tests.staff import permitted

if TYPE_CHECKING:
    from crm.api.viewsets import RecordViewSet, ShapedViewSet


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test for every kind of record; where it is marked with what it `needs`, for those that can do this."""
    own = {name for mark in metafunc.definition.iter_markers("parametrize") for name in mark.args[:1]}
    if "path" in metafunc.fixturenames and "path" not in own:
        needed = [name for mark in metafunc.definition.iter_markers("needs") for name in mark.args]
        metafunc.parametrize("path", offering(*needed), ids=lambda path: path.rpartition("/")[2])


@pytest.fixture
def viewset(path: str) -> type[RecordViewSet]:
    return RECORDS[path]


@pytest.fixture
def model(viewset: type[RecordViewSet]) -> Any:
    return viewset.queryset.model  # type: ignore[union-attr]


@pytest.fixture
def user(make_user: Any) -> Any:
    return make_user("Integration")


@pytest.fixture
def client(api_client: Any, user: Any, viewset: type[ShapedViewSet]) -> Any:
    return api_client(user, *scopes_of(viewset))


@pytest.fixture
def outsider(api_client: Any, make_user: Any, make_team: Any, viewset: type[ShapedViewSet]) -> Any:
    seller = permitted(make_user(team=make_team("Elsewhere")), "view_team", "add", "change", "delete")
    return api_client(seller, *scopes_of(viewset))
