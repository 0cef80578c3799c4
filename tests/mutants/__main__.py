"""Break what protects, one rule at a time, and see whether a test notices: `python -m tests.mutants [MODULE …]`."""

from __future__ import annotations

import argparse
import difflib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from cosmic_ray.mutating import mutate_code
from coverage import CoverageData

from tests.environment import ROOT
from tests.mutants.modules import PROTECTED
from tests.mutants.operators import mutations

if TYPE_CHECKING:
    from pathlib import Path

GOAL: Final = 0.9
PYTEST: Final = ("-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider", "-p", "no:randomly")
LONGEST: Final = 300  # seconds; who hangs has been noticed
UNTRIED: Final = ("TYPE_CHECKING", "@dataclass")  # lines whose change nobody can notice
MEASURED: Final = ("-p", "tests.mutants.forgetting", "--cov-context=test", "--cov-report=", "--cov-fail-under=0")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one rule changed."""

    module: str
    line: int
    code: str
    changed: str


def main() -> int:
    """Print what survived, and return 1 where it is more than one in ten."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(PROTECTED))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--most", type=int, default=40, help="mutants of a module that are tried; 0 for all")
    asked = parser.parse_args()
    trees: SimpleQueue[Path] = SimpleQueue()
    for number in range(asked.jobs):
        trees.put(tree(ROOT / ".data" / "mutants" / str(number)))
    tried = killed = 0
    with ThreadPoolExecutor(asked.jobs) as pool:
        for module in asked.modules:
            known = covering(module, trees)
            found = mutants(module, asked.most)
            results = list(pool.map(lambda one, known=known: is_killed(one, known, trees), found))
            tried, killed = tried + len(found), killed + sum(results)
            say(f"{module}: {sum(results)} of {len(found)} killed")
            for one in (one for one, is_dead in zip(found, results, strict=True) if not is_dead):
                say(f"  {one.line}: {one.changed}")
    say(f"{killed} of {tried} killed: {killed / tried:.0%}")
    return int(killed < GOAL * tried)


def tree(folder: Path) -> Path:
    """Return a copy of the project in which rules may be broken; it keeps its own database."""
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True)  # noqa: S607
    for name in files.stdout.decode().splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def mutants(module: str, most: int) -> list[Mutant]:
    """Return the mutants of a module; where they are more than asked for, some from all over it."""
    code = (ROOT / module).read_text()
    lines, found = code.splitlines(), []
    for operator, number, line in mutations(code):
        changed = mutate_code(code, operator(), number)
        is_tried = not any(word in lines[line - 1] for word in UNTRIED)
        if changed and changed != code and is_tried and compiles(changed):
            found.append(Mutant(module, line, changed, difference(code, changed)))
    unique = list({one.code: one for one in sorted(found, key=lambda one: one.line)}.values())
    return unique[:: -(-len(unique) // most)] if most else unique


def compiles(code: str) -> bool:
    """Return whether a module can be imported at all."""
    try:
        compile(code, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def difference(before: str, after: str) -> str:
    """Return the lines that a mutation changed."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return " | ".join(" ".join(line.split()) for line in lines if line[:2] not in {"--", "++", "@@"})


def covering(module: str, trees: SimpleQueue[Path]) -> dict[int, list[str]]:
    """Return which tests run each line of a module."""
    place = trees.get()
    data = place / ".data" / "coverage"
    options = ("--cov", module.rpartition("/")[0], *MEASURED)
    try:
        run(place, [*PROTECTED[module], *options], longest=None, COVERAGE_FILE=str(data)).check_returncode()
        known = CoverageData(str(data))
        known.read()
        return {
            line: sorted({name.partition("|")[0] for name in names if name})
            for line, names in known.contexts_by_lineno(str(place / module)).items()
        }
    finally:
        trees.put(place)


def is_killed(mutant: Mutant, known: dict[int, list[str]], trees: SimpleQueue[Path]) -> bool:
    """Return whether a test fails, or none ends in time, once the rule is changed."""
    place = trees.get()
    try:
        (place / mutant.module).write_text(mutant.code)
        return run(place, known.get(mutant.line) or PROTECTED[mutant.module]).returncode != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        shutil.copy2(ROOT / mutant.module, place / mutant.module)
        trees.put(place)


def run(
    place: Path, arguments: Any, *, longest: int | None = LONGEST, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run tests in a copy of the project."""
    known = {name: value for name, value in os.environ.items() if name not in {"DATA_DIR", "CI"}}
    command = [sys.executable, *PYTEST, *arguments]
    return subprocess.run(  # noqa: S603 -- ours
        command, cwd=place, env=known | environment, capture_output=True, timeout=longest, check=False
    )


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)  # noqa: T201 -- a command


if __name__ == "__main__":
    sys.exit(main())
