"""The sandbox's Discourse: the newest posts, private ones, the search, topics, and answers."""

import html
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import BRAND, TOKEN, Item, World

_PAGE = 50
_CATEGORY = 5


class Part:
    """Routes below ``/discourse``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/posts.json", self._posts),
            Route("/posts.json", self._create, methods=["POST"]),
            Route("/private-posts.json", self._private),
            Route("/search.json", self._search),
            Route("/t/{topic:int}.json", self._topic),
            Route("/t/{topic:int}/posts.json", self._topic_posts),
            Route("/session/current.json", self._me),
            Route("/site/basic-info.json", self._info),
        ]

    async def _posts(self, request: Request) -> Response:
        if self._stranger(request):
            return _denied()
        return self._listed(request, self.world.seen("discourse"), "latest_posts")

    async def _private(self, request: Request) -> Response:
        if not self._is_us(request):
            return _denied()
        return self._listed(request, self.world.seen("discourse.dm"), "private_posts")

    async def _search(self, request: Request) -> Response:
        words = request.query_params["q"].partition(" after:")[0].lower()
        found = [item for item in self.world.seen("discourse") if words in f"{item.title} {item.text}".lower()][::-1][:_PAGE]
        posts = [{"id": _id(item), "topic_id": self._topic_id(item), "blurb": item.text[:100]} for item in found]
        return JSONResponse({"posts": posts, "topics": [], "grouped_search_result": {"more_full_page_results": None}})

    async def _topic(self, request: Request) -> Response:
        posts = self._of_topic(request)
        if not posts:
            return JSONResponse({"errors": ["The requested URL or resource could not be found."], "error_type": "not_found"}, 404)
        stream = {"posts": [self._post(item) for item in posts[:20]], "stream": [_id(item) for item in posts]}
        return JSONResponse({"post_stream": stream, "id": request.path_params["topic"], "title": posts[0].title})

    async def _topic_posts(self, request: Request) -> Response:
        wanted, raw = request.query_params.getlist("post_ids[]"), request.query_params.get("include_raw") == "true"
        posts = [self._post(item, raw=raw) for item in self._of_topic(request) if str(_id(item)) in wanted]
        return JSONResponse({"post_stream": {"posts": posts}, "id": request.path_params["topic"]})

    async def _create(self, request: Request) -> Response:
        if not self._is_us(request):
            return _denied()
        body = await request.json()
        if len(body["raw"]) < 5:
            said = ["Body is too short (minimum is 5 characters)"]
            return JSONResponse({"action": "create_post", "errors": said}, 422)
        thread = [item for item in self.world.items.values() if self._topic_id(item) == body["topic_id"]]
        number = body.get("reply_to_post_number", 1)
        parent = next((item for item in thread if self._number(item) == number), None)
        if parent is None:
            return JSONResponse({"errors": ["not there"], "error_type": "not_found"}, 404)
        return JSONResponse(self._post(self.world.answer(parent, body["raw"], "")))

    async def _me(self, request: Request) -> Response:
        return JSONResponse({"current_user": {"id": 1, "username": BRAND}}) if self._is_us(request) else _denied()

    async def _info(self, _request: Request) -> Response:
        return JSONResponse({"title": "Kastanie Forum", "description": "Möbel"})

    @staticmethod
    def _is_us(request: Request) -> bool:
        return request.headers.get("api-key") == TOKEN and bool(request.headers.get("api-username"))

    @staticmethod
    def _stranger(request: Request) -> bool:
        return request.headers.get("api-key", TOKEN) != TOKEN

    def _listed(self, request: Request, items: list[Item], key: str) -> Response:
        """List as LatestPostsQuery does: by number, the newest first, below ``before``."""
        before = 0 if self.mischief.on("endless") else int(request.query_params.get("before", 0))
        newest = sorted(items, key=lambda item: item.number, reverse=True)
        start = next((place for place, item in enumerate(newest) if _id(item) < before), len(newest)) if before else 0
        if self.mischief.on("overlap"):
            start = max(0, start - 4)
        return JSONResponse({key: [self._post(item, raw=True) for item in newest[start : start + _PAGE]]})

    def _of_topic(self, request: Request) -> list[Item]:
        root = next((one.root for one in self.world.items.values() if self._topic_id(one) == request.path_params["topic"]), "")
        return self.world.thread(root)

    def _topic_id(self, item: Item) -> int:
        return 1_000 + self.world.items[item.root].number

    def _number(self, item: Item) -> int:
        """Return the number within the topic, which stays though others are deleted."""
        return 1 + sum(one.root == item.root and one.number < item.number for one in self.world.items.values())

    def _post(self, item: Item, *, raw: bool = False) -> dict[str, Any]:
        now = self.world.clock()
        edited, text = item.edited_at(now), item.text_at(now)
        parent = self.world.items.get(item.parent or "")
        root = self.world.items[item.root]
        post: dict[str, Any] = {
            "id": _id(item),
            "name": item.name or None,
            "username": item.author or None,
            "user_id": sum(map(ord, item.author)) * 7919 if item.author else None,
            "created_at": self._iso(item.said_at),
            "cooked": "".join(f"<p>{html.escape(part)}</p>" for part in text.split("\n\n")) if text else "",
            "post_number": self._number(item),
            "post_type": 1,
            "updated_at": self._iso(edited or item.said_at),
            "reply_count": 0,
            "reply_to_post_number": self._number(parent) if parent and parent.parent else None,
            "reads": 7,
            "topic_id": self._topic_id(item),
            "topic_slug": "kastanie",
            "topic_title": root.title or "Frage an Kastanie",
            "category_id": _CATEGORY if item.channel == "discourse" else None,
            "version": 1 + sum(at <= now for at, _ in item.edits),
            "staff": item.ours,
            "user_deleted": False,
        }
        return post | ({"raw": text} if raw else {})

    def _iso(self, moment: datetime) -> str:
        skewed = moment + timedelta(seconds=self.mischief.amount("clock_skew"))
        return skewed.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _id(item: Item) -> int:
    return 5_000 + item.number


def _denied() -> Response:
    said = ["You are not permitted to view the requested resource. The API username or key is invalid."]
    return JSONResponse({"errors": said, "error_type": "invalid_access"}, 403)
