"""The sandbox's Yelp: excerpts of reviews, seven on a page, in the time of Yelp's home."""

import hashlib
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import TOKEN, Item, World

BUSINESS = "kastanie-moebel-berlin"
_PAGE = 7
_EXCERPT = 160
_PACIFIC = ZoneInfo("America/Los_Angeles")
Json = dict[str, Any]


class Part:
    """Routes below ``/yelp``: what is said on the channel "yelp"."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [Route("/v3/businesses/{id}", self._business), Route("/v3/businesses/{id}/reviews", self._reviews)]

    def _refused(self, request: Request) -> Response | None:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(401, "TOKEN_INVALID", "Invalid access token or authorization header.")
        if request.path_params["id"] != BUSINESS:
            return _error(404, "BUSINESS_NOT_FOUND", "The requested business could not be found.")
        return None

    async def _business(self, request: Request) -> Response:
        found = {"id": "x1", "alias": BUSINESS, "name": "Kastanie Möbel", "review_count": len(self.world.seen("yelp"))}
        return self._refused(request) or JSONResponse(found)

    async def _reviews(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        newest = self.world.seen("yelp")[::-1]
        start = int(request.query_params.get("offset", 0))
        if self.mischief.on("overlap"):
            start = max(0, start - 5)
        if self.mischief.on("endless"):
            start = 0
        total = 9_723 if self.mischief.on("endless") else len(newest)
        page = [self._review(item) for item in newest[start : start + _PAGE]]
        return JSONResponse({"reviews": page, "total": total, "possible_languages": ["de", "en"]})

    def _review(self, item: Item) -> Json:
        review_id = hashlib.md5(item.key.encode(), usedforsecurity=False).hexdigest()[:22]
        said = (item.said_at + timedelta(seconds=self.mischief.amount("clock_skew"))).astimezone(_PACIFIC)
        text = item.text_at(self.world.clock())
        user = {
            "id": f"user-{item.author}",
            "profile_url": f"https://www.yelp.com/user_details?userid=user-{item.author}",
            "image_url": None,
            "name": item.name or item.author,
        }
        return {
            "id": review_id,
            "url": f"https://www.yelp.com/biz/{BUSINESS}?hrid={review_id}",
            "text": text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}...",
            "rating": item.stars or 3,
            "time_created": f"{said:%Y-%m-%d %H:%M:%S}",
            "user": user if item.author else None,
        }


def _error(status: int, code: str, description: str) -> Response:
    return JSONResponse({"error": {"code": code, "description": description}}, status)
