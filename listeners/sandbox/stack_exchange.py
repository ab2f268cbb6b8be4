"""The sandbox's Stack Exchange: questions by activity, answers, comments, a quota, and comments that are added."""

import html
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import BRAND, TOKEN, Item, World

OUR_USER = 4711
_FIRST = 70_000_000


def _id(item: Item) -> int:
    return _FIRST + item.number


class Part:
    """Routes below ``/stack_exchange``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief
        self.quota = 10_000
        self.backoff: float = 0

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/2.3/search/advanced", self._search),
            Route("/2.3/questions/{ids}/answers", self._answers),
            Route("/2.3/posts/{ids}/comments", self._comments),
            Route("/2.3/posts/{id}/comments/add", self._add, methods=["POST"]),
            Route("/2.3/me", self._me),
            Route("/2.3/info", self._info),
        ]

    async def _search(self, request: Request) -> Response:
        items = [item for item in self.world.seen("stack_exchange") if not item.parent]
        return self._listed(
            request, sorted(items, key=lambda item: (self._active(item), item.number), reverse=True), self._active
        )

    async def _answers(self, request: Request) -> Response:
        wanted = request.path_params["ids"].split(";")
        items = [one for one in self.world.seen("stack_exchange") if self._is_answer(one) and str(self._parent_id(one)) in wanted]
        return self._listed(request, sorted(items, key=self._changed, reverse=True), self._changed)

    async def _comments(self, request: Request) -> Response:
        wanted = request.path_params["ids"].split(";")
        items = [one for one in self.world.seen("stack_exchange") if one.parent and not self._is_answer(one)]
        items = [one for one in items if str(_id(self._post_of(one))) in wanted]
        return self._listed(request, items[::-1], lambda item: item.said_at)

    async def _me(self, request: Request) -> Response:
        if not self._is_us(request):
            return _error(402, "invalid_access_token", "`access_token` is not valid")
        return self._wrapped([self._user(BRAND, "Kastanie Möbel", ours=True)], more=False)

    async def _info(self, _request: Request) -> Response:
        return self._wrapped([{"total_questions": len(self.world.items)}], more=False)

    async def _add(self, request: Request) -> Response:
        if not self._is_us(request):
            return _error(402, "invalid_access_token", "`access_token` is not valid")
        form = await request.form()
        post = next((item for item in self.world.items.values() if str(_id(item)) == request.path_params["id"]), None)
        if post is None:
            return _error(404, "no_method", "no post with this id")
        if len(str(form["body"])) < 15:
            return _error(407, "write_failed", "Comments must be at least 15 characters in length.")
        return self._wrapped([self._item(self.world.answer(post, str(form["body"]), ""))], more=False)

    @staticmethod
    def _is_us(request: Request) -> bool:
        return request.query_params.get("access_token") == TOKEN and bool(request.query_params.get("key"))

    def _listed(self, request: Request, items: list[Item], when: Any) -> Response:
        asked = request.query_params
        if asked.get("key", TOKEN) != TOKEN:
            return _error(400, "bad_parameter", "key")
        number, size = int(asked.get("page", 1)), int(asked.get("pagesize", 30))
        since = 0 if self.mischief.on("endless") else int(asked.get("min") or asked.get("fromdate") or 0)
        found = [item for item in items if self._skewed(when(item)) >= since]
        start = 0 if self.mischief.on("endless") else (number - 1) * size
        if self.mischief.on("overlap"):
            start = max(0, start - 4)
        more = self.mischief.on("endless") or start + size < len(found)
        return self._wrapped([self._item(item) for item in found[start : start + size]], more=more)

    def _wrapped(self, items: list[dict[str, Any]], *, more: bool) -> Response:
        self.quota -= 1
        body = {"items": items, "has_more": more, "quota_max": 10_000, "quota_remaining": self.quota}
        return JSONResponse(body | ({"backoff": self.backoff} if self.backoff else {}))

    def _is_answer(self, item: Item) -> bool:
        return item.parent == item.root and not item.ours

    def _post_of(self, item: Item) -> Item:
        """Return the question or answer that a comment stands below."""
        parent = self.world.items[item.parent or ""]
        return parent if not parent.parent or self._is_answer(parent) else self._post_of(parent)

    def _parent_id(self, item: Item) -> int:
        return _id(self.world.items[item.parent or ""])

    def _changed(self, item: Item) -> datetime:
        return item.edited_at(self.world.clock()) or item.said_at

    def _active(self, item: Item) -> datetime:
        """When something was last done to a question; a comment does not count."""
        return max(self._changed(one) for one in self.world.thread(item.root) if one is item or self._is_answer(one))

    def _skewed(self, moment: datetime) -> int:
        return int((moment + timedelta(seconds=self.mischief.amount("clock_skew"))).timestamp())

    def _item(self, item: Item) -> dict[str, Any]:
        now = self.world.clock()
        edited = item.edited_at(now)
        body = "".join(f"<p>{html.escape(part)}</p>" for part in item.text_at(now).split("\n\n"))
        said: dict[str, Any] = {
            "owner": self._user(item.author, item.name, ours=item.ours),
            "score": 0,
            "creation_date": self._skewed(item.said_at),
            "body": body if item.text_at(now) else "",
        }
        if not item.parent:
            answers = sum(self._is_answer(one) for one in self.world.thread(item.root))
            said |= {"question_id": _id(item), "title": html.escape(item.title or "Kastanie?"), "tags": ["kastanie"]}
            said |= {"last_activity_date": self._skewed(self._active(item)), "answer_count": answers, "view_count": 12}
            said["link"] = f"https://stackoverflow.com/questions/{_id(item)}/kastanie"
        elif self._is_answer(item):
            said |= {"question_id": self._parent_id(item), "answer_id": _id(item), "is_accepted": False}
            said |= {"last_activity_date": self._skewed(self._changed(item))}
        else:
            return said | {"comment_id": _id(item), "post_id": _id(self._post_of(item)), "edited": bool(edited)}
        return said | ({"last_edit_date": self._skewed(edited)} if edited else {})

    @staticmethod
    def _user(handle: str, name: str, *, ours: bool = False) -> dict[str, Any]:
        if not handle:
            return {"user_type": "does_not_exist", "display_name": "user1234"}
        number = OUR_USER if ours else sum(ord(letter) * 31**place for place, letter in enumerate(handle)) % 10**7
        link = f"https://stackoverflow.com/users/{number}/{handle}"
        return {"user_id": number, "user_type": "registered", "display_name": name or handle, "reputation": 1, "link": link}


def _error(number: int, name: str, message: str) -> Response:
    return JSONResponse({"error_id": number, "error_message": message, "error_name": name}, 400)
