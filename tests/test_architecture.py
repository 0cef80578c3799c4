"""The house keeps its shape: what a reader may rely on without looking."""

from __future__ import annotations

import ast
import re
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.management import call_command

from crm.models import Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.db.models import Model

LAYERS = ["crm", "customers", "marketing", "sales", "service"]
BELOW = {"crm": 0, "customers": 1, "marketing": 2, "sales": 3, "service": 3}
MODELS = [model for model in apps.get_models() if model._meta.app_label in LAYERS]
FILES = [
    path
    for folder in (*LAYERS, "tests")
    for path in sorted((settings.BASE_DIR / folder).rglob("*.py"))
    if "migrations" not in path.parts
]
CALLED = ast.FunctionDef | ast.AsyncFunctionDef


def relative(path: Path) -> str:
    return str(path.relative_to(settings.BASE_DIR))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, CALLED))


def lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_file_has_at_most_300_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 300


def test_a_function_has_at_most_50_lines() -> None:
    long = [f"{relative(path)}:{node.name}" for path in FILES for node in functions(path) if lines(node) > 50]
    assert long == []


def test_a_test_has_at_most_16_lines_after_its_name() -> None:
    tests = [path for path in FILES if path.name.startswith("test_")]
    found = [(path, node) for path in tests for node in functions(path) if node.name.startswith("test_")]
    long = [(path, node) for path, node in found if lines(node) - (node.body[0].lineno - node.lineno) > 16]
    assert [f"{relative(path)}:{node.name}" for path, node in long] == []


def test_who_locks_several_rows_does_so_in_the_order_of_their_keys_or_waits_for_nobody() -> None:
    """One row, found by its key; rows that others hold are skipped; or `order_by("pk")`, as `lock_together` does."""
    safe = re.compile(r"\.get\(|\.refresh_from_db\(|\.first\(\)|skip_locked=True|order_by\(\"pk\"\)|pk=UUID\(")
    product = [path for path in FILES if not path.is_relative_to(settings.BASE_DIR / "tests")]
    sources = [(path, node, ast.unparse(node).replace("'", '"')) for path in product for node in functions(path)]
    locking = [(path, node, text) for path, node, text in sources if ".select_for_update(" in text]
    assert len(locking) > 20
    assert [f"{relative(path)}:{node.name}" for path, node, text in locking if safe.search(text) is None] == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_foreign_keys_point_down(model: type[Model]) -> None:
    remotes = [field.remote_field for field in model._meta.concrete_fields if field.remote_field is not None]
    targets = [remote.model._meta.app_label for remote in remotes]
    own = BELOW[model._meta.app_label]
    others = [label for label in targets if label != model._meta.app_label]
    assert [label for label in others if BELOW.get(label, -1) >= own] == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_model_is_in_the_admin(model: type[Model]) -> None:
    inlines = {inline.model for one in admin.site._registry.values() for inline in one.inlines}
    assert admin.site.is_registered(model) or model in inlines


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_model_says_in_a_sentence_what_a_row_is(model: type[Model]) -> None:
    first = (model.__doc__ or "").split("\n")[0]
    assert first.endswith(".")


@pytest.mark.parametrize("model", [one for one in MODELS if issubclass(one, Record)], ids=lambda one: one._meta.label)
def test_every_field_of_a_record_says_what_it_is_for(model: type[Record]) -> None:
    shown = [field for field in model._meta.concrete_fields if not field.generated]
    assert [field.name for field in shown if not field.help_text] == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_model_orders_its_rows_behind_the_readers_back(model: type[Model]) -> None:
    assert not model._meta.ordering


@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say() -> None:
    call_command("makemigrations", check=True, dry_run=True, stdout=StringIO())


def test_every_verb_of_the_actions_takes_its_arguments_by_name() -> None:
    files = [path for path in FILES if "actions" in {path.stem, path.parent.name}]
    verbs = [node for path in files for node in functions(path) if node.name[0] != "_"]
    assert [node.name for node in verbs if node.args.args or node.args.posonlyargs] == []


def test_no_package_holds_leftovers() -> None:
    names = {path.name.removesuffix(".py") for path in settings.BASE_DIR.glob("[a-z]*/**/*.py")}
    assert names.isdisjoint({"core", "common", "utils", "helpers", "misc"})


def test_nothing_is_left_to_do() -> None:
    words = {"TO" + "DO", "FIX" + "ME", "X" * 3}
    texts = [*FILES, *(settings.BASE_DIR / "docs").rglob("*.md"), *settings.BASE_DIR.glob("*.md")]
    assert [relative(path) for path in texts if words & set(re.findall(r"\w+", path.read_text("utf-8")))] == []
