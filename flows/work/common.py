"""What all steps share: the clock, the name of this worker, a word of progress, and a polite way to stop."""

import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType

Clock = Callable[[], datetime]
Tell = Callable[[str, int], None]
"""Is told what advanced (a source, a step) and by how many mentions."""


def utc_now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def silent(_name: str, _advanced: int) -> None:
    """Tell nobody."""


def worker_name() -> str:
    """Return a name that no other worker has: machine, process, and a few letters for each time it is asked."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(3)}"


_ENDS = (signal.SIGTERM, signal.SIGINT)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Let SIGTERM and SIGINT end the work, and give out the event that tells threads to stop after their page.

    A shell that starts a command in the background lets it ignore SIGINT; whoever sends one to us means it.
    """
    stop = threading.Event()
    ours = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, _interrupt) for number in _ENDS} if ours else {}
    try:
        yield stop
    finally:
        stop.set()
        for number, handler in before.items():
            signal.signal(number, handler)
