"""What the judge starts, it ends."""

from __future__ import annotations

import os
import signal
from subprocess import PIPE

import pytest

from tests.judge.__main__ import child


def test_a_child_is_ended_also_where_a_judge_is_missing_or_raises() -> None:
    with pytest.raises(FileNotFoundError), child(dict(os.environ), "code", stdin=PIPE, stderr=PIPE) as process:
        raise FileNotFoundError
    assert process.returncode == -signal.SIGTERM
