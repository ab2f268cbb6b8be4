"""The sandbox's X: tokens that are replaced, mentions, a search of seven days, conversations, direct messages and answers."""

import base64
import html
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import BRAND, TOKEN, Item, World
from listeners.x.posts import id_at, time_of

CLIENT, SECRET = "kastanie-app", "sandbox-secret"
_PUBLIC = ("x", "x.mention")
_SEARCHED, _LIVES = timedelta(days=7), timedelta(hours=2)
Json = dict[str, Any]


class Part:
    """Routes below ``/x``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief
        self._refresh, self._before, self._count = TOKEN, "", 0
        """The refresh token that is taken now, the one before while the new one is not used yet, and how many were given."""
        self._ends: dict[str, datetime] = {}

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/2/oauth2/token", self._token, methods=["POST"]),
            Route("/2/{path:path}", self._call, methods=["GET", "POST"]),
        ]

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        shown = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers.get("authorization") != shown:
            return JSONResponse({"error": "unauthorized_client", "error_description": "Missing valid authorization header"}, 401)
        if form.get("refresh_token") not in (self._refresh, self._before or None):
            return JSONResponse({"error": "invalid_request", "error_description": "Value passed for the token was invalid."}, 400)
        self._count += 1
        self._before = str(form["refresh_token"])
        access, self._refresh = f"access-{self._count}", f"refresh-{self._count}"
        self._ends[access] = self.world.clock() + _LIVES
        return JSONResponse(
            {
                "token_type": "bearer",
                "expires_in": int(_LIVES.total_seconds()),
                "access_token": access,
                "refresh_token": self._refresh,
            }
        )

    async def _call(self, request: Request) -> Response:
        shown = request.headers.get("authorization", "").removeprefix("Bearer ")
        person = shown in self._ends and self._ends[shown] > self.world.clock()
        if shown != TOKEN and not person:
            return _problem(401, "Unauthorized", "Unauthorized")
        self._before = ""
        path, asked = request.path_params["path"], dict(request.query_params)
        asked["body"] = json.loads(await request.body() or b"{}")
        if not person and (path.startswith("dm_") or path == "users/me" or request.method == "POST"):
            return _problem(403, "Unsupported Authentication", "Authenticating with OAuth 2.0 Application-Only is forbidden")
        response = self._answer(request.method, path, asked)
        response.headers["x-rate-limit-limit"] = "450"
        response.headers["x-rate-limit-remaining"] = "440"
        return response

    def _answer(self, method: str, path: str, asked: Json) -> Response:
        if path == "users/me" or path.startswith("users/by/username/"):
            known = path in ("users/me", f"users/by/username/{BRAND}")
            missing = {"errors": [{"title": "Not Found Error", "detail": "Could not find user"}]}
            return JSONResponse({"data": _user(BRAND, "Kastanie Möbel")} if known else missing)
        if path.endswith("/mentions"):
            told = [one for one in self.world.seen("x.mention") if not one.ours and (not one.parent or self._to_us(one))]
            return self._listed(asked, told, "pagination_token")
        if path == "tweets/search/recent":
            return self._search(asked)
        if path == f"users/{_number(BRAND)}/tweets":
            return self._listed(asked, [one for one in self.world.seen(*_PUBLIC) if one.ours], "pagination_token")
        if path == "tweets":
            return self._post(asked["body"]) if method == "POST" else self._looked_up(asked["ids"].split(","))
        return self._direct(path, asked)

    def _to_us(self, item: Item) -> bool:
        return self.world.items[item.parent or ""].author == BRAND

    def _search(self, asked: Json) -> Response:
        oldest = self.world.clock() - _SEARCHED
        if int(asked.get("since_id", 1 << 62)) < id_at(oldest):
            return _problem(400, "Invalid Request", f"'since_id' must be a tweet id created after {oldest.isoformat()}.")
        watched = set(re.findall(r"conversation_id:(\d+)", asked["query"]))
        if watched:
            said = [one for one in self.world.seen(*_PUBLIC) if one.parent and self._first(self.world.items[one.root]) in watched]
        else:
            said = [one for one in self.world.seen("x") if not one.parent]
        return self._listed(asked, [one for one in said if one.said_at > oldest], "next_token")

    def _listed(self, asked: Json, items: list[Item], token: str) -> Response:
        since, size, start = int(asked.get("since_id", 0)), int(asked["max_results"]), int(asked.get(token, 0))
        found = sorted(
            (item for item in items if int(self._last(item)) > since), key=lambda item: int(self._last(item)), reverse=True
        )
        start = 0 if self.mischief.on("endless") else max(0, start - 5) if self.mischief.on("overlap") else start
        page = found[start : start + size]
        if not page:
            return JSONResponse({"meta": {"result_count": 0}})
        meta: Json = {"newest_id": self._last(page[0]), "oldest_id": self._last(page[-1]), "result_count": len(page)}
        if self.mischief.on("endless") or start + size < len(found):
            meta["next_token"] = str(int(asked.get(token, 0)) + size)
        users = {item.author: _user(item.author, item.name) for item in page if item.author}
        return JSONResponse(
            {"data": [self._tweet(item) for item in page], "includes": {"users": list(users.values())}, "meta": meta}
        )

    def _looked_up(self, ids: list[str]) -> Response:
        found = [self._tweet(item) for item in self.world.seen(*_PUBLIC) if self._first(item) in ids]
        return JSONResponse({"data": found} if found else {"errors": [{"title": "Not Found Error"}]})

    def _first(self, item: Item) -> str:
        return str(id_at(item.said_at) | (item.number & 0x3FFFFF))

    def _last(self, item: Item) -> str:
        """Return the id of the newest version: an edit is a post of its own (Edit Posts)."""
        edited_at = item.edited_at(self.world.clock())
        return str(id_at(edited_at) | (item.number & 0x3FFFFF)) if edited_at else self._first(item)

    def _tweet(self, item: Item) -> Json:
        first, last = self._first(item), self._last(item)
        text = item.text_at(self.world.clock())
        tweet: Json = {
            "id": last,
            "text": html.escape(text, quote=False)[:280],
            "author_id": _number(item.author),
            "created_at": self._iso(time_of(last)),
            "conversation_id": self._first(self.world.items[item.root]),
            "lang": item.language or "und",
            "edit_history_tweet_ids": [first] if first == last else [first, last],
            "public_metrics": {"reply_count": 0},
        }
        if len(text) > 280:
            tweet["note_tweet"] = {"text": html.escape(text, quote=False)}
        if item.parent:
            tweet["referenced_tweets"] = [{"type": "replied_to", "id": self._first(self.world.items[item.parent])}]
        return tweet

    def _iso(self, moment: datetime) -> str:
        moment += timedelta(seconds=self.mischief.amount("clock_skew"))
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _post(self, body: Json) -> Response:
        above = body.get("reply", {}).get("in_reply_to_tweet_id")
        parent = next((item for item in self.world.seen(*_PUBLIC) if self._first(item) == above), None)
        if parent is None:
            return _problem(403, "Forbidden", "You attempted to reply to a Tweet that is deleted or not visible to you.")
        item = self.world.answer(parent, body["text"], "")
        return JSONResponse({"data": {"id": self._first(item), "text": body["text"]}}, 201)

    def _direct(self, path: str, asked: Json) -> Response:
        said = sorted(self.world.seen("x.dm"), key=lambda item: (item.said_at, item.number), reverse=True)
        convo = path.split("/")[1] if path.startswith("dm_conversations/") else ""
        here = [item for item in said if not convo or self._convo(item) == convo]
        if path.endswith("/messages"):
            item = self.world.answer(here[0], asked["body"]["text"], "") if here else None
            gone = _problem(404, "Not Found", "Conversation not found")
            return JSONResponse({"data": {"dm_conversation_id": convo, "dm_event_id": self._first(item)}}, 201) if item else gone
        size, start = int(asked["max_results"]), int(asked.get("pagination_token", 0))
        start = 0 if self.mischief.on("endless") else max(0, start - 5) if self.mischief.on("overlap") else start
        page = here[start : start + size]
        if not page:
            return JSONResponse({"meta": {"result_count": 0}})
        # recorded 2022: there is a next token even where nothing follows
        meta = {"result_count": len(page), "next_token": str(int(asked.get("pagination_token", 0)) + size), "previous_token": "0"}
        users = {item.author: _user(item.author, item.name) for item in page if item.author}
        return JSONResponse(
            {"data": [self._event(item) for item in page], "includes": {"users": list(users.values())}, "meta": meta}
        )

    def _convo(self, item: Item) -> str:
        return f"{_number(self.world.items[item.root].author)}-{_number(BRAND)}"

    def _event(self, item: Item) -> Json:
        return {
            "id": self._first(item),
            "event_type": "MessageCreate",
            "text": html.escape(item.text, quote=False),
            "sender_id": _number(item.author),
            "dm_conversation_id": self._convo(item),
            "created_at": self._iso(item.said_at),
        }


def _number(author: str) -> str:
    return str(750_000_000 + sum(ord(letter) * 31**place for place, letter in enumerate(author)) % 10**12)


def _user(author: str, name: str) -> Json:
    metrics = {"followers_count": 120, "following_count": 3}
    return {"id": _number(author), "username": author, "name": name or author.title(), "public_metrics": metrics}


def _problem(status: int, title: str, detail: str) -> Response:
    return JSONResponse({"title": title, "detail": detail, "type": "about:blank", "status": status}, status)
