"""Run the sandbox server: in the foreground for people, in a thread for tests."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import uvicorn

from listeners.http import utc_now
from listeners.sandbox import story
from listeners.sandbox.exports import write_exports
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.server import app
from listeners.sandbox.world import World, of_the_story

_EXPORT_EVERY = 30.0
_READY_WITHIN = 15.0


def serve(
    host: str = "127.0.0.1", port: int = 8787, every: timedelta = timedelta(seconds=5), exports: Path | None = None
) -> None:
    """Serve the story until interrupted; with *exports*, keep a folder of export files up to date."""
    world = of_the_story(every=every)
    done = threading.Event()
    if exports:
        threading.Thread(target=_keep_exporting, args=(exports, done), daemon=True).start()
    try:
        uvicorn.run(app(world), host=host, port=port, log_level="warning", access_log=False)
    finally:
        done.set()


def _keep_exporting(folder: Path, done: threading.Event) -> None:
    anchor = utc_now()
    while True:
        write_exports(folder, story.at(anchor), utc_now())
        if done.wait(_EXPORT_EVERY):
            return


@contextmanager
def running(world: World, mischief: Mischief | None = None) -> Iterator[str]:
    """Serve *world* on a free port of this machine while the block runs; yields the address."""
    # asyncio turns Nagle's delay (40 ms a request) off only where the protocol is named
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app(world, mischief), log_level="critical", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + _READY_WITHIN
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()
