"""The sandbox's App Store Connect: signed tokens checked, reviews by their date with responses beside them, responses taken."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import TOKEN, Item, World

APP, KEY_ID, ISSUER = "1234567890", "SANDBOX001", "57246542-96fe-1a63-e053-0824d011072a"
_SITE = "https://api.appstoreconnect.apple.com"
_CUPERTINO = timezone(timedelta(hours=-7))
_COUNTRIES = {"de": "DEU", "at": "AUT", "ch": "CHE"}


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    """Return the sandbox's key; it opens nothing else, so that it may be known to everybody."""
    return ec.derive_private_key(int.from_bytes(hashlib.sha256(TOKEN.encode()).digest()) >> 1, ec.SECP256R1())


def private_key() -> str:
    """Return the private key that the sandbox accepts, as Apple's .p8 file holds it."""
    return _key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class Part:
    """Routes below ``/appstore_connect``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route(f"/v1/apps/{APP}", self._signed_in(self._app)),
            Route(f"/v1/apps/{APP}/customerReviews", self._signed_in(self._reviews)),
            Route("/v1/customerReviews/{id}", self._signed_in(self._review)),
            Route("/v1/customerReviewResponses", self._signed_in(self._respond), methods=["POST"]),
        ]

    def _signed_in(self, answer: Callable[..., Any]) -> Callable[..., Any]:
        async def endpoint(request: Request) -> Response:
            if not self._is_us(request.headers.get("authorization", "").removeprefix("Bearer ")):
                return _error(401, "NOT_AUTHORIZED", "Authentication credentials are missing or invalid.")
            response: Response = await answer(request)
            response.headers["x-rate-limit"] = "user-hour-lim:3500;user-hour-rem:3499;"
            return response

        return endpoint

    def _is_us(self, token: str) -> bool:
        """Check a token as Apple does ("Generating Tokens for API Requests"), by the sandbox's clock."""
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            checks: Any = {"verify_exp": False, "verify_iat": False}
            claims = jwt.decode(token, _key().public_key(), ["ES256"], audience="appstoreconnect-v1", options=checks)
        except jwt.PyJWTError:
            return False
        now = self.world.clock().timestamp()
        whose = claims.get("iss") == ISSUER or claims.get("sub") == "user"
        return key_id == KEY_ID and whose and now < claims["exp"] <= now + 1_200

    async def _app(self, _request: Request) -> Response:
        names = {"name": "Kastanie", "bundleId": "example.kastanie.app"}
        return JSONResponse(
            {"data": {"type": "apps", "id": APP, "attributes": names}, "links": {"self": f"{_SITE}/v1/apps/{APP}"}}
        )

    async def _reviews(self, request: Request) -> Response:
        query = request.query_params
        wanted = [code for code in query.get("filter[territory]", "").split(",") if code]
        items = [item for item in self.world.seen("appstore_connect") if not item.ours]
        items = [item for item in items if not wanted or _COUNTRIES.get(item.country, "DEU") in wanted]
        newest = sorted(items, key=lambda item: (self._dated(item), item.number), reverse=True)
        size, start = min(int(query.get("limit", 50)), 200), int(query.get("cursor", 0))
        size = min(size, 100)  # Apple gives 200; so the next page is met more often
        start = 0 if self.mischief.on("endless") else max(0, start - 5) if self.mischief.on("overlap") else start
        page = newest[start : start + size]
        more = self.mischief.on("endless") or start + size < len(newest)
        following = urlencode({**query, "cursor": start + size})
        links = {"self": str(request.url)} | ({"next": f"{_SITE}/v1/apps/{APP}/customerReviews?{following}"} if more else {})
        answers = [one for item in page for one in self._answers(item)]
        return JSONResponse(
            {
                "data": [self._said(item) for item in page],
                "included": [self._response(one) for one in answers],
                "links": links,
                "meta": {"paging": {"total": len(newest), "limit": size}},
            }
        )

    async def _review(self, request: Request) -> Response:
        item = self._find(request.path_params["id"])
        if item is None:
            return _error(404, "NOT_FOUND", "The specified resource does not exist")
        included = [self._response(one) for one in self._answers(item)]
        return JSONResponse({"data": self._said(item), "included": included, "links": {"self": str(request.url)}})

    async def _respond(self, request: Request) -> Response:
        data = (await request.json())["data"]
        item = self._find(data["relationships"]["review"]["data"]["id"])
        text = data["attributes"]["responseBody"]
        if item is None:
            return _error(404, "NOT_FOUND", "The specified resource does not exist")
        if len(text) > 5_970:
            return _error(409, "ENTITY_ERROR.ATTRIBUTE.INVALID", "An attribute value is too long")
        return JSONResponse({"data": self._response(self.world.answer(item, text, "")), "links": {"self": _SITE}}, 201)

    def _find(self, review_id: str) -> Item | None:
        return next((item for item in self.world.seen("appstore_connect") if _id(item) == review_id and not item.ours), None)

    def _answers(self, item: Item) -> list[Item]:
        """Return the response: Apple keeps the last one."""
        return [one for one in self.world.thread(item.root) if one.ours and one.parent == item.key][-1:]

    def _dated(self, item: Item) -> datetime:
        return item.edited_at(self.world.clock()) or item.said_at

    def _written(self, item: Item) -> str:
        skew = timedelta(seconds=self.mischief.amount("clock_skew"))
        return (self._dated(item) + skew).astimezone(_CUPERTINO).isoformat(timespec="seconds")

    def _said(self, item: Item) -> dict[str, Any]:
        answers = [{"type": "customerReviewResponses", "id": f"r-{_id(one)}"} for one in self._answers(item)]
        return {
            "type": "customerReviews",
            "id": _id(item),
            "attributes": {
                "rating": item.stars or 3,
                "title": item.title,
                "body": item.text_at(self.world.clock()) or None,
                "reviewerNickname": item.name or item.author or None,
                "createdDate": self._written(item),
                "territory": _COUNTRIES.get(item.country, "DEU"),
            },
            "relationships": {"response": {"links": {}, **({"data": answers[0]} if answers else {})}},
        }

    def _response(self, item: Item) -> dict[str, Any]:
        said = {
            "responseBody": item.text_at(self.world.clock()),
            "lastModifiedDate": self._written(item),
            "state": "PENDING_PUBLISH",
        }
        return {"type": "customerReviewResponses", "id": f"r-{_id(item)}", "attributes": said}


def _id(item: Item) -> str:
    return f"00000042-{item.key}"


def _error(status: int, code: str, title: str) -> Response:
    return JSONResponse({"errors": [{"status": str(status), "code": code, "title": title, "detail": title}]}, status)
