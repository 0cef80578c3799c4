"""Which files are taken: by their content, which their name must not contradict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crm.attachments.kinds import clean_name
from crm.models import Attachment
from tests.attachments import samples

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.django_db


def nothing_is_kept(folder: Path) -> bool:
    return not Attachment.objects.exists() and not [one for one in folder.rglob("*") if one.is_file()]


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.png", samples.PNG, "image/png"),
        ("A.PNG", samples.PNG, "image/png"),
        ("a.pdf", samples.PDF, "application/pdf"),
        ("a.xlsx", samples.sheet(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.zip", samples.archive(readme="hello"), "application/zip"),
        ("a.txt", "BMW, München".encode(), "text/plain"),
        ("a.csv", "名称,电话\n张三,1\n".encode("gb18030"), "text/csv"),
        ("a.txt", "hello".encode("utf-16"), "text/plain"),
        ("a.json", b"{}", "application/json"),
    ],
)
def test_a_content_says_what_it_is(send: Any, name: str, content: bytes, media_type: str) -> None:
    answer = send(name, content)
    assert (answer.status_code, answer.json().get("media_type")) == (201, media_type)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", samples.PNG),
        ("a.png", samples.HTML),
        ("a.png", samples.SVG),
        ("a.png", samples.EXE),
        ("a.txt", samples.EXE),
        ("a.txt", samples.ELF),
        ("a.txt", samples.HTML),
        ("a.txt", samples.SHELL),
        ("a.csv", samples.PDF),
        ("a.xlsx", samples.archive(readme="hello")),
        ("a.docx", samples.sheet()),
        ("a.zip", samples.PNG),
    ],
)
def test_a_content_that_its_name_contradicts_is_refused(send: Any, folder: Path, name: str, content: bytes) -> None:
    answer = send(name, content)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "kind_contradicted")
    assert nothing_is_kept(folder)


@pytest.mark.parametrize("name", ["a.exe", "a.html", "a.svg", "a.js", "a.sh", "a.png.exe", "png", "a.", "a.docm"])
def test_a_kind_that_is_not_taken_is_refused(send: Any, folder: Path, name: str) -> None:
    answer = send(name, samples.PNG)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "kind_refused")
    assert nothing_is_kept(folder)


def test_the_kinds_are_a_setting(send: Any, settings: Any) -> None:
    settings.ATTACHMENT_KINDS = ["pdf"]
    assert send("a.png", samples.PNG).status_code == 422
    assert send("a.pdf", samples.PDF).status_code == 201


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\me\\a.txt", "a.txt"),
        ("a\0b.txt", "ab.txt"),
        ("cod\u202etxt.exe", "codtxt.exe"),
        ("a\r\nSet-Cookie: x=1.txt", "aSet-Cookie: x=1.txt"),
        ("  spaces   in  it .txt", "spaces in it .txt"),
        ("合同（最终）.pdf", "合同（最终）.pdf"),
        ("..", ""),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
    ],
)
def test_a_name_is_shown_without_what_misleads(given: str, shown: str) -> None:
    assert clean_name(given) == shown
