"""Mail servers for tests: a real Dovecot of our own, and an SMTP server that delivers into its mailbox; both on loopback only.

Dovecot runs as a plain process with its own configuration and users in a temporary folder, for as long as the test.
"""

import ctypes
import grp
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

_PATIENCE = 20
_USERS = 1_000
_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
instance_name = {name}
protocols = imap
listen = 127.0.0.1
ssl = {ssl}
disable_plaintext_auth = no
auth_mechanisms = plain login {mechanisms}
mail_location = maildir:{folder}/mail/%n
mail_fsync = never
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 1
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = scheme=plain {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%n
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = create
    {{marked}}
  }}
}}
{more}
"""


_numbers = count(1)


class NoDovecot(Exception):
    """There is no Dovecot to test with; the message says why."""


@dataclass
class Mailbox:
    """One user's mailbox on a running server, and the folder it lies in."""

    folder: Path
    port: int
    tls_port: int
    user: str = "user-0"
    password: str = "geh heim"
    owner: tuple[int, int] = (-1, -1)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def another(self) -> "Mailbox":
        """Return an empty mailbox on the same server."""
        return replace(self, user=f"user-{next(_numbers)}", _numbers=count(1))

    @property
    def maildir(self) -> Path:
        """Where the mails lie."""
        return self.folder / "mail" / self.user

    def deliver(self, raw: bytes, arrived: datetime, folder: str = "") -> str:
        """Put a mail into the mailbox, as a delivery agent does; return its file's name."""
        there = self.maildir / folder if folder else self.maildir
        for part in ("", "new", "cur", "tmp"):
            if not (there / part).is_dir():
                (there / part).mkdir(parents=True)
                os.chown(there / part, *self.owner)
        os.chown(self.maildir, *self.owner)
        name = f"1{next(self._numbers):09d}.kummerkasten"
        path = there / "tmp" / name
        path.write_bytes(raw)
        os.utime(path, (arrived.timestamp(), arrived.timestamp()))
        os.chown(path, *self.owner)
        path.rename(there / "new" / name)
        return name

    def remove(self, name: str) -> None:
        """Take a mail out of the mailbox."""
        for path in self.maildir.rglob(f"{name}*"):
            path.unlink()

    def seen(self) -> list[str]:
        """Return the names of the mails that are marked as read."""
        return [path.name for path in self.maildir.glob("cur/*") if "S" in path.name.partition(":2,")[2]]

    def number_anew(self) -> None:
        """Let the server forget its numbers: UIDVALIDITY changes, as it does when a mailbox is restored."""
        for path in self.maildir.glob("dovecot*"):
            path.unlink()


@contextmanager
def dovecot(
    certificate: tuple[Path, Path] | None = None, more: str = "", mechanisms: str = "", *, marks: bool = True
) -> Iterator[Mailbox]:
    """Yield the mailbox of a running server; raises NoDovecot. *marks*: it says which folder is that of sent mail."""
    binary = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")
    if not binary:
        raise NoDovecot("no Dovecot is installed here (apt install dovecot-imapd)")
    with tempfile.TemporaryDirectory(prefix="kk-mail-") as place:
        folder = Path(place)
        os.chmod(folder, 0o755)
        owner = _owner()
        box = Mailbox(folder, _free_port(), _free_port(), owner=owner)
        for part in ("run", "state", "mail", "home"):
            (folder / part).mkdir()
        for part in ("mail", "home"):
            os.chown(folder / part, *owner)
        (folder / "users").write_text("".join(f"user-{number}:{{PLAIN}}{box.password}\n" for number in range(_USERS)))
        os.chmod(folder / "users", 0o644)
        marked = "special_use = \\Sent" if marks else ""
        (folder / "conf").write_text(_configured(folder, box, certificate, more, mechanisms).replace("{marked}", marked))
        with (folder / "errors").open("wb") as errors:
            server = subprocess.Popen(
                [binary, "-F", "-c", str(folder / "conf")],
                stdout=subprocess.DEVNULL,
                stderr=errors,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        try:
            _wait_for(box, server)
            yield box
        finally:
            server.terminate()
            server.wait(_PATIENCE)


def _configured(folder: Path, box: Mailbox, certificate: tuple[Path, Path] | None, more: str, mechanisms: str) -> str:
    me = pwd.getpwuid(os.getuid())
    root = os.getuid() == 0
    known = {entry.pw_name for entry in pwd.getpwall()}
    internal = "dovecot" if root and "dovecot" in known else me.pw_name
    text = _CONFIGURATION.format(
        folder=folder,
        name=folder.name,
        ssl="yes" if certificate else "no",
        mechanisms=mechanisms,
        internal=internal,
        group=_group_of(internal),
        login="dovenull" if root and "dovenull" in known else me.pw_name,
        uid=box.owner[0],
        gid=box.owner[1],
        port=box.port,
        tls_port=box.tls_port if certificate else 0,
        more=more,
    )
    return text + (f"ssl_cert = <{certificate[0]}\nssl_key = <{certificate[1]}\n" if certificate else "")


def _group_of(user: str) -> str:
    return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name


def _owner() -> tuple[int, int]:
    """Dovecot refuses to read mail as root: return whom the mails belong to."""
    if os.getuid() != 0:
        return os.getuid(), os.getgid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: a killed test run leaves no server behind


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(box: Mailbox, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with socket.create_connection(("127.0.0.1", box.port), timeout=1) as greeting:
                if greeting.recv(100).startswith(b"* OK"):
                    return
        except OSError:
            pass
        if server.poll() is not None or time.monotonic() > deadline:
            said = "".join((box.folder / name).read_text() for name in ("errors", "log") if (box.folder / name).exists())
            raise NoDovecot(f"Dovecot did not start: {said[-2000:]}")
        time.sleep(0.02)


@dataclass
class Post:
    """A running SMTP server: what it was given, and how it behaves."""

    port: int = 0
    letters: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    """Sender, recipients and bytes of what was accepted."""
    answers: list[str] = field(default_factory=list)
    """What it says to the next mails instead of accepting them ("550 no such user"); "drop" accepts and hangs up."""

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802 - aiosmtpd's name
        """Accept a mail, or do not."""
        if not session.authenticated:  # type: ignore[attr-defined]
            return "530 5.7.0 who are you?"
        answer = self.answers.pop(0) if self.answers else ""
        if answer and answer != "drop":
            return answer
        self.letters.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))  # type: ignore[attr-defined]
        if answer == "drop":
            server.transport.abort()  # type: ignore[attr-defined]
        return "250 OK"


@contextmanager
def smtp_server(user: str, password: str, certificate: tuple[Path, Path] | None = None) -> Iterator[Post]:
    """Yield an SMTP server that takes mail from one user only; with a *certificate* after STARTTLS only."""

    def known(_server: object, _session: object, _envelope: object, _mechanism: str, data: object) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=good, handled=False)

    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    post = Post()
    controller = Controller(
        post,
        hostname="127.0.0.1",
        port=_free_port(),
        authenticator=known,
        auth_require_tls=certificate is not None,
        tls_context=context,
        require_starttls=certificate is not None,
    )
    controller.start()
    post.port = controller.port
    try:
        yield post
    finally:
        controller.stop()
