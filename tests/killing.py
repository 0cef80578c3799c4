"""A process that is killed when it has done its work, and not said so yet."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def after_the_view(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def middleware(request: Any) -> Any:
        get_response(request)
        os.kill(os.getpid(), signal.SIGKILL)

    return middleware
