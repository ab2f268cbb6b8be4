"""The sandbox's Intercom: conversations searched by when they changed, each with its parts, and answers of a teammate."""

import html
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import TOKEN, Item, World

_ADMIN = {"type": "admin", "id": "991267645", "name": "Anna von Kastanie", "email": "anna@kastanie.example"}
_FIRST = 215_400_000
_TYPES = {"intercom": "conversation", "intercom.email": "email"}
Json = dict[str, Any]


class Part:
    """Routes below ``/intercom``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/me", self._me),
            Route("/conversations/search", self._search, methods=["POST"]),
            Route("/conversations/{id:int}", self._one),
            Route("/conversations/{id:int}/reply", self._reply, methods=["POST"]),
        ]

    async def _me(self, request: Request) -> Response:
        app = {"type": "app", "id_code": "kast1", "name": "Kastanie Möbel", "region": "EU"}
        return self._refused(request) or JSONResponse(_ADMIN | {"app": app, "email_verified": True})

    async def _search(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        asked = await request.json()
        paging, since = asked["pagination"], asked["query"]["value"]
        changed = sorted((self._changed(root), root.number, root) for root in self._roots())
        start = sum(int(self._skewed(at)) <= since for at, _, _ in changed)
        start = max(0, start - 5) if self.mischief.on("overlap") else start
        later = changed[start:]
        place, size = int(paging.get("starting_after", 0)), min(paging.get("per_page", 20), 150)
        page = later[:size] if self.mischief.on("endless") else later[place : place + size]
        pages: Json = {"type": "pages", "per_page": size}
        if self.mischief.on("endless") or place + size < len(later):
            pages["next"] = {"page": 2, "starting_after": str(place + size)}
        found = [self._conversation(root) for _, _, root in page]
        return JSONResponse({"type": "conversation.list", "conversations": found, "total_count": len(later), "pages": pages})

    async def _one(self, request: Request) -> Response:
        root = self._find(request)
        return self._refused(request) or (
            JSONResponse(self._whole(root)) if root else _error(404, "not_found", "Resource Not Found")
        )

    async def _reply(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        root, asked = self._find(request), await request.json()
        if root is None:
            return _error(404, "not_found", "Resource Not Found")
        if (asked.get("admin_id"), asked.get("type")) != (_ADMIN["id"], "admin") or not asked.get("body"):
            return _error(422, "parameter_invalid", "admin_id or body is invalid")
        self.world.answer(root, html.unescape(asked["body"].replace("<br>", "\n")), "")
        return JSONResponse(self._whole(root))

    def _refused(self, request: Request) -> Response | None:
        good = request.headers.get("authorization") == f"Bearer {TOKEN}"
        return None if good else _error(401, "unauthorized", "Access Token Invalid")

    def _roots(self) -> list[Item]:
        return [item for item in self.world.seen(*_TYPES) if item.root == item.key]

    def _find(self, request: Request) -> Item | None:
        return next((item for item in self._roots() if item.number + _FIRST == request.path_params["id"]), None)

    def _changed(self, root: Item) -> datetime:
        """Return when a conversation last changed: something new, or something deleted or edited."""
        now = self.world.clock()
        moments = [root.said_at]
        for item in self.world.items.values():
            if item.root == root.key:
                moments += [item.visible_at, *(at for at, _ in item.edits), *([item.deleted_at] if item.deleted_at else [])]
        return max(moment for moment in moments if moment <= now)

    def _skewed(self, moment: datetime) -> float:
        return moment.timestamp() + self.mischief.amount("clock_skew")

    def _conversation(self, root: Item) -> Json:
        return {
            "type": "conversation",
            "id": str(root.number + _FIRST),
            "created_at": int(self._skewed(root.said_at)),
            "updated_at": int(self._skewed(self._changed(root))),
            "source": {
                "type": _TYPES[root.channel],
                "id": str(root.number),
                "delivered_as": "customer_initiated",
                "subject": f"<p>{html.escape(root.title)}</p>" if root.title else "",
                "body": _body(root.text_at(self.world.clock())),
                "author": _author(root),
                "attachments": [],
                "redacted": False,
            },
            "conversation_rating": self._rating(root),
            "open": True,
        }

    def _rating(self, root: Item) -> Json | None:
        if root.stars is None:
            return None
        contact = {"type": "contact", "id": _author(root)["id"]}
        return {"rating": root.stars, "remark": "Danke!", "created_at": int(self._skewed(root.said_at)), "contact": contact}

    def _whole(self, root: Item) -> Json:
        """Return a conversation with its parts; what was deleted in it stays as a part without words."""
        now = self.world.clock()
        below = [
            item for item in self.world.items.values() if item.root == root.key and item is not root and item.visible_at <= now
        ]
        parts = [self._part(item) for item in sorted(below, key=lambda item: (item.said_at, item.number))]
        listed = {"type": "conversation_part.list", "conversation_parts": parts, "total_count": len(parts)}
        return self._conversation(root) | {"conversation_parts": listed}

    def _part(self, item: Item) -> Json:
        gone = not item.seen(self.world.clock())
        return {
            "type": "conversation_part",
            "id": str(item.number),
            "part_type": "comment",
            "body": None if gone else _body(item.text_at(self.world.clock())),
            "created_at": int(self._skewed(item.said_at)),
            "author": _ADMIN if item.ours else _author(item),
            "attachments": [],
            "redacted": gone,
        }


def _body(text: str) -> str | None:
    return f"<p>{html.escape(text, quote=False)}</p>".replace("\n", "<br>") if text else None


def _author(item: Item) -> Json:
    """Return a contact; one that was deleted has no name any more."""
    number = sum(ord(letter) * 31**place for place, letter in enumerate(item.author)) % 10**12
    known = {"name": item.name or item.author.title(), "email": f"{item.author}@mail.example"} if item.author else {}
    return {"type": "user", "id": f"6762f1261bb6{number:012d}", "name": None, "email": None} | known


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"type": "error.list", "request_id": "sandbox", "errors": [{"code": code, "message": message}]}, status)
