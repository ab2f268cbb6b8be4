"""The sandbox's JSON server: one list of feedback, paged in each of the usual ways, by GET and by POST."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.files.dates import Calendar
from listeners.mapping import moment_of
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import TOKEN, Item, World

_OVERLAP = 5


class Part:
    """Routes below ``/json_api``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the list as it is asked for by GET (``/feedback``) and by POST (``/search``)."""
        return [Route("/feedback", self._get), Route("/search", self._post, methods=["POST"])]

    async def _get(self, request: Request) -> Response:
        return self._answer(request, request.query_params)

    async def _post(self, request: Request) -> Response:
        return self._answer(request, (await request.json()).get("filter", {}))

    def _answer(self, request: Request, asked: Mapping[str, Any]) -> Response:
        given = (request.headers.get("authorization"), request.headers.get("x-api-key"), request.query_params.get("key"))
        if f"Bearer {TOKEN}" not in given and TOKEN not in given:
            return JSONResponse({"error": {"code": "unauthorized"}}, 401)
        items, size = self._items(asked), min(int(asked.get("size", 20)), 100)
        start = int(asked.get("offset") or asked.get("after") or (int(asked.get("page", 1)) - 1) * size)
        if self.mischief.on("endless"):
            start = 0
        if self.mischief.on("overlap"):
            start = max(0, start - _OVERLAP)
        shown = [self._item(item) for item in items[start : start + size]]
        more = start + size < len(items) or self.mischief.on("endless")
        following = str(request.url.include_query_params(after=start + size)) if more else None
        body = {"data": {"items": shown}, "meta": {"after": str(start + size) if more else None, "next": following}}
        return JSONResponse(body, headers={"link": f'<{following}>; rel="next"'} if following else {})

    def _items(self, asked: Mapping[str, Any]) -> list[Item]:
        items = self.world.seen("json")
        if since := asked.get("since"):
            items = [item for item in items if item.said_at >= moment_of(since, Calendar())]
        return items[::-1] if asked.get("order", "desc") == "desc" else items

    def _item(self, item: Item) -> dict[str, Any]:
        now = self.world.clock()
        shown = item.said_at + timedelta(seconds=self.mischief.amount("clock_skew"))
        edited_at = item.edited_at(now)
        return {
            "id": item.number + 1,
            "created": shown.isoformat(),
            "changed": edited_at.isoformat() if edited_at else None,
            "content": {"headline": item.title, "text": item.text_at(now) or None},
            "user": {"id": item.author, "name": item.name or item.author} if item.author else None,
            "rating": item.stars,
            "in_reply_to": self.world.items[item.parent].number + 1 if item.parent else None,
            "staff": item.ours,
            "lang": item.language,
        }
