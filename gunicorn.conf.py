"""How gunicorn serves the CRM; it reads this file by itself, where it is started in this folder."""

import os
import shutil
import sys
import tempfile

from django.core.exceptions import ImproperlyConfigured
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from crm import environment, logs
from crm.hosts import in_address

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
try:
    import crm.settings as configured  # the settings alone: applications are read by the processes that serve
except ImproperlyConfigured as refused:
    sys.exit(f"Configuration: {refused}")

wsgi_app = "crm.wsgi"
bind = [f"{in_address(configured.HOST)}:{configured.PORT}"]
workers = configured.WEB_CONCURRENCY
worker_class = "gthread"
threads = configured.THREADS
graceful_timeout = 30
timeout = 60
limit_request_line = 8190
max_requests = 10_000
max_requests_jitter = 1_000
control_socket_disable = True
logconfig_dict = logs.configuration(is_for_people=environment.flag("DEBUG"), level="INFO")

if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="crm-metrics-")


def on_starting(server: Arbiter) -> None:
    """Say in a line, instead of once per worker, why the configuration is refused."""
    try:
        import crm.wsgi  # noqa: F401
    except ImproperlyConfigured as error:
        sys.exit(f"Configuration: {error}")


def child_exit(server: Arbiter, worker: Worker) -> None:
    """Stop reporting the gauges of a process that ended."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


def on_exit(server: Arbiter) -> None:
    """Remove the processes' shared figures."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
