"""The project speaks Chinese: every text of its own has a translation."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

CATALOGUES = ("locale", "locale_packages")
APPLICATIONS = ("crm", "customers", "marketing", "sales", "service")
PATH = Path("zh_Hans", "LC_MESSAGES", "django.po")
ENTRY = re.compile(r'^msgid ((?:".*"\n)+)(?:msgid_plural (?:".*"\n)+)?((?:msgstr.*\n(?:".*"\n)*)+)', re.MULTILINE)
needs_gettext = pytest.mark.skipif(shutil.which("xgettext") is None, reason="xgettext is not installed (gettext)")


def texts(quoted: str) -> str:
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', quoted))


def entries(text: str) -> dict[str, str]:
    """Return the translation of every text in a catalogue."""
    live = "\n".join(line for line in text.splitlines() if not line.startswith("#~")) + "\n"
    return {texts(source): texts(target) for source, target in ENTRY.findall(live) if texts(source)}


@pytest.mark.parametrize("folder", CATALOGUES)
def test_every_text_has_a_translation(folder: str) -> None:
    text = (settings.BASE_DIR / "crm" / folder / PATH).read_text()
    assert [source for source, target in entries(text).items() if not target] == []
    assert "#, fuzzy" not in text


@pytest.mark.parametrize("folder", CATALOGUES)
def test_translations_keep_the_placeholders(folder: str) -> None:
    placeholder = re.compile(r"%\(\w+\)[sd]|%[sd]")
    for source, target in entries((settings.BASE_DIR / "crm" / folder / PATH).read_text()).items():
        assert sorted(placeholder.findall(source)) == sorted(placeholder.findall(target)), source


@needs_gettext
@pytest.mark.parametrize("folder", CATALOGUES)
def test_the_compiled_translations_are_those_of_the_source(folder: str, tmp_path: Path) -> None:
    source = settings.BASE_DIR / "crm" / folder / PATH
    compiled = tmp_path / "django.mo"
    command = [shutil.which("msgfmt") or "msgfmt", "-o", str(compiled), str(source)]
    subprocess.run(command, check=True, timeout=60)  # noqa: S603 -- gettext's own
    assert compiled.read_bytes() == source.with_suffix(".mo").read_bytes()


@needs_gettext
def test_the_catalogue_has_every_text_of_the_source(tmp_path: Path) -> None:
    for name in (*APPLICATIONS, "manage.py"):
        source = settings.BASE_DIR / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    options = ["--locale=zh_Hans", "--no-obsolete"]
    command = [sys.executable, "manage.py", "makemessages", *options]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)  # noqa: S603 -- ours
    found = entries((tmp_path / "crm" / "locale" / PATH).read_text())
    kept = entries((settings.BASE_DIR / "crm" / "locale" / PATH).read_text())
    assert sorted(set(found) - set(kept)) == []
    assert sorted(set(kept) - set(found)) == []
