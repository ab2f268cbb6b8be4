"""The sandbox's Mastodon: hashtag timelines, notifications, conversations, threads and answers, as a real server sends them."""

import html
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.mastodon.statuses import id_at
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import BRAND, TOKEN, Item, World

DOMAIN = "kastanie.example"
_ALLOWED = 3_000
_PERIOD = timedelta(minutes=5)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _id(item: Item) -> int:
    """Return the status id: the time it was said, and a number that tells items of one millisecond apart."""
    return id_at(item.said_at) | (item.number & 0xFFFF)


def _arrival(item: Item) -> int:
    """Return the notification id: the time it arrived."""
    return id_at(item.visible_at) | (item.number & 0xFFFF)


class Part:
    """Routes below ``/mastodon``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief
        self._by_id: dict[str, Item] = {}
        self._count = 0
        self._period_ends = world.clock()

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/api/v2/instance", self._open(self._instance)),
            Route("/api/v1/timelines/tag/{tag}", self._open(self._tag)),
            Route("/api/v1/notifications", self._signed_in(self._notifications)),
            Route("/api/v1/conversations", self._signed_in(self._conversations)),
            Route("/api/v1/accounts/verify_credentials", self._signed_in(self._me)),
            Route("/api/v1/statuses", self._open(self._several)),
            Route("/api/v1/statuses", self._signed_in(self._post), methods=["POST"]),
            Route("/api/v1/statuses/{id}", self._open(self._one)),
            Route("/api/v1/statuses/{id}/context", self._open(self._context)),
        ]

    def _open(self, answer: Callable[..., Any]) -> Callable[..., Any]:
        async def endpoint(request: Request) -> Response:
            response: Response = await answer(request)
            response.headers.update(self._rate())
            return response

        return endpoint

    def _signed_in(self, answer: Callable[..., Any]) -> Callable[..., Any]:
        async def checked(request: Request) -> Response:
            if not self._is_us(request):
                return JSONResponse({"error": "The access token is invalid"}, 401)
            response: Response = await answer(request)
            return response

        return self._open(checked)

    @staticmethod
    def _is_us(request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {TOKEN}"

    def _rate(self) -> dict[str, str]:
        now = self.world.clock()
        if now >= self._period_ends:
            self._count, self._period_ends = 0, now + _PERIOD
        self._count += 1
        left = max(0, _ALLOWED - self._count)
        return {
            "x-ratelimit-limit": str(_ALLOWED),
            "x-ratelimit-remaining": str(left),
            "x-ratelimit-reset": _iso(self._period_ends),
        }

    async def _instance(self, _request: Request) -> Response:
        return JSONResponse({"domain": DOMAIN, "title": "Kastanie", "version": "4.4.0"})

    async def _me(self, _request: Request) -> Response:
        return JSONResponse(self._account(BRAND, "Kastanie Möbel"))

    async def _tag(self, request: Request) -> Response:
        items = self.world.seen("tag")
        return self._listed(request, [(_id(item), self._status(item)) for item in items])

    async def _notifications(self, request: Request) -> Response:
        items = [item for item in self.world.seen("mention") if not item.ours]
        found = [
            (_arrival(item), {"id": str(_arrival(item)), "type": "mention", "status": self._status(item)})
            for item in sorted(items, key=_arrival)
        ]
        return self._listed(request, found)

    async def _conversations(self, request: Request) -> Response:
        last: dict[str, Item] = {item.root: item for item in self.world.seen("dm")}
        found = [
            (
                _id(item),
                {"id": str(_id(self.world.items[root])), "unread": True, "accounts": [], "last_status": self._status(item)},
            )
            for root, item in sorted(last.items(), key=lambda one: _id(one[1]))
        ]
        return self._listed(request, found)

    def _listed(self, request: Request, found: Sequence[tuple[int, Any]]) -> Response:
        """Page as Mastodon does, newest first: ``min_id`` gives the page right after it, ``since_id`` the newest page."""
        query = request.query_params
        limit = min(int(query.get("limit", 20)), 40)
        low = int(query.get("min_id") or query.get("since_id") or 0)
        if self.mischief.on("overlap") and low:  # the page begins a few items too early
            before = [number for number, _ in found if number <= low]
            low = before[-4] if len(before) > 3 else 0
        if self.mischief.on("endless"):
            low = 0
        inside = [(number, item) for number, item in found if number > low and number < int(query.get("max_id") or 1 << 80)]
        page = inside[:limit] if "min_id" in query else inside[-limit:]
        response = JSONResponse([item for _, item in reversed(page)])
        if page:
            here = f"{request.url.replace(query='')}?limit={limit}"
            response.headers["link"] = f'<{here}&max_id={page[0][0]}>; rel="next", <{here}&min_id={page[-1][0]}>; rel="prev"'
        return response

    async def _several(self, request: Request) -> Response:
        found = (self._find(request, wanted) for wanted in request.query_params.getlist("id[]"))
        return JSONResponse([self._status(item) for item in found if item])

    async def _one(self, request: Request) -> Response:
        item = self._find(request, request.path_params["id"])
        return JSONResponse(self._status(item)) if item else _missing()

    async def _context(self, request: Request) -> Response:
        item = self._find(request, request.path_params["id"])
        if item is None:
            return _missing()
        thread = {one.key: one for one in self.world.thread(item.root)}
        before: list[Item] = []
        above = thread.get(item.parent or "")
        while above and above not in before:
            before.insert(0, above)
            above = thread.get(above.parent or "")
        below: dict[str, Item] = {item.key: item}
        for one in thread.values():
            if one.parent in below:
                below[one.key] = one
        return JSONResponse(
            {
                "ancestors": [self._status(one) for one in before],
                "descendants": [self._status(one) for one in list(below.values())[1:]],
            }
        )

    async def _post(self, request: Request) -> Response:
        body = await request.json()
        parent = self._find(request, str(body.get("in_reply_to_id", "")))
        if parent is None:
            return _missing()
        if not body.get("status"):
            return JSONResponse({"error": "Validation failed: Text can't be blank"}, 422)
        return JSONResponse(self._status(self.world.answer(parent, body["status"], request.headers.get("idempotency-key", ""))))

    def _find(self, request: Request, status_id: str) -> Item | None:
        if len(self._by_id) < len(self.world.items):
            self._by_id = {str(_id(item)): item for item in self.world.items.values() if item.channel != "review"}
        item = self._by_id.get(status_id)
        private = item is not None and item.channel == "dm" and not self._is_us(request)
        return item if item and item.seen(self.world.clock()) and not private else None

    def _status(self, item: Item) -> dict[str, Any]:
        now = self.world.clock()
        parent = self.world.items.get(item.parent or "")
        edited_at = item.edited_at(now)
        answers = sum(one.parent == item.key for one in self.world.thread(item.root))
        skew = timedelta(seconds=self.mischief.amount("clock_skew"))
        said: dict[str, Any] = {
            "id": str(_id(item)),
            "created_at": _iso(item.said_at + skew),
            "in_reply_to_id": str(_id(parent)) if parent else None,
            "in_reply_to_account_id": None,
            "spoiler_text": item.title,
            "visibility": "direct" if item.channel == "dm" else "public",
            "language": item.language,
            "uri": f"https://{DOMAIN}/users/{item.author}/statuses/{_id(item)}",
            "url": f"https://{DOMAIN}/@{item.author}/{_id(item)}",
            "replies_count": answers,
            "edited_at": _iso(edited_at) if edited_at else None,
            "content": "".join(f"<p>{html.escape(part)}</p>" for part in item.text_at(now).split("\n\n")).replace("\n", "<br />"),
            "reblog": None,
            "account": self._account(item.author, item.name),
            "media_attachments": [],
        }
        return said

    @staticmethod
    def _account(handle: str, name: str) -> dict[str, Any]:
        number = sum(ord(letter) * 31**place for place, letter in enumerate(handle)) % 10**12
        return {
            "id": str(number),
            "username": handle,
            "acct": handle,
            "display_name": name or handle,
            "url": f"https://{DOMAIN}/@{handle}",
            "uri": f"https://{DOMAIN}/users/{handle}",
            "followers_count": number % 900,
        }


def _missing() -> Response:
    return JSONResponse({"error": "Record not found"}, 404)
