"""What Prometheus learns of the requests; summed over processes where PROMETHEUS_MULTIPROC_DIR names a folder."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from django.db import DatabaseError
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from crm import jobs
from crm.lag import lag

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
REGISTRY = CollectorRegistry()
REQUESTS = Counter("crm_requests", "Requests answered.", ["method", "route", "status"], registry=REGISTRY)
DURATION = Histogram(
    "crm_request_duration_seconds", "Time to answer.", ["method", "route"], buckets=SECONDS, registry=REGISTRY
)
FEED = {
    "feed_lag_seconds": "Age of the oldest change that readers of the feed do not see yet.",
    "oldest_transaction_seconds": "Age of the oldest transaction that writes, in any database of the server.",
    "oldest_prepared_transaction_seconds": "Age of the oldest prepared transaction.",
    "prepared_transactions": "Prepared transactions.",
}
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count(method: str, route: str, status: int, seconds: float) -> None:
    """Note one answered request."""
    requests, duration = series(method if method in METHODS else "other", route, status)
    requests.inc()
    duration.observe(seconds)


@cache
def series(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """Return what counts the requests of a kind; routes are few, and so are methods and statuses."""
    return REQUESTS.labels(method, route, status), DURATION.labels(method, route)


def exposition() -> bytes:
    """Return all figures in Prometheus' text format."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry) + generate_latest(QUEUE)


class JobCollector(Collector):
    """Counts the jobs, and what holds the feed up, when it is asked; without a database there is nothing to say."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the number of jobs by state, and the figures of the feed."""
        family = GaugeMetricFamily("crm_jobs", "Background jobs.", labels=["state"])
        try:
            states, behind = jobs.counts(), lag()
        except DatabaseError:
            return
        for state, count in states.items():
            family.add_metric([state], count)
        yield family
        for name, description in FEED.items():
            yield GaugeMetricFamily(f"crm_{name}", description, value=getattr(behind, name))


QUEUE = CollectorRegistry()
QUEUE.register(JobCollector())
