"""The worker's process: it outlives its database, gives signs of life until its last job ends, and takes up lost ones.

procrastinate ends a worker at the first statement that fails, and stops its signs of life before its last jobs end.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException
from procrastinate.periodic import PeriodicDeferrer
from procrastinate.psycopg_connector import PsycopgConnector
from procrastinate.signals import on_stop
from procrastinate.worker import Worker
from psycopg import AsyncConnection, OperationalError

from crm import jobs
from crm.database.outages import is_outage, is_passing
from crm.restored.holding import HeldJobs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime

    from procrastinate import App, JobContext
    from procrastinate.periodic import TaskAtTime

GRACE: Final = 30  # seconds for jobs to end after a signal
CONCURRENCY: Final = 8
PAUSE: Final = 1.0  # seconds before the database is asked again
LONGEST_PAUSE: Final = 30.0
RECONNECT: Final = 5.0  # seconds after which a statement, and the pool, give up and begin anew
KEEP_SILENT: Final = 24 * 3600.0  # seconds that a silent worker stays known
logger = logging.getLogger(__name__)


class PatientConnector(PsycopgConnector):
    """Waits for a database that is away, whatever is asked, until the worker is told to end."""

    is_ending = False

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        await self.patiently(super().execute_query_async, query, **arguments)

    async def execute_query_one_async(self, query: Any, **arguments: Any) -> dict[str, Any]:
        found: dict[str, Any] = await self.patiently(super().execute_query_one_async, query, **arguments)
        return found

    async def execute_query_all_async(self, query: Any, **arguments: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.patiently(super().execute_query_all_async, query, **arguments)
        return found

    async def listen_notify(self, on_notification: Any, channels: Iterable[str]) -> None:
        await self.patiently(super().listen_notify, on_notification=on_notification, channels=channels)

    async def patiently(self, ask: Callable[..., Awaitable[Any]], *arguments: Any, **more: Any) -> Any:
        """Ask until the database answers; raise what is no outage, and what comes once the worker is to end."""
        while True:
            try:
                return await ask(*arguments, **more)
            except ConnectorException as error:
                if self.is_ending or not is_passing(error):
                    raise
                logger.warning("The worker waits for the database: %s", error.__cause__)
            await asyncio.sleep(PAUSE)


class PatientDeferrer(PeriodicDeferrer):
    """Queues periodic jobs whenever their time has come, though the connection broke since the last time."""

    async def defer_jobs(self, jobs_to_defer: Iterable[TaskAtTime]) -> None:
        """Queue each; wait for a database that is away, and raise what is no outage."""
        for one in jobs_to_defer:
            while not await self.is_deferred(one):
                await asyncio.sleep(PAUSE)

    async def is_deferred(self, one: TaskAtTime) -> bool:
        """Queue one, over Django's connection, which does not notice by itself that it is broken."""
        try:
            await super().defer_jobs([one])
        except ConnectorException as error:
            await sync_to_async(hang_up)()
            if not is_passing(error):
                raise
            logger.warning("The worker's timetable waits for the database: %s", error.__cause__)
            return False
        return True


def hang_up() -> None:
    """Close the connection of the thread that calls this."""
    connection.close()


class PatientWorker(Worker):
    """A worker whose timetable outlives the database."""

    async def _periodic_deferrer(self) -> None:
        deferrer = PatientDeferrer(registry=self.app.periodic_registry, **self.app.periodic_defaults)
        await deferrer.worker()


