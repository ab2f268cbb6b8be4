"""Run the sandbox server: in the foreground for people, in a thread for tests."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from itertools import count
from pathlib import Path

import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from listeners.http import utc_now
from listeners.sandbox import story
from listeners.sandbox.exports import write_exports
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.server import Parts, app
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
def running(world: World, mischief: Mischief | None = None, parts: Parts | None = None) -> Iterator[str]:
    """Serve *world* on this machine while the block runs; yields the address. Worlds of one process share one server."""
    name = f"world-{next(_numbers)}"
    _worlds[name] = app(world, mischief, parts)
    try:
        yield f"{_shared_server()}/{name}"
    finally:
        del _worlds[name]


_worlds: dict[str, ASGIApp] = {}
_numbers = count(1)


async def _by_name(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand a request on to the world that its path begins with."""
    name = scope["path"].split("/")[1]
    if name in _worlds:
        await _worlds[name]({**scope, "root_path": f"/{name}"}, receive, send)
    else:
        await Response(status_code=404)(scope, receive, send)


@cache
def _shared_server() -> str:
    """Return the address of the server of this process, started when it is first needed."""
    # asyncio turns Nagle's delay (40 ms a request) off only where the protocol is named
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(_by_name, log_level="critical", lifespan="off", ws="none"))
    threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
    deadline = time.monotonic() + _READY_WITHIN
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    return f"http://127.0.0.1:{listening.getsockname()[1]}"
