"""The sandbox's Google Business Profile: an account's locations, their reviews by when they were changed, and answers."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox import google
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import Item, World

ACCOUNT = "106412345678901234567"
LOCATIONS = {"11": "Kastanie Möbel Leipzig", "12": "Kastanie Möbel Wien"}
"""An item's title is the number of its location, the first where it has none."""
_REVIEWS = "/v4/accounts/{account}/locations/{location}/reviews"
_STARS = ("ONE", "TWO", "THREE", "FOUR", "FIVE")


class Part:
    """Routes below ``/google_business``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            google.token_route(),
            Route("/v1/accounts/{account}/locations", self._let_in(self._locations)),
            Route(_REVIEWS, self._let_in(self._list)),
            Route(_REVIEWS + "/{id}", self._let_in(self._one)),
            Route(_REVIEWS + "/{id}/reply", self._let_in(self._reply), methods=["PUT"]),
        ]

    @staticmethod
    def _let_in(answer: Callable[..., Any]) -> Callable[..., Any]:
        async def checked(request: Request) -> Response:
            if not google.signed_in(request):
                return google.refusal(401, "authError", "Request had invalid authentication credentials.")
            if request.path_params["account"] != ACCOUNT or request.path_params.get("location", "11") not in LOCATIONS:
                return google.refusal(404, "notFound", "Requested entity was not found.")
            response: Response = await answer(request)
            return response

        return checked

    async def _locations(self, _request: Request) -> Response:
        found = [
            {"name": f"locations/{number}", "title": title, "metadata": {"mapsUri": f"https://maps.google.com/maps?cid={number}"}}
            for number, title in LOCATIONS.items()
        ]
        return JSONResponse({"locations": found, "totalSize": len(found)})

    def _reviews(self, request: Request) -> list[Item]:
        location = request.path_params["location"]
        items = [item for item in self.world.seen("google_business") if item.parent is None]
        return [item for item in items if (item.title or "11") == location]

    async def _list(self, request: Request) -> Response:
        now, query = self.world.clock(), request.query_params
        items = sorted(self._reviews(request), key=lambda item: (item.edited_at(now) or item.said_at, item.number), reverse=True)
        size, start = min(int(query.get("pageSize", 50)), 50), int(query.get("pageToken", "0"))
        following = start + size
        if self.mischief.on("endless"):
            start = 0
        early = max(0, start - 5) if self.mischief.on("overlap") else start
        body: dict[str, Any] = {"reviews": self._shown(items[early : start + size], request)} if items else {}
        body |= {"averageRating": 4.3, "totalReviewCount": len(items)} if items else {}
        if following < len(items) or self.mischief.on("endless"):
            body["nextPageToken"] = str(following)
        return JSONResponse(body)

    async def _one(self, request: Request) -> Response:
        item = self._find(request)
        return JSONResponse(self._shown([item], request)[0]) if item else google.refusal(404, "notFound")

    async def _reply(self, request: Request) -> Response:
        item, text = self._find(request), str((await request.json()).get("comment", ""))
        if item is None:
            return google.refusal(404, "notFound")
        if not 0 < len(text.encode()) <= 4096:
            return google.refusal(400, "invalidArgument")
        answer = self.world.answer(item, text, "")
        return JSONResponse({"comment": text, "updateTime": self._iso(answer.said_at)})

    def _find(self, request: Request) -> Item | None:
        return next((item for item in self._reviews(request) if _id(item) == request.path_params["id"]), None)

    def _shown(self, items: Sequence[Item], request: Request) -> list[dict[str, Any]]:
        location = f"accounts/{ACCOUNT}/locations/{request.path_params['location']}"
        return [self._review(item) | {"name": f"{location}/reviews/{_id(item)}"} for item in items]

    def _review(self, item: Item) -> dict[str, Any]:
        now, text = self.world.clock(), item.text_at(self.world.clock())
        said: dict[str, Any] = {
            "reviewId": _id(item),
            "reviewer": {"displayName": item.name or item.author, "isAnonymous": False} if item.author else {"isAnonymous": True},
            "starRating": _STARS[(item.stars or 3) - 1],
            "createTime": self._iso(item.said_at),
            "updateTime": self._iso(item.edited_at(now) or item.said_at),
        }
        said |= {"comment": text} if text else {}
        for answer in [one for one in self.world.thread(item.root) if one.parent]:  # a later answer replaces the one before
            said["reviewReply"] = {
                "comment": answer.text_at(now),
                "updateTime": self._iso(answer.edited_at(now) or answer.said_at),
            }
        return said

    def _iso(self, moment: datetime) -> str:
        shown = moment + timedelta(seconds=self.mischief.amount("clock_skew"))
        return shown.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _id(item: Item) -> str:
    return f"AbFvOq{item.number:06x}"