class Heart(Thread):
    """Gives the worker's signs of life, also while it ends, and takes up the jobs of workers that give none.

    It does so only after its own signs have come through for as long as others may be silent: after an outage all are.
    """

    def __init__(self, worker: Worker) -> None:
        """Take the worker."""
        super().__init__(name="heart", daemon=True)
        self.worker = worker
        self.stopped = Event()
        self.silence = timedelta(seconds=settings.WORKER_SILENT_SECONDS)
        self.steady_since: datetime | None = None
        self.last: datetime | None = None
        self.missing: dict[int, datetime] = {}

    def run(self) -> None:
        """Beat six times as often as needed."""
        while not self.stopped.wait(self.silence.total_seconds() / 6):
            try:
                self.beat()
            except Exception as error:  # noqa: BLE001 -- reported; whatever it is, the next beat comes
                self.last = None
                report(error, "The worker's sign of life")
                with suppress(Exception):
                    connection.close()
        connection.close()

    def beat(self) -> None:
        """Give a sign; take up what others have lost where signs come through without a gap."""
        if self.worker.worker_id is None:
            return
        now = jobs.give_sign(self.worker.worker_id)
        if self.last is None or now - self.last > self.silence / 2:
            self.steady_since = now
        self.last = now
        if self.steady_since is not None and now - self.steady_since > self.silence:
            jobs.take_up_lost(self.silence)
        self.take_back(self.worker.worker_id, now)

    def take_back(self, worker: int, now: datetime) -> None:
        """Take up the jobs that this worker was given without hearing of it: the connection broke with the answer."""
        known = {context.job.id for context in list(self.worker._running_jobs.values())}
        held = {job: name for job, name in jobs.held_by(worker).items() if job not in known}
        self.missing = {job: self.missing.get(job, now) for job in held}
        for job, since in self.missing.items():
            if now - since > self.silence:
                jobs.take_up(job, held[job])


def report(error: Exception, what: str) -> None:
    """Log an outage in a line, and anything else as the error that it is."""
    if is_outage(error):
        logger.warning("%s waits for the database: %s", what, error)
    else:
        logger.error("%s failed", what, exc_info=error)


async def carry_on(do: Callable[[], Awaitable[Any]], context: JobContext, worker: Worker) -> Any:
    """Do a job again where only the database was away, or held up by others; a middleware of the worker."""
    connector, pause = worker.app.connector, PAUSE
    while True:
        try:
            return await do()
        except Exception as error:
            if not is_passing(error) or getattr(connector, "is_ending", False):
                raise
            logger.warning("Job %s waits for the database: %s", context.job.call_string, error)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def work() -> bool:
    """Work until a signal to stop; tell whether there was one, or the worker ended by itself."""
    waits: Any = {"timeout": RECONNECT, "reconnect_timeout": RECONNECT}
    connector = PatientConnector(kwargs=connector_params(), **waits)
    # A second app: what jobs enqueue goes through Django's connection, in the transaction of what causes it.
    own = app.with_connector(connector)
    own.job_manager = HeldJobs(connector)
    return asyncio.run(run(own, connector))


async def run(own: App, connector: PatientConnector) -> bool:
    """Run a worker from the moment that the database answers."""
    await until_answering()
    async with own.open_async():
        own.perform_import_paths()  # type: ignore[no-untyped-call]
        options: Any = {
            **own.worker_defaults,
            "concurrency": CONCURRENCY,
            "install_signal_handlers": False,
            "shutdown_graceful_timeout": GRACE,
            "stalled_worker_timeout": KEEP_SILENT,  # else each start would disown those who waited for the database
            "worker_middleware": [carry_on],
        }
        worker = PatientWorker(app=own, **options)
        heart = Heart(worker)

        def tell() -> None:
            connector.is_ending = True
            worker.stop()  # type: ignore[no-untyped-call]

        with on_stop(tell):
            heart.start()
            try:
                await worker.run()  # type: ignore[no-untyped-call]
            except ConnectorException as error:
                if not (connector.is_ending and is_outage(error)):
                    raise
                logger.warning("The worker has ended without the database; others take its jobs up: %s", error)
            finally:
                heart.stopped.set()
    return connector.is_ending


async def until_answering() -> None:
    """Wait until the database can be connected to."""
    while True:
        try:
            async with await AsyncConnection.connect(**connector_params()):
                return
        except OperationalError as error:
            logger.warning("The worker waits for the database: %s", error)
        await asyncio.sleep(PAUSE)
