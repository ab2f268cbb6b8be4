"""The sandbox as an ASGI application, and its control desk below ``/_sandbox``."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import Receive, Scope, Send

from listeners.sandbox.mischief import DEEDS, Misbehaving, Mischief
from listeners.sandbox.world import STORY, World

PARTS = (
    "appstore",
    "appstore_connect",
    "bluesky",
    "discourse",
    "facebook",
    "github",
    "google_business",
    "google_play",
    "hacker_news",
    "instagram",
    "intercom",
    "json_api",
    "judge_me",
    "linkedin",
    "mastodon",
    "reddit",
    "rss",
    "stack_exchange",
    "steam",
    "telegram",
    "threads",
    "tiktok",
    "tripadvisor",
    "trusted_shops",
    "trustpilot",
    "typeform",
    "whatsapp",
    "woocommerce",
    "wordpress",
    "x",
    "yelp",
    "yotpo",
    "youtube",
    "zendesk",
)
"""What the sandbox speaks like: the module of each platform has a class ``Part`` with ``routes()``, served below its name."""


class Part(Protocol):
    """One platform, as the sandbox speaks like it."""

    def routes(self) -> Sequence[BaseRoute]:
        """Return the platform's addresses, below its name."""
        ...


Parts = Mapping[str, Callable[[World, Mischief], Part]]


def app(world: World, mischief: Mischief | None = None, parts: Parts | None = None) -> Starlette:
    """Return the server of *world*, misbehaving as ordered; *parts* are platforms of other packages, by name."""
    orders = mischief or Mischief()
    desk = _ControlDesk(world, orders)
    return Starlette(
        routes=[
            Mount("/_sandbox", routes=desk.routes()),
            *(Mount(f"/{name}", routes=part(world, orders).routes()) for name, part in (parts or {}).items()),
            *(Mount(f"/{name}", app=_Lazily(name, world, orders)) for name in PARTS),
        ],
        middleware=[Middleware(Misbehaving, mischief=orders, sent=lambda: len(world.sent))],
    )


class _Lazily:
    """One platform's part, made when it is first asked."""

    def __init__(self, name: str, world: World, mischief: Mischief) -> None:
        self.name, self.given = name, (world, mischief)
        self.router: Router | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.router is None:
            part = import_module(f"listeners.sandbox.{self.name}").Part(*self.given)
            self.router = Router(routes=part.routes())
        await self.router(scope, receive, send)


class _ControlDesk:
    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        return [
            Route("/state", self.state),
            Route("/replies", self.replies),
            Route("/say", self.say, methods=["POST"]),
            Route("/mischief", self.order, methods=["POST"]),
            Route("/mischief", self.lift, methods=["DELETE"]),
        ]

    async def state(self, _request: Request) -> Response:
        visible = self.world.seen(*STORY)
        return JSONResponse({"visible": len(visible), "mischief": self.mischief.state(), "spoiled": self.mischief.spoiled})

    async def replies(self, _request: Request) -> Response:
        return JSONResponse(self.world.sent)

    async def say(self, request: Request) -> Response:
        """Let somebody say something: on which channel (a platform's name, "facebook.dm"), what, who, and below what."""
        try:
            wanted: dict[str, Any] = await request.json()
            item = self.world.say(wanted.pop("text"), channel=wanted.pop("channel"), **wanted)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 422)
        return JSONResponse({"key": item.key})

    async def order(self, request: Request) -> Response:
        try:
            wanted: dict[str, Any] = await request.json()
            if wanted.get("kind") in DEEDS:
                return JSONResponse(self._do(wanted["kind"], wanted.get("key", "")))
            self.mischief.order(**wanted)
        except (ValueError, TypeError) as error:
            return JSONResponse({"error": str(error)}, 422)
        return JSONResponse({"mischief": self.mischief.state()})

    async def lift(self, _request: Request) -> Response:
        self.mischief.lift()
        return JSONResponse({"mischief": []})

    def _do(self, deed: str, key: str) -> dict[str, str]:
        """Edit or delete an item, the newest of a customer's where none is named."""
        theirs = [item for item in self.world.seen(*STORY) if not item.ours]
        key = key or theirs[-1].key
        if deed == "delete":
            self.world.delete(key)
        else:
            self.world.edit(key, self.world.items[key].text_at(self.world.clock()) + " (Nachtrag: hat sich nicht geändert!)")
        return {"done": deed, "key": key}
