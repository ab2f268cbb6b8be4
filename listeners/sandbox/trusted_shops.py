"""The sandbox's Trusted Shops: tokens by client credentials, reviews by their last change, the latest first, and answers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import TOKEN, Item, World

CHANNEL = "chl-12345678-1234-1234-1234-123456789012"
_BEARER = "sandbox-etrusted"
_MOST = 100
"""Reviews on a page: the real API gives up to 1,000, and paging would hardly ever be met."""


class Part:
    """Routes below ``/trusted_shops``. An item's ``country`` "product" makes it a product review, "rejected" a refused one."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/oauth/token", self._token, methods=["POST"]),
            Route("/reviews", self._signed_in(self._reviews)),
            Route("/reviews/count", self._signed_in(self._count)),
            Route("/reviews/{id}", self._signed_in(self._review)),
            Route("/reviews/{id}/reply", self._signed_in(self._reply), methods=["POST"]),
        ]

    @staticmethod
    def _signed_in(answer: Callable[..., Any]) -> Callable[..., Any]:
        async def endpoint(request: Request) -> Response:
            if request.headers.get("authorization") != f"Bearer {_BEARER}":
                return Response(status_code=401)
            response: Response = await answer(request)
            return response

        return endpoint

    @staticmethod
    async def _token(request: Request) -> Response:
        form = await request.form()
        wanted = {"client_id": TOKEN, "client_secret": TOKEN, "grant_type": "client_credentials"}
        if any(form.get(name) != value for name, value in wanted.items()):
            return JSONResponse({"error": "unauthorized_client", "error_description": "Invalid client secret"}, 401)
        if form.get("audience") != "https://api.etrusted.com":
            return JSONResponse({"error": "invalid_request"}, 400)
        return JSONResponse({"access_token": _BEARER, "expires_in": 3600, "token_type": "bearer", "scope": "profile email"})

    async def _reviews(self, request: Request) -> Response:
        query = request.query_params
        if query.get("channels", CHANNEL) != CHANNEL:
            return Response(status_code=403)
        found = sorted(self._worded(query.get("type", "")), key=self._order, reverse=True)
        size = min(int(query.get("count", 50)), _MOST)
        ids = [_id(item) for item in found]
        after = query.get("after", "")
        start = ids.index(after) + 1 if after in ids and not self.mischief.on("endless") else 0
        start = max(0, start - 5) if self.mischief.on("overlap") else start
        page = found[start : start + size]
        more = self.mischief.on("endless") or start + size < len(found)
        cursor = {"before": _id(page[0]) if page else ""} | ({"after": _id(page[-1])} if page and more else {})
        paging = {"count": len(page), "cursor": cursor, "links": {"previous": ""}}
        return JSONResponse({"totalElements": 0, "paging": paging, "items": [self._said(item) for item in page]})

    def _worded(self, kind: str) -> list[Item]:
        """Return the reviews; what has no words is a "statement", and left out where nobody asks for them."""
        items = [item for item in self.world.seen("trusted_shops") if not item.ours and item.text_at(self.world.clock())]
        return [item for item in items if not kind or (kind == "PRODUCT_REVIEW") == (item.country == "product")]

    def _order(self, item: Item) -> tuple[datetime, int]:
        return self._changed(item), item.number

    def _changed(self, item: Item) -> datetime:
        now = self.world.clock()
        answered = [one.edited_at(now) or one.said_at for one in self._answers(item)]
        return max([item.edited_at(now) or item.said_at, *answered])

    def _answers(self, item: Item) -> list[Item]:
        return [one for one in self.world.thread(item.root) if one.ours and one.parent == item.key]

    async def _count(self, _request: Request) -> Response:
        return JSONResponse({"accountId": "acc-1", "channelList": [CHANNEL], "totalElements": len(self._worded(""))})

    async def _review(self, request: Request) -> Response:
        item = self._find(request.path_params["id"])
        return JSONResponse(self._said(item)) if item else Response(status_code=404)

    async def _reply(self, request: Request) -> Response:
        item, body = self._find(request.path_params["id"]), await request.json()
        if item is None:
            return Response(status_code=404)
        if not body.get("comment"):
            return Response(status_code=400)
        self.world.answer(item, body["comment"], "")
        return Response(status_code=200)

    def _find(self, review_id: str) -> Item | None:
        return next((item for item in self.world.seen("trusted_shops") if _id(item) == review_id and not item.ours), None)

    def _said(self, item: Item) -> dict[str, Any]:
        now = self.world.clock()
        skew = timedelta(seconds=self.mischief.amount("clock_skew"))
        edited, answers = item.edited_at(now), self._answers(item)
        said: dict[str, Any] = {
            "_object": "CustomerReview",
            "id": _id(item),
            "accountRef": "acc-1",
            "channelRef": CHANNEL,
            "rating": float(item.stars or 3),
            "title": item.title,
            "comment": item.text_at(now),
            "createdAt": _iso(item.said_at + skew),
            "submittedAt": _iso(item.said_at + skew),
            "updatedAt": _iso(self._changed(item) + skew),
            "state": "REJECTED" if item.country == "rejected" else "APPROVED",
            "type": "PRODUCT_REVIEW" if item.country == "product" else "SERVICE_REVIEW",
            "feedbackType": "REVIEW",
            "hasAttachments": False,
            "questionnaire": {"id": "qre-1", "locale": f"{item.language}_DE", "templateRef": "qrt-1"},
            "transaction": {"reference": "K-4711", "date": _iso(item.said_at)},
            "metadata": {"orderReference": "K-4711"},
            "additionalInformation": {},
        }
        if item.author:
            first, _, last = (item.name or item.author).partition(" ")
            said["customer"] = {"email": "kunde@example.org", "firstName": first, "lastName": last, "fullName": f"{first} {last}"}
        if edited:
            said |= {"editedAt": _iso(edited + skew), "originalReview": {"comment": item.text, "title": item.title, "rating": 3}}
        if answers:
            when = _iso((answers[-1].edited_at(now) or answers[-1].said_at) + skew)
            said["reply"] = {
                "comment": answers[-1].text_at(now),
                "createdAt": _iso(answers[-1].said_at + skew),
                "updatedAt": when,
            }
        return said


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _id(item: Item) -> str:
    return f"rev-{item.key}"
