"""The sandbox as an ASGI application, and its control desk below ``/_sandbox``."""

from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from listeners.sandbox.appstore import AppStorePart
from listeners.sandbox.mastodon import MastodonPart
from listeners.sandbox.mischief import DEEDS, Misbehaving, Mischief
from listeners.sandbox.world import World


def app(world: World, mischief: Mischief | None = None) -> Starlette:
    """Return the server of *world*, misbehaving as ordered."""
    orders = mischief or Mischief()
    desk = _ControlDesk(world, orders)
    return Starlette(
        routes=[
            Mount("/mastodon", routes=MastodonPart(world, orders).routes()),
            Mount("/appstore", routes=AppStorePart(world, orders).routes()),
            Mount("/_sandbox", routes=desk.routes()),
        ],
        middleware=[Middleware(Misbehaving, mischief=orders)],
    )


class _ControlDesk:
    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        return [
            Route("/state", self.state),
            Route("/replies", self.replies),
            Route("/mischief", self.order, methods=["POST"]),
            Route("/mischief", self.lift, methods=["DELETE"]),
        ]

    async def state(self, _request: Request) -> Response:
        visible = self.world.seen("tag", "mention", "dm", "review")
        return JSONResponse({"visible": len(visible), "mischief": self.mischief.state(), "spoiled": self.mischief.spoiled})

    async def replies(self, _request: Request) -> Response:
        return JSONResponse(self.world.sent)

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
        theirs = [item for item in self.world.seen("tag", "mention", "dm", "review") if not item.ours]
        key = key or theirs[-1].key
        if deed == "delete":
            self.world.delete(key)
        else:
            self.world.edit(key, self.world.items[key].text_at(self.world.clock()) + " (Nachtrag: hat sich nicht geändert!)")
        return {"done": deed, "key": key}
