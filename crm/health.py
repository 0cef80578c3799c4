"""What machines ask: is the process alive, can it work, how is it doing.

Answered before the host is checked, because probes and scrapers ask by address.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare

from crm import jobs, metrics
from crm.attachments.store import is_usable
from crm.bounded import TooLate, within
from crm.demonstration import has_accounts
from crm.lag import lag
from crm.resealing import is_outdated
from crm.restored.holding import is_held

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

WORKER_SEEN = "SELECT EXISTS (SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute')"
# Neither a standby nor a server whose operator took writing away.
CAN_WRITE = "SELECT NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::boolean"
FORMER_KEY = "sealed with a former key"
WARNINGS = {"warning", "held", FORMER_KEY}
PARTS = ("database", "writable", "migrations", "worker", "feed")
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_REAL_IP", "HTTP_VIA")

logger = logging.getLogger(__name__)
_state: dict[str, Any] = {"is_migrated": False}


def healthz(request: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether the CRM can work, part by part, within seconds whatever hangs, and how many jobs it has.

    With `?except=worker`, or another part, that one is no failure. Waiting and failed jobs are told, and make nothing
    fail; as is that a restored copy sends nothing, a feed that stands still, and secrets sealed with a former key.
    """
    found, queue = look_at_database()
    found["attachments"] = looks_well("attachments", is_usable)
    excepted = request.GET.getlist("except")
    is_ready = all(state != "failing" for part, state in found.items() if part not in excepted)
    summary = ("warning" if WARNINGS & set(found.values()) else "ok") if is_ready else "failing"
    response = JsonResponse({"status": summary, **found, "jobs": queue}, status=200 if is_ready else 503)
    response._has_been_logged = True  # type: ignore[attr-defined]  # an answer, not an error of this request
    return response


def look_at_database() -> tuple[dict[str, str], dict[str, int]]:
    """Return how the parts stand that the database knows of, and how many jobs there are."""
    try:
        return within("database", ask_database)
    except (DatabaseError, TooLate) as error:
        logger.warning("The database cannot be asked: %r", error)
        return dict.fromkeys(PARTS, "failing"), {}


def ask_database() -> tuple[dict[str, str], dict[str, int]]:
    """Ask for each part; raise DatabaseError where there is no answer."""
    with connection.cursor() as cursor:
        cursor.execute(CAN_WRITE)
        can_write = bool(cursor.fetchone()[0])
    if not is_migrated():
        return {**dict.fromkeys(PARTS, "failing"), "database": "ok", "writable": state(is_well=can_write)}, {}
    queue, to_do = jobs.counts(), what_is_to_do()
    is_worked = has_worker() and not (queue["stuck"] and "sending" not in to_do)  # what is held back waits on purpose
    return {
        "database": "ok",
        "writable": state(is_well=can_write),
        "migrations": "ok",
        "worker": state(is_well=is_worked),
        "feed": "warning" if lag().is_stalled else "ok",
        **to_do,
    }, queue


def state(*, is_well: bool) -> str:
    """Return how a part is said to stand."""
    return "ok" if is_well else "failing"


def looks_well(part: str, ask: Callable[[], bool]) -> str:
    """Return how a part stands; whatever it raises is a failure of it, and is told in the log."""
    try:
        return state(is_well=within(part, ask))
    except Exception:
        logger.warning("Not ready: %s", part, exc_info=True)
        return "failing"


def is_migrated() -> bool:
    """Tell whether the database has every migration of this code; asked until it has."""
    if not _state["is_migrated"]:
        executor = MigrationExecutor(connection)
        _state["is_migrated"] = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return bool(_state["is_migrated"])


def what_is_to_do() -> dict[str, str]:
    """Say what an operator has to decide or do: a copy that sends nothing, secrets to seal, accounts to remove."""
    told = {"sending": "held"} if is_held() else {}
    told |= {"secrets": FORMER_KEY} if is_outdated() else {}
    return told | ({"demonstration": "present"} if has_idle_accounts() else {})


def has_idle_accounts() -> bool:
    """Tell whether demonstration accounts are there where nobody may sign in with them."""
    return not settings.SERVES_DEMONSTRATION and has_accounts()


def has_worker() -> bool:
    """Tell whether a worker gave a sign of life in the last minute."""
    with connection.cursor() as cursor:
        cursor.execute(WORKER_SEEN)
        return bool(cursor.fetchone()[0])


def show_metrics(request: HttpRequest) -> HttpResponse:
    """Show the figures to who knows METRICS_TOKEN; where there is none, to this machine without a proxy between."""
    if not may_see_metrics(request):
        return HttpResponse(status=404)
    return HttpResponse(metrics.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


def may_see_metrics(request: HttpRequest) -> bool:
    """Tell whether the caller may see the figures."""
    if settings.METRICS_TOKEN:
        offered = request.headers.get("Authorization", "")
        return constant_time_compare(offered, f"Bearer {settings.METRICS_TOKEN}")
    is_here = request.META.get("REMOTE_ADDR") in {"127.0.0.1", "::1", ""}
    return is_here and not any(name in request.META for name in FORWARDED)


def answer(request: HttpRequest) -> HttpResponse | None:
    """Answer a machine's question; return None for any other request."""
    question = QUESTIONS.get(request.path.removesuffix("/"))
    if question is None:
        return None
    response = question(request)
    response.headers["Content-Length"] = str(len(response.content))
    response.headers["Cache-Control"] = "no-store"
    return response


QUESTIONS: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": show_metrics,
}
