"""Who may see which rows is said of every kind that people read: a kind that says nothing is refused, not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import models
from django.test.utils import isolate_apps

from crm import checks
from crm.admin.records import visible_among
from crm.admin.words import names_of
from crm.api.representation import SERIALIZERS
from crm.api.viewsets import ShapedViewSet
from crm.models import Import, Record, SavedView, Tag, Team, User
from crm.querysets import Public, PublicQuerySet, RecordQuerySet
from customers.models import Customer
from marketing.models import Click
from tests.resources import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator

SAYS_NOTHING = "does not say who may see its rows."


@pytest.fixture
def forgetful() -> Iterator[type[models.Model]]:
    """Make a kind of rows whose queryset says nothing."""
    with isolate_apps("crm"):

        class Forgetful(models.Model):  # noqa: DJ008 -- it is never shown
            class Meta:
                app_label = "crm"

        yield Forgetful


@pytest.fixture
def is_listed(forgetful: type[models.Model], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the API have a list of them."""
    monkeypatch.setitem(SERIALIZERS, forgetful, object)


def said(model: type[models.Model]) -> bool:
    return any(one.obj is model and SAYS_NOTHING in one.msg for one in checks.visibility(None))


def test_every_kind_here_says_who_sees_it() -> None:
    assert checks.visibility(None) == []
    assert {viewset.model for viewset in RESOURCES.values()} <= set(checks.shown())
    assert {User, Team, Tag, Import, SavedView, Customer} <= set(checks.shown())


@pytest.mark.usefixtures("is_listed")
def test_a_list_of_a_kind_that_says_nothing_is_refused_at_the_start() -> None:
    with pytest.raises(SystemCheckError, match=rf"crm\.Forgetful {SAYS_NOTHING}"):
        call_command("check")
    with pytest.raises(ImproperlyConfigured, match=rf"crm\.Forgetful {SAYS_NOTHING}"):
        checks.refuse_unsafe()


def test_a_record_that_lost_its_queryset_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with isolate_apps("crm"):

        class Lost(Record):
            objects = models.Manager()  # type: ignore[assignment]  # what is forgotten

            class Meta:
                app_label = "crm"

        monkeypatch.setattr(apps, "get_models", lambda: [Lost])
        assert said(Lost)


def test_what_a_record_names_is_refused_too(monkeypatch: pytest.MonkeyPatch, forgetful: type[models.Model]) -> None:
    class Naming(Record):
        forgetful = models.ForeignKey("crm.Forgetful", models.CASCADE)

        class Meta:
            app_label = "crm"

    field: Any = Naming._meta.get_field("forgetful")
    field.remote_field.model = forgetful
    monkeypatch.setattr(apps, "get_models", lambda: [Naming])
    assert (said(forgetful), said(Naming)) == (True, False)


def test_a_kind_that_says_everybody_sees_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with isolate_apps("crm"):

        class Known(models.Model):  # noqa: DJ008 -- it is never shown
            objects = PublicQuerySet.as_manager()

            class Meta:
                app_label = "crm"

        monkeypatch.setitem(cast("Any", SERIALIZERS), Known, object)
        assert not said(Known)


def test_a_list_shows_nothing_of_a_kind_that_says_nothing(forgetful: type[models.Model], make_user: Any) -> None:
    viewset: Any = type("Forgetting", (), {"model": forgetful, "visible_to": ShapedViewSet.visible_to})()
    with pytest.raises(AttributeError, match="visible_to"):
        viewset.visible_to(make_user("Sales manager"))


def test_only_lists_that_are_meant_for_everybody_are_public() -> None:
    kinds = {viewset.model._meta.label for viewset in RESOURCES.values() if is_public(viewset.model)}
    assert kinds == {
        *("crm.CustomField", "crm.Tag", "crm.Team", "crm.User", "customers.Purpose", "customers.RelationshipType"),
        *("marketing.Suppression", "sales.AssignmentRule", "sales.ExchangeRate", "sales.LeadForm"),
        *("sales.LossReason", "sales.Pipeline", "sales.ScoreRule", "sales.Stage"),
    }
    assert not issubclass(RecordQuerySet, Public)


def is_public(model: Any) -> bool:
    return isinstance(model._default_manager.all(), Public)


def test_screens_name_nothing_that_is_no_record_and_not_for_its_reader(make_user: Any) -> None:
    mine, other = make_user("Sales representative"), make_user("Sales representative")
    views = [SavedView.objects.create(resource="customers", name=f"of {one}", user=one) for one in (mine, other)]
    wanted: Any = {(SavedView, str(one.pk)) for one in views}
    assert names_of(wanted, mine) == {(SavedView, str(views[0].pk)): str(views[0])}
    assert visible_among([*views], SavedView, mine) == [views[0]]
    assert visible_among([Click()], Click, mine) == []
