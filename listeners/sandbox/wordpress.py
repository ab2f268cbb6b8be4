"""The sandbox's WordPress: comments of a site in Seattle that reads dates as version 5.2 does: ``after`` is always local time."""

import base64
import hashlib
import html
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import BRAND, TOKEN, Item, World

SITE = "https://kastanie.example"
USER = 3
"""The number of the shop's own user."""
_LOCAL = timedelta(hours=-8)
_POST = 7
Json = dict[str, Any]


class Part:
    """Routes below ``/wordpress``: what is said on the channel "wordpress" is approved, on "wordpress.held" it waits."""

    channel = "wordpress"
    post_type = "post"

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/wp-json/", self._index),
            Route("/wp-json/wp/v2/users/me", self._checked(self._me)),
            Route("/wp-json/wp/v2/comments", self._checked(self._comments), methods=["GET"]),
            Route("/wp-json/wp/v2/comments", self._checked(self._create), methods=["POST"]),
            Route("/wp-json/wp/v2/comments/{id}", self._checked(self._one)),
        ]

    def _checked(self, answer: Callable[[Request, bool], Any]) -> Callable[[Request], Any]:
        """Let *answer* know whether somebody is signed in; who gives a wrong password is nobody, as at WordPress."""

        async def endpoint(request: Request) -> Response:
            response: Response = await answer(request, request.headers.get("authorization") == basic(BRAND, TOKEN))
            return response

        return endpoint

    async def _index(self, _request: Request) -> Response:
        return JSONResponse({"name": "Kastanie Möbel", "url": SITE, "gmt_offset": "-8", "namespaces": ["wp/v2"]})

    async def _me(self, _request: Request, signed_in: bool) -> Response:
        if not signed_in:
            return error(401, "rest_not_logged_in", "You are not currently logged in.")
        may = {"moderate_comments": True, "edit_posts": True}
        return JSONResponse({"id": USER, "name": "Kastanie Möbel", "slug": BRAND, "capabilities": may})

    async def _comments(self, request: Request, signed_in: bool) -> Response:
        query = request.query_params
        if not signed_in and (query.get("status", "approve") != "approve" or query.get("context") == "edit"):
            return error(401, "rest_forbidden_param", "Query parameter not permitted: status")
        items = self.world.seen(self.channel, *([f"{self.channel}.held"] if query.get("status") == "all" else ()))
        return self._listed(request, [self._comment(item) for item in items])

    def _listed(self, request: Request, found: list[Json]) -> Response:
        query = request.query_params
        for name in ("parent", "include", "post", "author"):
            if wanted := query.get(name):
                field = "id" if name == "include" else name
                found = [one for one in found if str(one.get(field)) in wanted.split(",")]
        return listed(self.mischief, request, found, "date")

    async def _one(self, request: Request, signed_in: bool) -> Response:
        item = self._find(request.path_params["id"], signed_in)
        if item is None:
            return error(404, "rest_comment_invalid_id", "Invalid comment ID.")
        return JSONResponse(self._comment(item))

    async def _create(self, request: Request, signed_in: bool) -> Response:
        body = await request.json()
        if not signed_in:
            return error(401, "rest_comment_login_required", "Sorry, you must be logged in to comment.")
        parent = self._find(str(body.get("parent", "")), signed_in)
        if parent is None or body.get("post") != _POST:
            return error(403, "rest_comment_invalid_post_id", "Sorry, you are not allowed to create this comment without a post.")
        text = html.unescape(body["content"])
        if any(one.ours and one.parent == parent.key and one.text == text for one in self.world.thread(parent.root)):
            return error(409, "comment_duplicate", "Duplicate comment detected; it looks as though you’ve already said that!")
        return JSONResponse(self._comment(self.world.answer(parent, text, "")), 201)

    def _find(self, wanted: str, signed_in: bool) -> Item | None:
        channels = (self.channel, f"{self.channel}.held") if signed_in else (self.channel,)
        return next((item for item in self.world.seen(*channels) if str(number(item)) == wanted), None)

    def _comment(self, item: Item) -> Json:
        now = self.world.clock()
        parent = self.world.items.get(item.parent or "")
        said = item.said_at + timedelta(seconds=self.mischief.amount("clock_skew"))
        raw = html.escape(item.text_at(now), quote=False)
        return {
            "id": number(item),
            "post": _POST,
            "parent": number(parent) if parent else 0,
            "author": USER if item.ours else 0,
            "author_name": item.author,
            "author_url": "",
            "date": wp_date(said + _LOCAL),
            "date_gmt": wp_date(said),
            "content": {"rendered": paragraphs(raw), "raw": raw},
            "link": f"{SITE}/?p={_POST}#comment-{number(item)}",
            "status": "hold" if item.channel.endswith(".held") else "approved",
            "type": "comment",
            "author_avatar_urls": avatars(item),
            "meta": [],
            "_links": {"up": [{"embeddable": True, "post_type": self.post_type, "href": f"{SITE}/wp-json/wp/v2/posts/{_POST}"}]},
        }


def listed(mischief: Mischief, request: Request, found: list[Json], when: str) -> Response:
    """Page as WordPress does: bounded by local time, sorted by GMT, the number of all in a header."""
    query = request.query_params
    if after := query.get("after"):
        found = [one for one in found if one[when] > after.removesuffix("Z")]
    found = sorted(found, key=lambda one: (one[f"{when}_gmt"], one["id"]), reverse=query.get("order", "desc") == "desc")
    size, start = int(query.get("per_page", 10)), int(query.get("offset") or 0)
    total = len(found)
    if mischief.on("overlap"):
        start = max(0, start - 5)
    if mischief.on("endless"):
        start, total = 0, 1_000_000
    kept = query.get("_fields", "").split(",") if "_fields" in query else []
    page = [{name: one[name] for name in one if not kept or name in kept} for one in found[start : start + size]]
    return JSONResponse(page, headers={"X-WP-Total": str(total), "X-WP-TotalPages": str(-(-total // size))})


def number(item: Item) -> int:
    """Return the number that WordPress gives it: in the order of arrival."""
    return item.number + 1


def wp_date(moment: datetime) -> str:
    """Write a date without saying of which time zone it is."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def paragraphs(raw: str) -> str:
    """Make paragraphs and line breaks (wpautop)."""
    parts = (part.replace("\n", "<br />\n") for part in raw.split("\n\n") if part)
    return "".join(f"<p>{part}</p>\n" for part in parts)


def avatars(item: Item) -> Json:
    """Return the addresses of the author's picture, with a digest of the e-mail."""
    digest = hashlib.sha256(item.author.encode()).hexdigest() if item.author else ""
    return {size: f"https://secure.gravatar.com/avatar/{digest}?s={size}&d=mm&r=g" for size in ("24", "48", "96")}


def basic(user: str, password: str) -> str:
    """Return the Authorization header of a name and a password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def error(status: int, code: str, message: str) -> Response:
    """Refuse as WordPress does."""
    return JSONResponse({"code": code, "message": message, "data": {"status": status}}, status)
