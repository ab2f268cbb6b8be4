"""The sandbox's Judge.me: reviews by page, the newest first, and answers in public or by e-mail, which it never lists."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import TOKEN, Item, World

SHOP = "kastanie.myshopify.com"


class Part:
    """Routes below ``/judge_me``. An item's ``country`` "hidden" or "spam" makes its review one that is not shown."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/reviews", self._signed_in(self._reviews)),
            Route("/shops/info", self._signed_in(self._shop)),
            Route("/replies", self._signed_in(self._reply), methods=["POST"]),
            Route("/private_replies", self._signed_in(self._reply_privately), methods=["POST"]),
        ]

    @staticmethod
    def _signed_in(answer: Callable[..., Any]) -> Callable[..., Any]:
        async def endpoint(request: Request) -> Response:
            if request.headers.get("x-api-token") != TOKEN or request.query_params.get("shop_domain") != SHOP:
                return JSONResponse({"error": "Failed to authenticate. Shop domain or Api Token is wrong"}, 401)
            response: Response = await answer(request)
            return response

        return endpoint

    async def _shop(self, _request: Request) -> Response:
        return JSONResponse({"shop": {"id": 1, "domain": SHOP, "name": "Kastanie Möbel", "platform": "shopify"}})

    async def _reviews(self, request: Request) -> Response:
        size, number = int(request.query_params.get("per_page", 10)), int(request.query_params.get("page", 1))
        items = [item for item in self.world.seen("judge_me") if not item.ours]
        newest = sorted(items, key=lambda item: (item.said_at, item.number), reverse=True)
        start = 0 if self.mischief.on("endless") else (number - 1) * size
        start = max(0, start - 5) if self.mischief.on("overlap") else start
        page = [self.said(item) for item in newest[start : start + size]]
        return JSONResponse({"current_page": number, "per_page": size, "reviews": page})

    async def _reply(self, request: Request) -> Response:
        body = await request.json()
        return self._answered(body.get("review_id"), (body.get("reply") or {}).get("content"))

    async def _reply_privately(self, request: Request) -> Response:
        body = await request.json()
        letter = body.get("private_reply") or {}
        return self._answered(body.get("review_id"), letter.get("email_subject") and letter.get("email_body"))

    def _answered(self, review_id: object, text: str | None) -> Response:
        item = next((item for item in self.world.seen("judge_me") if _id(item) == review_id and not item.ours), None)
        if item is None or not text:
            return JSONResponse({"error": "Review not found" if item is None else "Content can't be blank"}, 422)
        self.world.answer(item, text, "")
        return JSONResponse({"message": "Reply was successfully created"})

    def said(self, item: Item) -> dict[str, Any]:
        """Return a review as Judge.me gives it, in lists and in deliveries."""
        now = self.world.clock()
        skew = timedelta(seconds=self.mischief.amount("clock_skew"))
        reviewer = {"id": _number(item.author), "external_id": 5083214609, "email": "kunde@example.org", "phone": "+49341123456"}
        reviewer |= {"name": item.name or item.author, "tags": None, "accepts_marketing": True, "unsubscribed_at": None}
        return {
            "id": _id(item),
            "title": item.title or None,
            "body": item.text_at(now) or None,
            "rating": item.stars or 3,
            "product_external_id": 8302173290794,
            "reviewer": reviewer if item.author else None,
            "source": "web",
            "curated": "spam" if item.country == "spam" else "ok",
            "published": item.country not in ("hidden", "spam"),
            "hidden": item.country == "hidden",
            "verified": "buyer",
            "created_at": _iso(item.said_at + skew),
            "updated_at": _iso((item.edited_at(now) or item.said_at) + skew),
            "pictures": [],
            "ip_address": "192.0.2.7",
            "product_title": "Sofa Linde",
            "product_handle": "sofa-linde",
        }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _number(text: str) -> int:
    return 400_000_000 + int(sum(ord(letter) * 131**place for place, letter in enumerate(text)) % 10**12)


def _id(item: Item) -> int:
    return _number(item.key)
