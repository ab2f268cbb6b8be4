"""The intake: one small ASGI application that takes in what platforms push, below ``/NAME-OF-THE-SOURCE``.

Nothing unsigned, stale or too large gets in; what gets in is stored before it is acknowledged, so that a platform sends again
whatever was not. A duplicate of what was pulled is the same mention.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

import listeners
from desk.errors import ConfigurationError, KummerkastenError
from desk.source import Source
from flows.settings import Settings, load
from flows.work.common import fault, utc_now
from flows.work.hear import Ear
from listeners.contract import Broken, Page, Push
from store import mentions

MOST_BYTES = 1024 * 1024
"""What one delivery may hold: the largest batches of the platforms stay well below."""
PATIENCE = 20.0
"""Seconds within which a delivery must be here whole: a platform needs one, and nobody may keep us waiting for ever."""
_LOG = logging.getLogger("kummerkasten.intake")


def app(
    settings: Settings,
    *,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], datetime] = utc_now,
    patience: float = PATIENCE,
) -> Starlette:
    """Return the application for the sources of a desk that platforms push to."""
    doors = {source.name: _Door(settings, source, push, environ, clock, patience) for source, push in pushed(settings)}
    for door in doors.values():
        Ear(settings, clock=clock).learn(door.source, listeners.listener(door.source.platform))

    async def knock(request: Request) -> Response:
        door = doors.get(request.path_params["source"])
        return await door.open(request) if door else PlainTextResponse("there is nobody of this name here", 404)

    async def health(_request: Request) -> Response:
        return PlainTextResponse("ok")

    return Starlette(routes=[Route("/_health", health), Route("/{source}", knock, methods=["GET", "POST"])])


def create() -> Starlette:
    """Return the application of the desk that the environment names, for a server of your own (``uvicorn --factory``)."""
    return app(load())


def pushed(settings: Settings) -> list[tuple[Source, Push]]:
    """Return the sources that a platform can push to, and how."""
    found = ((source, listeners.listener(source.platform).push) for source in settings.desk.sources if source.enabled)
    return [(source, push.by(source)) for source, push in found if push]


class _Door:
    """One source's entrance."""

    def __init__(
        self,
        settings: Settings,
        source: Source,
        push: Push,
        environ: Mapping[str, str] | None,
        clock: Callable[[], datetime],
        patience: float,
    ) -> None:
        self.settings, self.source, self.push = settings, source, push
        self.environ, self.clock, self.patience = environ, clock, patience

    async def open(self, request: Request) -> Response:
        """Answer one request."""
        try:
            async with asyncio.timeout(self.patience):
                body = await _body(request)
        except (TimeoutError, ClientDisconnect):
            return PlainTextResponse("not here whole in time", 408)
        if body is None:
            return PlainTextResponse(f"more than {MOST_BYTES} bytes", 413)
        try:
            return await run_in_threadpool(self._take, request.method, dict(request.query_params), dict(request.headers), body)
        except ConfigurationError as error:
            _LOG.error("%s", error)
            return PlainTextResponse("not set up", 503)
        except Exception as error:  # whatever it is: what was not stored is not acknowledged
            _LOG.error("a delivery to %s could not be stored: %s", self.source.name, fault(error))
            return PlainTextResponse("try again later", 503)

    def _take(self, method: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> Response:
        environ = self.settings.environ() if self.environ is None else self.environ
        secrets = listeners.secrets_of(self.source, environ)
        if self.push.handshake:
            answer = self.push.handshake(query, body, secrets)
            if answer is not None:
                kind = "application/json" if answer.startswith("{") else "text/plain"
                return Response(answer, media_type=kind)
        if method == "GET":
            return PlainTextResponse("not for you", 403)
        if not self.push.signed(headers, body, secrets, self.clock()):
            _LOG.warning("a delivery to %s was not signed as it must be, or too old", self.source.name)
            return PlainTextResponse("not signed as it must be", 401)
        with self.settings.session() as session:
            retention = self.settings.desk.retention_of(self.source.name)
            mentions.keep(session, self.source, self._read(body), now=self.clock(), retention=retention)
        return PlainTextResponse("kept")

    def _read(self, body: bytes) -> Page:
        """Return what a delivery says; what nobody understands is kept as it came."""
        try:
            return self.push.read(self.source, body, self.clock())
        except (KummerkastenError, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            return Page(broken=(Broken(body, f"{type(error).__name__}: {error}", "a delivery"),))


async def _body(request: Request) -> bytes | None:
    """Return the body, None where it is too large; no more than that is ever held."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)
