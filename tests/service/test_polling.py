"""The poller against Dovecot, as Debian has it."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from imapclient import IMAPClient

from service.mail.polling import Mailbox, poll
from service.models import IncomingMail, Ticket
from tests.service.letters import free_port, letter, raw

if TYPE_CHECKING:
    from collections.abc import Iterator

DOVECOT = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(DOVECOT is None, reason="Dovecot is not installed: apt-get install dovecot-imapd"),
]
CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
mail_location = maildir:{folder}/mail
first_valid_uid = 0
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""


@pytest.fixture
def mailbox(queue: Any) -> Iterator[str]:
    """Run Dovecot for one user, and return the address of the mailbox."""
    port, who = free_port(), pwd.getpwuid(os.getuid() or pwd.getpwnam("nobody").pw_uid)  # it serves nobody as root
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chown(folder, who.pw_uid, who.pw_gid)
        folder.chmod(0o755)
        known = {"folder": folder, "user": who.pw_name, "group": grp.getgrgid(who.pw_gid).gr_name, "port": port}
        (folder / "conf").write_text(CONFIGURATION.format(**known, uid=who.pw_uid, gid=who.pw_gid))
        command = [str(DOVECOT), "-F", "-c", str(folder / "conf")]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 -- ours
            try:
                wait_for(port, folder / "log")
                yield f"imap://ada:secret@127.0.0.1:{port}/INBOX?tls=no"
            finally:
                process.terminate()


def wait_for(port: int, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"Dovecot does not answer: {log.read_text() if log.exists() else 'no log'}")


def put(url: str, *letters: bytes) -> None:
    box = Mailbox.of(url)
    with IMAPClient(box.host, box.port, ssl=False) as server:
        server.login(box.user, box.password)
        for one in letters:
            server.append("INBOX", one)


def test_what_waits_is_taken_once(mailbox: str) -> None:
    put(mailbox, raw(Subject="One"), raw(Subject="Two"))
    assert [one.state for one in poll(mailbox)] == ["accepted", "accepted"]
    assert poll(mailbox) == []
    assert sorted(Ticket.objects.values_list("subject", flat=True)) == ["One", "Two"]


def test_what_was_taken_before_a_crash_is_known_again(mailbox: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(mailbox, raw())
    with monkeypatch.context() as patch:
        patch.setattr(IMAPClient, "add_flags", lambda *_arguments: (_ for _ in ()).throw(OSError("killed")))
        with pytest.raises(OSError, match="killed"):
            poll(mailbox)
    assert [one.state for one in poll(mailbox)] == ["accepted"]
    assert Ticket.objects.count() == 1


def test_one_that_cannot_be_taken_holds_up_no_other(mailbox: str, settings: Any) -> None:
    bad = letter("See there.")
    bad.add_attachment(b"hello", maintype="text", subtype="plain", filename="log.txt")
    put(mailbox, bad.as_bytes(), raw(Subject="Two"))
    known = settings.STORAGES
    settings.STORAGES = {**known, "attachments": {"BACKEND": "nowhere.at.all"}}
    with pytest.raises(OSError, match="nowhere"):
        poll(mailbox)
    assert list(Ticket.objects.values_list("subject", flat=True)) == ["Two"]
    settings.STORAGES = known
    assert [one.subject for one in poll(mailbox)] == ["Printer"]


def test_a_letter_beyond_measure_is_kept_as_far_as_it_goes(mailbox: str, settings: Any) -> None:
    settings.MAIL_BYTES = 2000
    put(mailbox, raw("word " * 2000))
    (found,) = poll(mailbox)
    assert (found.state, len(bytes(found.raw or b""))) == ("refused", 2000)
    assert (IncomingMail.objects.count(), poll(mailbox)) == (1, [])


def test_a_wrong_address_is_refused() -> None:
    with pytest.raises(ValueError, match="imaps://"):
        Mailbox.of("https://mail.example.com")
