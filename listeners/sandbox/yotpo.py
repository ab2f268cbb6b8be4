"""The sandbox's Yotpo: tokens by app key and secret, reviews by their last change, comments as product pages show them."""

import html
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import TOKEN, Item, World

APP_KEY = "3ovRYNIb6OIAI0ddS7EfpYkHpi0oTKl6bj82Vjiy"
_UTOKEN = "sandbox-utoken"
_SKU = "sofa/linde"
_OK = {"code": 200, "message": "OK"}


class Part:
    """Routes below ``/yotpo``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/oauth/token", self._token, methods=["POST"]),
            Route(f"/v1/apps/{APP_KEY}/reviews", self._signed_in(self._reviews)),
            Route(f"/v1/widget/{APP_KEY}/products/{{sku:path}}/reviews.json", self._widget),
            Route("/reviews/{id:int}/comments", self._comment, methods=["POST"]),
        ]

    @staticmethod
    def _signed_in(answer: Callable[..., Any]) -> Callable[..., Any]:
        async def endpoint(request: Request) -> Response:
            if request.query_params.get("utoken") != _UTOKEN:
                return _unauthorized()
            response: Response = await answer(request)
            return response

        return endpoint

    @staticmethod
    async def _token(request: Request) -> Response:
        form = await request.form()
        wanted = {"client_id": APP_KEY, "client_secret": TOKEN, "grant_type": "client_credentials"}
        if any(form.get(name) != value for name, value in wanted.items()):
            return JSONResponse({"error": "invalid_client", "error_description": "Client authentication failed."}, 401)
        return JSONResponse({"access_token": _UTOKEN, "token_type": "bearer"})

    async def _reviews(self, request: Request) -> Response:
        """List what changed since a moment, the oldest first; what was deleted is listed as deleted."""
        query, now = request.query_params, self.world.clock()
        size, number = int(query.get("count", 10)), int(query.get("page", 1))
        since = datetime.fromisoformat(query.get("since_updated_at", "1970-01-01T00:00:00Z"))
        self.world.seen("yotpo")
        told = [
            item for item in self.world.items.values() if item.channel == "yotpo" and not item.ours and item.visible_at <= now
        ]
        changed = sorted(
            (item for item in told if self._changed(item) >= since), key=lambda one: (self._changed(one), one.number)
        )
        start = 0 if self.mischief.on("endless") else (number - 1) * size
        start = max(0, start - 5) if self.mischief.on("overlap") else start
        return JSONResponse({"reviews": [self._said(item) for item in changed[start : start + size]]})

    async def _widget(self, request: Request) -> Response:
        if request.path_params["sku"] != _SKU:
            return JSONResponse({"status": {"code": 404, "message": "Not Found"}}, 404)
        size, number = int(request.query_params.get("per_page", 5)), int(request.query_params.get("page", 1))
        newest = [item for item in reversed(self.world.seen("yotpo")) if not item.ours]
        page = [self._shown(item) for item in newest[(number - 1) * size : number * size]]
        pagination = {"page": number, "per_page": size, "total": len(newest)}
        return JSONResponse({"status": _OK, "response": {"pagination": pagination, "reviews": page}})

    async def _comment(self, request: Request) -> Response:
        body = await request.json()
        if body.get("utoken") != _UTOKEN:
            return _unauthorized()
        number = request.path_params["id"]
        item = next((item for item in self.world.seen("yotpo") if _id(item) == number and not item.ours), None)
        if item is None:
            return JSONResponse({"status": {"code": 404, "message": "Not Found"}}, 404)
        said = self.world.answer(item, body["comment"]["content"], "")
        comment = {"commentable_id": number, "commentable_type": "Review", "public": True, **self._answered(said)}
        return JSONResponse({"status": _OK, "response": {"comment": comment}})

    def _changed(self, item: Item) -> datetime:
        now = self.world.clock()
        gone = [item.deleted_at] if item.deleted_at and item.deleted_at <= now else []
        return max([item.edited_at(now) or item.said_at, *gone]) + self._skew()

    def _skew(self) -> timedelta:
        return timedelta(seconds=self.mischief.amount("clock_skew"))

    def _said(self, item: Item) -> dict[str, Any]:
        now = self.world.clock()
        return {
            "id": _id(item),
            "title": html.escape(item.title) or None,
            "content": html.escape(item.text_at(now)) or None,
            "score": item.stars or 3,
            "votes_up": 0,
            "votes_down": 0,
            "created_at": _iso(item.said_at + self._skew()),
            "updated_at": _iso(self._changed(item)),
            "sentiment": 0.5,
            "sku": _SKU,
            "name": item.name or item.author or None,
            "email": "kunde@example.org",
            "reviewer_type": "verified_buyer",
            "deleted": not item.seen(now),
            "archived": False,
            "escalated": False,
            "user_reference": "K-4711",
        }

    def _shown(self, item: Item) -> dict[str, Any]:
        """Return a review as product pages show it."""
        answers = [one for one in self.world.thread(item.root) if one.ours and one.parent == item.key]
        shown = {"id": _id(item), "score": item.stars or 3, "content": html.escape(item.text_at(self.world.clock()))}
        shown |= {"created_at": _iso(item.said_at), "user": {"user_id": 7, "display_name": item.name or item.author}}
        return shown | ({"comment": self._answered(answers[-1])} if answers else {})

    def _answered(self, item: Item) -> dict[str, Any]:
        text = html.escape(item.text_at(self.world.clock()))
        return {"id": item.number + 1, "content": text, "created_at": _iso(item.said_at + self._skew())}


def _unauthorized() -> Response:
    return JSONResponse({"status": {"code": 401, "message": "Unauthorized"}}, 401)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _id(item: Item) -> int:
    return 70_000_000 + int(sum(ord(letter) * 131**place for place, letter in enumerate(item.key)) % 10**12)
