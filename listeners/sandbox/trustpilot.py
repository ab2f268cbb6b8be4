"""The sandbox's Trustpilot: tokens by client credentials, reviews public and private, the newest first, and answers."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import TOKEN, Item, World

UNIT = "46d6a890ffa235a75b00021d"
_BEARER = "sandbox-trustpilot"
_DOMAIN = "kastanie.example"


class Part:
    """Routes below ``/trustpilot``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        unit, review = f"/v1/business-units/{UNIT}", "/v1/private/reviews/{id}"
        tokens = "/v1/oauth/oauth-business-users-for-applications/accesstoken"
        return [
            Route(tokens, self._token, methods=["POST"]),
            Route("/v1/business-units/find", self._keyed(self._find_unit)),
            Route(unit, self._keyed(self._unit)),
            Route(f"{unit}/reviews", self._keyed(self._reviews)),
            Route(f"/v1/private/business-units/{UNIT}/reviews", self._signed_in(self._reviews)),
            Route(review, self._signed_in(self._review)),
            Route(f"{review}/reply", self._signed_in(self._reply), methods=["POST"]),
        ]

    def _keyed(self, answer: Callable[..., Any]) -> Callable[..., Any]:
        return self._checked(answer, lambda request: request.headers.get("apikey") == TOKEN)

    def _signed_in(self, answer: Callable[..., Any]) -> Callable[..., Any]:
        return self._checked(answer, lambda request: request.headers.get("authorization") == f"Bearer {_BEARER}")

    @staticmethod
    def _checked(answer: Callable[..., Any], known: Callable[[Request], bool]) -> Callable[..., Any]:
        async def endpoint(request: Request) -> Response:
            if not known(request):
                return JSONResponse({"message": "Unauthorized", "errorCode": 1001, "details": "Invalid credentials"}, 401)
            response: Response = await answer(request)
            return response

        return endpoint

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        given = base64.b64encode(f"{TOKEN}:{TOKEN}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {given}" or form.get("grant_type") != "client_credentials":
            return JSONResponse({"reason": "Invalid client credentials"}, 401)
        return JSONResponse({"access_token": _BEARER, "expires_in": "359999", "token_type": "BearerToken"})

    async def _find_unit(self, request: Request) -> Response:
        if request.query_params.get("name") != _DOMAIN:
            return JSONResponse({"message": "Business unit not found"}, 404)
        return await self._unit(request)

    async def _unit(self, _request: Request) -> Response:
        return JSONResponse({"id": UNIT, "displayName": "Kastanie Möbel", "name": {"identifying": _DOMAIN}, "status": "active"})

    async def _reviews(self, request: Request) -> Response:
        query = request.query_params
        size, number = min(int(query.get("perPage", 20)), 100), int(query.get("page", 1))
        since = datetime.fromisoformat(query.get("startDateTime", "1970-01-01T00:00:00")).replace(tzinfo=UTC)
        items = [item for item in self.world.seen("trustpilot") if not item.ours and item.said_at + self._skew() >= since]
        newest = sorted(items, key=lambda item: (item.said_at, item.number), reverse=True)
        start = 0 if self.mischief.on("endless") else (number - 1) * size
        start = max(0, start - 5) if self.mischief.on("overlap") else start
        return JSONResponse({"links": [], "reviews": [self._said(item) for item in newest[start : start + size]]})

    async def _review(self, request: Request) -> Response:
        item = self._find(request.path_params["id"])
        return JSONResponse(self._said(item)) if item else JSONResponse({"message": "Review not found"}, 404)

    async def _reply(self, request: Request) -> Response:
        item, body = self._find(request.path_params["id"]), await request.json()
        if item is None:
            return JSONResponse({"message": "Review not found"}, 404)
        if not body.get("authorBusinessUserId") or not body.get("message"):
            return JSONResponse({"message": "Bad request"}, 400)
        self.world.answer(item, body["message"], "")
        return Response(status_code=201)

    def _find(self, review_id: str) -> Item | None:
        return next((item for item in self.world.seen("trustpilot") if _id(item) == review_id and not item.ours), None)

    def _skew(self) -> timedelta:
        return timedelta(seconds=self.mischief.amount("clock_skew"))

    def _said(self, item: Item) -> dict[str, Any]:
        now = self.world.clock()
        edited = item.edited_at(now)
        text = item.text_at(now)
        answers = [one for one in self.world.thread(item.root) if one.ours and one.parent == item.key]
        who = {"id": _hex(item.author), "displayName": item.name or item.author, "displayLocation": "Leipzig, DE", "links": []}
        return {
            "id": _id(item),
            "stars": item.stars or 3,
            "title": item.title or None,
            "text": text or None,
            "language": item.language,
            "createdAt": _iso(item.said_at + self._skew()),
            "updatedAt": _iso(edited + self._skew()) if edited else None,
            "numberOfLikes": 0,
            "isVerified": True,
            "status": "active",
            "companyReply": self._answered(answers[-1]) if answers else None,
            "consumer": who if item.author else None,
            "businessUnit": {"id": UNIT, "identifyingName": _DOMAIN, "displayName": "Kastanie Möbel", "links": []},
            "referenceId": "K-4711",
            "referralEmail": "kunde@example.org",
            "links": [],
        }

    def _answered(self, item: Item) -> dict[str, Any]:
        edited = item.edited_at(self.world.clock())
        return {
            "text": item.text_at(self.world.clock()),
            "authorBusinessUserId": "5f0000000000000000000001",
            "authorBusinessUserName": "Kastanie Möbel",
            "createdAt": _iso(item.said_at + self._skew()),
            "updatedAt": _iso(edited + self._skew()) if edited else None,
        }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _hex(text: str) -> str:
    return format(sum(ord(letter) * 131**place for place, letter in enumerate(text)) % 16**24, "024x")


def _id(item: Item) -> str:
    return _hex(item.key)
