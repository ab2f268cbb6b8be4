"""Child processes of one supervisor: each with a log of its own, none that outlives it, none that is restarted in silence."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from desk.errors import KummerkastenError

LEASH = """
import ctypes, os, signal, sys
parent, nice, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() != parent:
    sys.exit(1)
os.nice(nice)
os.execvp(command[0], command)
"""
"""Runs in the child before its command: where the system can (Linux), it is told to end when the supervisor dies."""


class ChildDied(KummerkastenError):
    """A service ended by itself."""


@dataclass
class Child:
    """One service: its command, where its log goes, and the process once it runs."""

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    nice: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start the process in a group of its own. Only the main thread may: the leash ends with the thread that held it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603 (our own commands)
                [sys.executable, "-S", "-c", LEASH, str(os.getpid()), str(self.nice), *self.command],
                env={**os.environ, **self.env},
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def code(self) -> int | None:
        """The exit status, None while it runs."""
        return self.process.poll() if self.process else None

    def last_words(self, lines: int = 15) -> str:
        """Return the end of the log."""
        with self.log.open(encoding="utf-8", errors="replace") as log:
            return "".join(deque(log, maxlen=lines)).strip()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and all that it started."""
        if self.process:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return


class Family:
    """All children of a supervisor. As a context manager it leaves none behind."""

    def __init__(self, patience: float = 8.0) -> None:
        self.patience = patience
        """Seconds between asking a child to end and ending it."""
        self.children: list[Child] = []
        self.errands: list[Child] = []
        """Those that are meant to end."""

    def __enter__(self) -> "Family":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, child: Child, *, errand: bool = False) -> Child:
        """Start a child; one that is on no errand is meant to stay."""
        child.start()
        (self.errands if errand else self.children).append(child)
        return child

    def check(self) -> None:
        """Raise ChildDied, with the last lines of its log, if a child has ended."""
        for child in self.children:
            if child.code is not None:
                said = child.last_words()
                raise ChildDied(f"{child.name} ended by itself (exit code {child.code}). Its last lines ({child.log}):\n{said}")

    def until(self, ready: Callable[[], bool], what: str, seconds: float = 120) -> None:
        """Wait until *ready*; raises ChildDied where a child ends meanwhile, or KummerkastenError when time is over."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise KummerkastenError(f"{what} did not come up within {seconds:.0f} seconds; see its log")
            time.sleep(0.1)

    def stop(self) -> None:
        """Ask all children to end, the latest first, and end those that do not within a few seconds."""
        everybody = [*self.children, *self.errands]
        for child in reversed(everybody):
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + self.patience
        while any(child.code is None for child in everybody) and time.monotonic() < deadline:
            time.sleep(0.05)
        for child in everybody:
            child.signal(signal.SIGKILL)  # also what a child has left behind in its group
            if child.process:
                child.process.wait()


def free_port(wanted: int, host: str = "127.0.0.1", taken: Sequence[int] = ()) -> int:
    """Return *wanted*, or the next port above it that nobody listens on."""
    for port in range(wanted, 65_536):
        if port in taken:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise KummerkastenError(f"no port above {wanted} is free")


def answers(port: int, path: str, host: str = "127.0.0.1") -> bool:
    """Say whether a local server answers *path* with 200."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
