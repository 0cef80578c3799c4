"""A process that is killed when it has done its work, and not said so yet."""

from __future__ import annotations

import os
import signal
import sys
import time
from functools import wraps
from inspect import iscoroutinefunction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable


def after_the_view(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def middleware(request: Any) -> Any:
        get_response(request)
        os.kill(os.getpid(), signal.SIGKILL)

    return middleware


def main(verb: str, *names: str) -> None:
    """Work on each of the tasks in a process of its own: `kill` it once the work is done, or be `slow`."""
    import django

    django.setup()
    from procrastinate.contrib.django import app

    app.perform_import_paths()  # type: ignore[no-untyped-call]
    app.periodic_registry.periodic_tasks.clear()  # nothing runs but what the test asks for
    for name in names:
        child = os.fork()
        if child == 0:
            CHANGES[verb](app.tasks[name])
            app.worker_defaults["queues"] = [name.rpartition(".")[2]]  # each its own
            work()
            os._exit(0)
        os.waitpid(child, 0)


def work() -> None:
    from crm.working import work as run

    run()


def die_after(task: Any) -> None:
    do = task.func

    @wraps(do)
    def deadly(*arguments: Any, **more: Any) -> None:
        do(*arguments, **more)
        os.kill(os.getpid(), signal.SIGKILL)

    task.func = deadly


def die_after_a_coroutine(task: Any) -> None:
    do = task.func

    @wraps(do)
    async def deadly(*arguments: Any, **more: Any) -> None:
        await do(*arguments, **more)
        os.kill(os.getpid(), signal.SIGKILL)

    task.func = deadly


def kill(task: Any) -> None:
    (die_after_a_coroutine if iscoroutinefunction(task.func) else die_after)(task)


def be_slow(task: Any) -> None:
    def slow(**_arguments: Any) -> None:
        with Path(os.environ["RUNS"]).open("a") as runs:
            runs.write("run\n")
        time.sleep(float(os.environ["SECONDS"]))

    task.func = slow


CHANGES: Final = {"kill": kill, "slow": be_slow}

if __name__ == "__main__":
    main(*sys.argv[1:])
