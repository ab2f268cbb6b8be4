"""The sandbox's Zendesk: an export of tickets in the order in which they changed, their comments, and answers."""

import base64
import html
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import TOKEN, Item, World

EMAIL = "anna@kastanie.example"
_CREDENTIAL = "Basic " + base64.b64encode(f"{EMAIL}/token:{TOKEN}".encode()).decode()
_FIRST = 4_000
_AGENT = 6_130_907_993_114
_CHANNELS = {"zendesk": "email", "zendesk.dm": "native_messaging"}
Json = dict[str, Any]


class Part:
    """Routes below ``/zendesk``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/api/v2/incremental/tickets/cursor.json", self._export),
            Route("/api/v2/tickets/{id:int}/comments.json", self._comments),
            Route("/api/v2/tickets/{id:int}.json", self._update, methods=["PUT"]),
            Route("/api/v2/users/me.json", self._me),
        ]

    def _known(self, request: Request) -> bool:
        return request.headers.get("authorization") == _CREDENTIAL

    async def _me(self, request: Request) -> Response:
        if not self._known(request):  # as Zendesk does: a stranger is nobody
            return JSONResponse(
                {"user": {"id": None, "name": "Anonymous user", "email": "invalid@example.com", "role": "end-user"}}
            )
        return JSONResponse({"user": _agent()})

    async def _export(self, request: Request) -> Response:
        if not self._known(request):
            return _not_in()
        query = request.query_params
        size, after = min(int(query.get("per_page", 1000)), 1000), _decoded(query.get("cursor", ""))
        start_time = int(query.get("start_time", 0))
        changed = sorted((self._changed(root), root) for root in self._roots())
        later = [(when, root) for when, root in changed if (when > after if after else float(when[:17]) >= start_time)]
        if after and self.mischief.on("overlap"):
            later = [*changed[: len(changed) - len(later)][-5:], *later]
        if self.mischief.on("endless"):
            later = changed
        page = later[:size]
        ended = len(later) <= size and not self.mischief.on("endless")
        cursor = base64.b64encode(page[-1][0].encode()).decode() if page else query.get("cursor")
        tickets = [self._ticket(root) for _, root in page]
        return JSONResponse({"tickets": tickets, "after_cursor": cursor, "before_cursor": None, "end_of_stream": ended})

    async def _comments(self, request: Request) -> Response:
        if not self._known(request):
            return _not_in()
        said = self._said(request.path_params["id"])
        if not said:
            return JSONResponse({"error": "RecordNotFound", "description": "Not found"}, 404)
        if request.query_params.get("sort") == "-created_at":
            said.reverse()
        size, start = int(request.query_params.get("page[size]", 100)), int(request.query_params.get("page[after]", 0))
        page = said[start : start + size]
        more = {"has_more": start + size < len(said), "after_cursor": str(start + size), "before_cursor": str(start)}
        people = {item.author: _customer(item) for item in page if item.author and not item.ours}
        users = [*people.values(), _agent()]
        return JSONResponse({"comments": [self._comment(item) for item in page], "users": users, "meta": more, "links": {}})

    async def _update(self, request: Request) -> Response:
        if not self._known(request):
            return _not_in()
        comment = (await request.json())["ticket"]["comment"]
        said = self._said(request.path_params["id"])
        if not said:
            return JSONResponse({"error": "RecordNotFound", "description": "Not found"}, 404)
        item = self.world.answer(said[-1], comment["body"], "")
        event = {
            "id": _comment_id(item),
            "type": "Comment",
            "author_id": _AGENT,
            "body": comment["body"],
            "public": comment["public"],
        }
        change = {"id": _comment_id(item) + 1, "type": "Change", "field_name": "status", "value": "open"}
        return JSONResponse({"ticket": self._ticket(item.root), "audit": {"id": 1, "events": [change, event]}})

    def _roots(self) -> list[str]:
        """Return the first item of every ticket that has been seen, deleted or not."""
        self.world.seen(*_CHANNELS)
        now = self.world.clock()
        return [
            item.key
            for item in self.world.items.values()
            if item.channel in _CHANNELS and item.root == item.key and item.visible_at <= now
        ]

    def _changed(self, root: str) -> str:
        """Return when a ticket last changed, in a form that sorts, events of one moment in their order."""
        now = self.world.clock()
        events = []
        for item in self.world.items.values():
            if item.root == root:
                moments = [item.visible_at, *(at for at, _ in item.edits), *([item.deleted_at] if item.deleted_at else [])]
                events += [(at, item.number, place) for place, at in enumerate(moments) if at <= now]
        at, number, place = max(events)
        return f"{at.timestamp():017.3f}-{number:06d}-{place}"

    def _said(self, ticket: int) -> list[Item]:
        root = next((item for item in self.world.items.values() if item.number == ticket - _FIRST), None)
        return self.world.thread(root.key) if root and root.seen(self.world.clock()) else []

    def _ticket(self, root: str) -> Json:
        first = self.world.items[root]
        gone = not first.seen(self.world.clock())
        return {
            "id": first.number + _FIRST,
            "subject": first.title or "Anfrage",
            "description": first.text,
            "status": "deleted" if gone else "open",
            "via": {"channel": _CHANNELS[first.channel], "source": {"from": {}, "to": {}, "rel": None}},
            "created_at": self._iso(first.said_at),
            "updated_at": self._iso(self.world.clock()),
            "requester_id": _customer(first)["id"],
            "is_public": True,
        }

    def _comment(self, item: Item) -> Json:
        text = item.text_at(self.world.clock())
        return {
            "id": _comment_id(item),
            "type": "Comment",
            "author_id": _AGENT if item.ours else _customer(item)["id"],
            "body": text,
            "html_body": f'<div class="zd-comment" dir="auto"><p dir="auto">{html.escape(text)}</p></div>' if text else None,
            "plain_body": text,
            "public": True,
            "attachments": [],
            "created_at": self._iso(item.said_at),
        }

    def _iso(self, moment: datetime) -> str:
        moment += timedelta(seconds=self.mischief.amount("clock_skew"))
        return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _comment_id(item: Item) -> int:
    return 6_130_852_545_178 + item.number * 10


def _agent() -> Json:
    return {"id": _AGENT, "name": "Anna von Kastanie", "email": EMAIL, "role": "admin"}


def _customer(item: Item) -> Json:
    number = 7_000_000 + sum(ord(letter) * 31**place for place, letter in enumerate(item.author)) % 10**9
    name = item.name or item.author.title()
    return {"id": number, "name": name, "email": f"{item.author}@mail.example", "role": "end-user"}


def _decoded(cursor: str) -> str:
    return base64.b64decode(cursor).decode() if cursor else ""


def _not_in() -> Response:
    return JSONResponse({"error": "Couldn't authenticate you"}, 401)
