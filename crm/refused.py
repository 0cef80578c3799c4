"""What verbs refuse."""

from __future__ import annotations

from typing import Any, ClassVar


class Refused(Exception):
    """A verb does not go with the state of a record; `text` says so to people."""

    text: ClassVar[Any]
