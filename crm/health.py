"""What machines ask: is the process alive, can it work, how is it doing.

Answered before the host is checked, because probes and scrapers ask by address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare

from crm import jobs, metrics
from crm.resealing import is_outdated
from crm.restored.holding import is_held

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

WORKER_SEEN = "SELECT EXISTS (SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute')"
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_REAL_IP", "HTTP_VIA")

_state: dict[str, Any] = {"is_migrated": False}


def healthz(request: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether the database answers, has all migrations, and has a worker, and how many jobs it has.

    With `?except=worker` a silent worker is no failure. Waiting and failed jobs are told, and make nothing fail; as is
    that a restored copy sends nothing.
    """
    queue: dict[str, int] = {}
    told: dict[str, str] = {}
    try:
        found = {"database": True, "migrations": is_migrated(), "worker": has_worker()}
        queue = jobs.counts() if found["migrations"] else {}
        told = what_is_to_do() if found["migrations"] else {}
    except DatabaseError:
        found = dict.fromkeys(("database", "migrations", "worker"), False)
    is_ready = all(is_well for part, is_well in found.items() if part not in request.GET.getlist("except"))
    states = {part: "ok" if is_well else "failing" for part, is_well in found.items()}
    body = {"status": "ok" if is_ready else "failing", **states, **told, "jobs": queue}
    response = JsonResponse(body, status=200 if is_ready else 503)
    response._has_been_logged = True  # type: ignore[attr-defined]  # an answer, not an error of this request
    return response


def is_migrated() -> bool:
    """Tell whether the database has every migration of this code; asked until it has."""
    if not _state["is_migrated"]:
        executor = MigrationExecutor(connection)
        _state["is_migrated"] = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return bool(_state["is_migrated"])


def what_is_to_do() -> dict[str, str]:
    """Say what an operator has to decide or do: a copy that sends nothing, secrets to be sealed again."""
    told = {"sending": "held"} if is_held() else {}
    return told | ({"secrets": "sealed with a former key"} if is_outdated() else {})


def has_worker() -> bool:
    """Tell whether a worker gave a sign of life in the last minute."""
    if not is_migrated():
        return False
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
    question = QUESTIONS.get(request.path)
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
