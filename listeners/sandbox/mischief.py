"""A platform's bad days, on request: refusals, outages, broken answers, odd pages, a wrong clock."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from listeners.http import utc_now

REFUSALS = {
    "401": 401,
    "403": 403,
    "404": 404,
    "429": 429,
    "429_silent": 429,
    "429_reset": 429,
    "500": 500,
    "502": 502,
    "503": 503,
}
BREAKS = ("truncated", "html", "empty", "drop", "garbage", "slow")
ODDITIES = ("overlap", "endless", "clock_skew", "unknown_fields", "string_ids", "other_zone")
LOST = "lost"
"""An answer of ours is taken, and the connection breaks before the platform says so."""
DEEDS = ("edit", "delete")
KINDS = (*REFUSALS, *BREAKS, *ODDITIES, LOST, *DEEDS)
_REWRITTEN = ("unknown_fields", "string_ids", "other_zone")
_UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:?00)")
_ELSEWHERE = timezone(timedelta(hours=5, minutes=30))
_ALWAYS = 1_000_000


@dataclass
class Order:
    """One misbehaviour: its kind, how many requests it spoils, on which platform and path, and how much (seconds)."""

    kind: str
    times: int = 1
    platform: str = ""
    path: str = ""
    seconds: float = 1.0

    def meant(self, path: str) -> bool:
        """Say whether a request for *path* is spoiled."""
        return self.times > 0 and path.startswith(f"/{self.platform}") and self.path in path


@dataclass
class Mischief:
    """What is on order."""

    orders: list[Order] = field(default_factory=list)
    spoiled: int = 0
    clock: Callable[[], datetime] = utc_now

    def order(self, kind: str, **more: Any) -> Order:
        """Order a misbehaviour; oddities stay until they are lifted. Raises ValueError for an unknown kind."""
        if kind not in KINDS:
            raise ValueError(f'"{kind}" is unknown; kinds: {", ".join(KINDS)}')
        new = Order(kind, **({"times": _ALWAYS} | more if kind in ODDITIES else more))
        self.orders.append(new)
        return new

    def lift(self) -> None:
        """Behave again."""
        self.orders.clear()

    def on(self, kind: str) -> bool:
        """Say whether an oddity is on order."""
        return any(order.kind == kind for order in self.orders)

    def amount(self, kind: str) -> float:
        """Return the seconds of an oddity, 0 where it is not on order."""
        return next((order.seconds for order in self.orders if order.kind == kind), 0.0)

    def next_for(self, path: str) -> Order | None:
        """Take the first order that spoils a request for *path*."""
        for order in self.orders:
            if order.kind not in (*ODDITIES, LOST) and order.meant(path):
                order.times -= 1
                self.spoiled += 1
                return order
        return None

    def state(self) -> list[dict[str, Any]]:
        """Return what is on order."""
        return [asdict(order) for order in self.orders if order.times > 0]


class Misbehaving:
    """ASGI middleware that spoils requests as ordered."""

    def __init__(self, app: ASGIApp, mischief: Mischief, sent: Callable[[], int] = lambda: 0) -> None:
        self.app, self.mischief, self.sent = app, mischief, sent

    async def _lose(self, order: Order, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request; where it has brought an answer of ours, break off before saying so."""
        before = self.sent()
        said: list[Message] = []

        async def keep(message: Message) -> None:
            said.append(message)

        await self.app(scope, receive, keep)
        if self.sent() > before:
            order.times -= 1
            await _dropped(send)
            return
        for message in said:
            await send(message)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or spoil the answer."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if any(self.mischief.on(kind) for kind in _REWRITTEN):
            send = _Changed(send, self.mischief)
        lost = next((order for order in self.mischief.orders if order.kind == LOST and order.meant(path)), None)
        if lost and scope["type"] == "http":
            await self._lose(lost, scope, receive, send)
            return
        order = None if scope["type"] != "http" or path.startswith("/_sandbox") else self.mischief.next_for(path)
        if order is None:
            await self.app(scope, receive, send)
        elif order.kind in REFUSALS:
            await _answer(
                send, REFUSALS[order.kind], json.dumps({"error": "mischief"}).encode(), _headers(order, self.mischief.clock())
            )
        elif order.kind == "slow":
            await asyncio.sleep(order.seconds)
            await self.app(scope, receive, send)
        elif order.kind == "drop":
            await _dropped(send)
        elif order.kind == "truncated":
            await self.app(scope, receive, _Halved(send))
        else:
            bodies = {
                "html": b"<!doctype html><html><body>Wartungsarbeiten</body></html>",
                "empty": b"",
                "garbage": b'{"oops": [1, 2',
            }
            await _answer(
                send, 200, bodies[order.kind], {"content-type": "text/html" if order.kind == "html" else "application/json"}
            )


async def _dropped(send: Send) -> None:
    """Break off in the middle of an answer."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100000")]})
    await send({"type": "http.response.body", "body": b"[", "more_body": False})


class _Changed:
    """Send JSON as the platform's next version might: with fields of tomorrow, with numbers as strings."""

    def __init__(self, send: Send, mischief: Mischief) -> None:
        self.send, self.mischief, self.body = send, mischief, b""
        self.start: Message = {}

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
            return
        self.body += message.get("body", b"")
        if message.get("more_body"):
            return
        headers = {name: value for name, value in self.start["headers"] if name != b"content-length"}
        if b"json" in headers.get(b"content-type", b"") and self.body:
            self.body = json.dumps(self._changed(json.loads(self.body))).encode()
        headers[b"content-length"] = str(len(self.body)).encode()
        await self.send({**self.start, "headers": list(headers.items())})
        await self.send({"type": "http.response.body", "body": self.body})

    def _changed(self, thing: Any) -> Any:
        if isinstance(thing, str) and self.mischief.on("other_zone") and _UTC_TIME.fullmatch(thing):
            return datetime.fromisoformat(thing).astimezone(_ELSEWHERE).isoformat()
        if isinstance(thing, list):
            return [self._changed(one) for one in thing]
        if not isinstance(thing, dict):
            return thing
        strings = self.mischief.on("string_ids")
        new = {key: str(one) if strings and _is_id(key, one) else self._changed(one) for key, one in thing.items()}
        return new | ({"a_field_of_tomorrow": {"x": [1, None]}} if self.mischief.on("unknown_fields") else {})


def _is_id(key: str, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and (key == "id" or key.endswith(("_id", "Id")))


class _Halved:
    """Send half of the body, with a length that fits: what a proxy that gave up leaves."""

    def __init__(self, send: Send) -> None:
        self.send, self.body, self.status = send, b"", 200

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        self.body += message.get("body", b"")
        if not message.get("more_body"):
            await _answer(self.send, self.status, self.body[: len(self.body) // 2], {"content-type": "application/json"})


def _headers(order: Order, now: datetime) -> dict[str, str]:
    if order.kind == "429":
        return {"retry-after": f"{order.seconds:.0f}"}
    if order.kind == "429_reset":
        moment = now + timedelta(seconds=order.seconds)
        return {"x-ratelimit-remaining": "0", "x-ratelimit-reset": moment.isoformat()}
    return {}


async def _answer(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    raw = [(name.encode(), value.encode()) for name, value in (headers | {"content-length": str(len(body))}).items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
