"""One resource after the other, and clients for it."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission
from django.db.models import Q

from tests.resources import RECORDS, offering

if TYPE_CHECKING:
    from collections.abc import Callable

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
    return api_client(user, f"{viewset.scope}:read", f"{viewset.scope}:write")


@pytest.fixture
def holding(make_user: Any, make_team: Any) -> Callable[..., Any]:
    """Return who makes somebody of a team of their own who holds these permissions on every kind of record."""

    def make(*verbs: str) -> Any:
        person = make_user(team=make_team("Elsewhere"))
        held = reduce(or_, (Q(codename__startswith=f"{verb}_") for verb in verbs))
        person.user_permissions.set(Permission.objects.filter(held))
        return person

    return make


@pytest.fixture
def outsider(api_client: Any, holding: Any, viewset: type[ShapedViewSet]) -> Any:
    person = holding("add", "change", "view_team")
    return api_client(person, f"{viewset.scope}:read", f"{viewset.scope}:write")
