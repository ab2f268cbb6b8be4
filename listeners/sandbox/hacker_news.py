"""The sandbox's Hacker News: Algolia's search by date, with tags, bounds in time and pages of hits."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import Item, World

_FIRST = 40_000_000
_MOST = 1_000


def _id(item: Item) -> int:
    return _FIRST + item.number


class Part:
    """Routes below ``/hacker_news``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoint that the listener asks."""
        return [Route("/api/v1/search_by_date", self._search)]

    async def _search(self, request: Request) -> Response:
        asked = request.query_params
        size, number = min(int(asked.get("hitsPerPage", 20)), _MOST), int(asked.get("page", 0))
        items = [item for item in self.world.seen("hacker_news") if self._meant(item, asked.get("query", ""))]
        items = [item for item in items if self._tagged(item, asked.get("tags", ""))]
        within = (
            [] if self.mischief.on("endless") else re.findall(r"created_at_i(>=|<=|>|<)(\d+)", asked.get("numericFilters", ""))
        )
        times = [(item, int(self._said(item).timestamp())) for item in items]
        found = [item for item, at in times if all(_holds(at, how, int(bound)) for how, bound in within)]
        newest = found[::-1][:_MOST]
        start = 0 if self.mischief.on("endless") else number * size
        if self.mischief.on("overlap"):
            start = max(0, start - 4)
        return JSONResponse(
            {
                "hits": [self._hit(item) for item in newest[start : start + size]],
                "nbHits": len(found),
                "page": number,
                "nbPages": -(-len(newest) // size),
                "hitsPerPage": size,
                "exhaustiveNbHits": True,
                "query": asked.get("query", ""),
                "params": str(asked),
                "processingTimeMS": 1,
            }
        )

    def _meant(self, item: Item, query: str) -> bool:
        """Whatever begins a thread here is about us; what is said below it must hold the words."""
        return not query or not item.parent or query.strip('"').lower() in item.text.lower()

    def _tagged(self, item: Item, tags: str) -> bool:
        """Tags are joined by "and" where a comma stands, by "or" inside brackets."""
        own = self._tags(item)
        groups = [one.strip("()").split(",") for one in re.findall(r"\([^)]*\)|[^,()]+", tags)]
        return all(any(tag in own for tag in group) for group in groups)

    def _tags(self, item: Item) -> list[str]:
        root = self.world.items[item.root]
        return ["comment" if item.parent else "story", f"author_{item.author}", f"story_{_id(root)}"]

    def _said(self, item: Item) -> datetime:
        return item.said_at + timedelta(seconds=self.mischief.amount("clock_skew"))

    def _hit(self, item: Item) -> dict[str, Any]:
        now, said = self.world.clock(), self._said(item)
        root, parent = self.world.items[item.root], self.world.items.get(item.parent or "")
        text = html.escape(item.text_at(now)).replace("\n\n", "<p>") or None
        return {
            "created_at": said.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "title": None if parent else item.title or "Ask HN: Kastanie?",
            "url": None,
            "author": item.author or None,
            "points": None if parent else 3,
            "story_text": None if parent else text,
            "comment_text": text if parent else None,
            "num_comments": None if parent else len(self.world.thread(item.root)) - 1,
            "story_id": _id(root),
            "story_title": root.title if parent else None,
            "story_url": None,
            "parent_id": _id(parent) if parent else None,
            "created_at_i": int(said.timestamp()),
            "_tags": self._tags(item),
            "objectID": str(_id(item)),
            "_highlightResult": {},
        }


def _holds(at: int, how: str, bound: int) -> bool:
    return {">=": at >= bound, "<=": at <= bound, ">": at > bound, "<": at < bound}[how]
