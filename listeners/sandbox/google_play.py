"""The sandbox's Google Play: the reviews of the last seven days, one review, and the developer's answers."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox import google
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import Item, World

_SHOWN = timedelta(days=7)
_REVIEWS = "/androidpublisher/v3/applications/{package}/reviews"


class Part:
    """Routes below ``/google_play``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            google.token_route(),
            Route(_REVIEWS, self._let_in(self._list)),
            Route(_REVIEWS + "/{id}:reply", self._let_in(self._reply), methods=["POST"]),
            Route(_REVIEWS + "/{id}", self._let_in(self._one)),
        ]

    @staticmethod
    def _let_in(answer: Callable[..., Any]) -> Callable[..., Any]:
        async def checked(request: Request) -> Response:
            if not google.signed_in(request):
                return google.refusal(401, "authError", "Request had invalid authentication credentials.")
            response: Response = await answer(request)
            return response

        return checked

    def _reviews(self) -> list[Item]:
        return [item for item in self.world.seen("google_play") if item.parent is None]

    async def _list(self, request: Request) -> Response:
        now, query = self.world.clock(), request.query_params
        items = [item for item in self._reviews() if (item.edited_at(now) or item.said_at) > now - _SHOWN]
        newest = sorted(items, key=lambda item: (item.edited_at(now) or item.said_at, item.number), reverse=True)
        size, start = min(int(query.get("maxResults", 10)), 100), int(query.get("token", 0))
        following = start + size
        if self.mischief.on("endless"):
            start = 0
        early = max(0, start - 5) if self.mischief.on("overlap") else start
        # Google leaves out what is empty: an app without reviews has no list (recorded)
        body: dict[str, Any] = {"reviews": [self._review(item) for item in newest[early : start + size]]} if newest else {}
        if following < len(newest) or self.mischief.on("endless"):
            body["tokenPagination"] = {"nextPageToken": str(following)}
        return JSONResponse(body)

    async def _one(self, request: Request) -> Response:
        item = self._find(request.path_params["id"])
        return JSONResponse(self._review(item)) if item else google.refusal(404, "reviewNotFound")

    async def _reply(self, request: Request) -> Response:
        item, text = self._find(request.path_params["id"]), str((await request.json()).get("replyText", ""))
        if item is None:
            return google.refusal(404, "reviewNotFound")
        if not 0 < len(text) <= 350:
            return google.refusal(400, "replyTextTooLong")
        answer = self.world.answer(item, text, "")
        return JSONResponse({"result": {"replyText": text, "lastEdited": self._time(answer.said_at)}})

    def _find(self, review_id: str) -> Item | None:
        return next((item for item in self._reviews() if _id(item) == review_id), None)

    def _review(self, item: Item) -> dict[str, Any]:
        now = self.world.clock()
        said: dict[str, Any] = {
            "lastModified": self._time(item.edited_at(now) or item.said_at),
            "starRating": item.stars or 3,
            "reviewerLanguage": f"{item.language}_DE",
            "device": "husky",
            "androidOsVersion": 35,
        }
        said |= {"text": f"{item.title}\t{item.text_at(now)}"} if item.text else {}
        comments: list[dict[str, Any]] = [{"userComment": said}]
        for answer in [one for one in self.world.thread(item.root) if one.ours][-1:]:  # a later answer replaces the one before
            when = self._time(answer.edited_at(now) or answer.said_at)
            comments.append({"developerComment": {"text": answer.text_at(now), "lastModified": when}})
        name = {"authorName": item.name or item.author} if item.author else {}
        return {"reviewId": _id(item), "comments": comments} | name

    def _time(self, moment: datetime) -> dict[str, Any]:
        shown = moment + timedelta(seconds=self.mischief.amount("clock_skew"))
        return {"seconds": str(int(shown.timestamp())), "nanos": shown.microsecond * 1000}


def _id(item: Item) -> str:
    return f"gp:AOqpTO{item.number:06x}-Ab_Cd"
