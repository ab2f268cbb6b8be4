"""The sandbox's TikTok: one business account with a video, its comments and replies, answering, and tokens that are renewed."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import BRAND, TOKEN, Item, World

BUSINESS, VIDEO = "_000kastanie-open-id", "7203946942097902849"
_SORTED = 500


class Part:
    """Routes below ``/tiktok``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief
        self.made_at = world.clock() - timedelta(days=25)
        self.renewals = 0

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/tt_user/oauth2/refresh_token/", self._renew, methods=["POST"]),
            Route("/business/get/", self._let_in(self._account)),
            Route("/business/video/list/", self._let_in(self._videos)),
            Route("/business/comment/list/", self._let_in(self._comments)),
            Route("/business/comment/reply/list/", self._let_in(self._replies)),
            Route("/business/comment/reply/create/", self._let_in(self._answer), methods=["POST"]),
        ]

    @staticmethod
    def _let_in(answer: Callable[..., Any]) -> Callable[..., Any]:
        async def checked(request: Request) -> Response:
            if request.headers.get("access-token") != TOKEN:
                return _refusal(40105, "Access token is incorrect or has been revoked.")
            given = request.query_params if request.method == "GET" else await request.json()
            if given.get("business_id") != BUSINESS:
                return _refusal(40001, "No permission to operate this business account.")
            response: Response = await answer(request)
            return response

        return checked

    async def _renew(self, request: Request) -> Response:
        form = await request.json()
        self.renewals += 1
        if form.get("client_secret") != TOKEN or not str(form.get("refresh_token")).startswith(TOKEN):
            return _refusal(40110, "The refresh token is invalid.")
        renewed = {"access_token": TOKEN, "expires_in": 86_400, "refresh_token": f"{TOKEN}-{self.renewals}", "open_id": BUSINESS}
        return _given(renewed)

    async def _account(self, _request: Request) -> Response:
        return _given({"username": BRAND, "display_name": "Kastanie Möbel"})

    async def _videos(self, request: Request) -> Response:
        wanted = json.loads(request.query_params.get("filters", "{}")).get("video_ids", [VIDEO])
        video = {"item_id": VIDEO, "create_time": str(int(self.made_at.timestamp())), "comments": len(self._said())}
        video |= {"share_url": f"https://www.tiktok.com/@{BRAND}/video/{VIDEO}?utm_campaign=tt4d"}
        return _given({"videos": [video] if VIDEO in wanted else [], "cursor": 1671491598, "has_more": False})

    def _said(self) -> list[Item]:
        return self.world.seen("tiktok")

    async def _comments(self, request: Request) -> Response:
        if request.query_params.get("video_id") != VIDEO:
            return _refusal(40002, "The video does not exist.")
        if "comment_ids" in request.query_params:
            wanted = set(json.loads(request.query_params["comment_ids"]))
            return self._listed(request, [item for item in self._said() if _id(item) in wanted])
        newest = [item for item in self._said() if item.parent is None][::-1]
        beyond = newest[_SORTED:]  # not by time any more, and with repetitions
        return self._listed(request, newest[:_SORTED] + (newest[_SORTED - 3 : _SORTED] + beyond[::-1] if beyond else []))

    async def _replies(self, request: Request) -> Response:
        item = self._find(request.query_params.get("comment_id", ""))
        if item is None:
            return _refusal(40002, "The comment does not exist.")
        return self._listed(request, [one for one in self.world.thread(item.root) if one.parent][::-1])

    async def _answer(self, request: Request) -> Response:
        body = await request.json()
        item = self._find(str(body.get("comment_id")))
        if item is None or body.get("video_id") != VIDEO:
            return _refusal(40002, "The comment does not exist.")
        if not 0 < len(body.get("text", "")) <= 150:
            return _refusal(40002, "text: the length must be between 1 and 150.")
        return _given(self._comment(self.world.answer(item, body["text"], "")))

    def _listed(self, request: Request, items: Sequence[Item]) -> Response:
        start, size = int(request.query_params.get("cursor", 0)), min(int(request.query_params.get("max_count", 20)), 30)
        following = start + size
        if self.mischief.on("endless"):
            start = 0
        early = max(0, start - 5) if self.mischief.on("overlap") else start
        more = following < len(items) or self.mischief.on("endless")
        return _given(
            {"comments": [self._comment(item) for item in items[early : start + size]], "cursor": following, "has_more": more}
        )

    def _find(self, comment_id: str) -> Item | None:
        return next((item for item in self._said() if _id(item) == comment_id), None)

    def _comment(self, item: Item) -> dict[str, Any]:
        said_at = item.said_at + timedelta(seconds=self.mischief.amount("clock_skew"))
        said: dict[str, Any] = {
            "comment_id": _id(item),
            "video_id": VIDEO,
            "create_time": str(int(said_at.timestamp())),
            "text": item.text,
            "likes": 0,
            "replies": sum(one.parent is not None for one in self.world.thread(item.root)) if item.parent is None else 0,
            "owner": item.ours,
            "status": "PUBLIC",
        }
        if item.author:
            said |= {"username": item.author, "display_name": item.name or item.author, "unique_identifier": f"uid-{item.author}"}
        return said | ({"parent_comment_id": _id(self.world.items[item.root])} if item.parent else {})


def _id(item: Item) -> str:
    return str(7_247_303_576_000_000_000 + item.number)


def _given(data: Any) -> Response:
    return JSONResponse({"code": 0, "message": "OK", "request_id": "2023", "data": data})


def _refusal(code: int, message: str) -> Response:
    """Refuse as TikTok does: with status 200."""
    return JSONResponse({"code": code, "message": message, "request_id": "2023", "data": {}})
