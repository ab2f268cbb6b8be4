"""What all steps share: the clock, the name of this worker, a word of progress, and a polite way to stop."""

import os
import secrets
import signal
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from desk.errors import KummerkastenError
from store.engine import trouble

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


def fault(error: BaseException) -> str:
    """Return an error that nobody foresaw for a log or a ledger: its kind and place, and nothing that customers wrote.

    What it says itself may quote a text, so it is told only where it comes from us, or from the database about the database.
    """
    if isinstance(error, KummerkastenError):
        return str(error)
    places = [f"{Path(one.filename).name}:{one.lineno}" for one in traceback.extract_tb(error.__traceback__)[-_PLACES:]]
    where = f" ({' > '.join(places)})" if places else ""
    return f"{type(error).__name__}: {said}" if (said := trouble(error)) else f"{type(error).__name__}{where}"


_PLACES = 3
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
