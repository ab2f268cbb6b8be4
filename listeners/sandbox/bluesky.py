"""The sandbox's Bluesky: sessions, search, notifications, threads, repositories and direct messages, all from one server."""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import BRAND, TOKEN, Item, World

ACCOUNT = "kastanie.bsky.social"
_LIVES = timedelta(hours=2)
_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_PUBLIC = ("bluesky", "bluesky.mention")
_CHAT = "did:web:api.bsky.chat#bsky_chat"
Json = dict[str, Any]
Answer = Callable[[Json], Response]


class Part:
    """Routes below ``/bluesky``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief
        self.sessions = 0
        """How many sessions have been opened."""
        self._ends: dict[str, datetime] = {}
        """When each token ends."""

    def routes(self) -> list[Route]:
        """Return the methods that the listener calls."""
        return [Route("/xrpc/{method}", self._call, methods=["GET", "POST"])]

    async def _call(self, request: Request) -> Response:
        given: Json = dict(request.query_params) | json.loads(await request.body() or b"{}")
        given["uris"] = request.query_params.getlist("uris")
        method, token = request.path_params["method"], request.headers.get("authorization", "").removeprefix("Bearer ")
        if method == "com.atproto.server.createSession":
            return self._open(given)
        if refused := self._not_let_in(token):
            return refused
        if method.startswith("chat.") and request.headers.get("atproto-proxy") != _CHAT:
            return _refused(404, "XRPCNotSupported", "Method Not Implemented")
        answers: dict[str, Answer] = {
            "com.atproto.server.refreshSession": self._renew,
            "com.atproto.server.getSession": lambda _: JSONResponse({"did": did(BRAND), "handle": ACCOUNT, "active": True}),
            "com.atproto.repo.createRecord": self._create,
            "com.atproto.repo.listRecords": self._records,
            "com.atproto.repo.getRecord": self._one,
            "app.bsky.feed.searchPosts": self._search,
            "app.bsky.feed.getPosts": self._posts,
            "app.bsky.feed.getPostThread": self._thread,
            "app.bsky.notification.listNotifications": self._notifications,
            "chat.bsky.convo.listConvos": self._convos,
            "chat.bsky.convo.getConvo": lambda asked: JSONResponse({"convo": self._convo(asked["convoId"])}),
            "chat.bsky.convo.getMessages": self._messages,
            "chat.bsky.convo.getLog": self._log,
            "chat.bsky.convo.sendMessage": self._send,
        }
        answer = answers.get(method)
        return answer(given) if answer else _refused(404, "XRPCNotSupported", "Method Not Implemented")

    def _not_let_in(self, token: str) -> Response | None:
        if not token:
            return _refused(401, "AuthMissing", "Authentication Required")
        if token not in self._ends:
            return _refused(400, "InvalidToken", "Token could not be verified")
        return _refused(400, "ExpiredToken", "Token has expired") if self._ends[token] <= self.world.clock() else None

    def _open(self, given: Json) -> Response:
        if (given.get("identifier"), given.get("password")) != (ACCOUNT, TOKEN):
            return _refused(401, "AuthenticationRequired", "Invalid identifier or password")
        self.sessions += 1
        left = {"ratelimit-limit": "10", "ratelimit-remaining": str(max(0, 10 - self.sessions)), "ratelimit-policy": "10;w=86400"}
        reset = {"ratelimit-reset": str(int((self.world.clock() + timedelta(days=1)).timestamp()))}
        return JSONResponse(self._session(), headers=left | reset)

    def _renew(self, _given: Json) -> Response:
        return JSONResponse(self._session())

    def _session(self) -> Json:
        now, number = self.world.clock(), len(self._ends)
        access, refresh = _token(number, now + _LIVES), _token(number + 1, now + timedelta(days=60))
        self._ends |= {access: now + _LIVES, refresh: now + timedelta(days=60)}
        service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://puffball.example"}
        known = {"did": did(BRAND), "handle": ACCOUNT, "didDoc": {"id": did(BRAND), "service": [service]}}
        return known | {"accessJwt": access, "refreshJwt": refresh, "active": True}

    def _search(self, given: Json) -> Response:
        roots = [item for item in self.world.seen("bluesky") if item.parent is None]
        return self._listed(given, "posts", [self._view(item) for item in reversed(roots)])

    def _notifications(self, given: Json) -> Response:
        """List what mentions us or answers us; what others answer each other is not told."""
        told = [one for one in self.world.seen("bluesky.mention") if one.author != BRAND and (not one.parent or self._to_us(one))]
        told.sort(key=lambda item: (item.visible_at, item.number), reverse=True)
        return self._listed(given, "notifications", [self._notification(item) for item in told])

    def _to_us(self, item: Item) -> bool:
        return self.world.items[item.parent or ""].author == BRAND

    def _notification(self, item: Item) -> Json:
        view = self._view(item)
        kept = {name: view[name] for name in ("uri", "cid", "author", "record", "indexedAt")}
        return kept | {"reason": "reply" if item.parent else "mention", "isRead": False}

    def _listed(self, given: Json, name: str, views: Sequence[Json]) -> Response:
        """Page by an offset, as search does (recorded 2025)."""
        size, cursor = min(int(given.get("limit", 25)), 100), int(given.get("cursor", 0))
        start = 0 if self.mischief.on("endless") else max(0, cursor - 5) if self.mischief.on("overlap") else cursor
        body: Json = {name: views[start : start + size]}
        if self.mischief.on("endless") or start + size < len(views):
            body["cursor"] = str(cursor + size)
        return JSONResponse(
            body, headers={"ratelimit-limit": "3000", "ratelimit-remaining": "2990", "ratelimit-policy": "3000;w=300"}
        )

    def _posts(self, given: Json) -> Response:
        found = (self._find(wanted) for wanted in given["uris"][:25])
        return JSONResponse({"posts": [self._view(item) for item in found if item]})

    def _thread(self, given: Json) -> Response:
        item = self._find(given.get("uri", ""))
        if item is None:
            return _refused(400, "NotFound", f"Post not found: {given.get('uri')}")
        return JSONResponse({"thread": self._node(item, int(given.get("depth", 6)))})

    def _node(self, item: Item, depth: int) -> Json:
        below = [one for one in self.world.thread(item.root) if one.parent == item.key]
        node: Json = {"$type": "app.bsky.feed.defs#threadViewPost", "post": self._view(item)}
        return node | ({"replies": [self._node(one, depth - 1) for one in below]} if depth else {})

    def _find(self, uri: str) -> Item | None:
        return next((item for item in self.world.seen(*_PUBLIC) if self._uri(item) == uri), None)

    def _create(self, given: Json) -> Response:
        record = given.get("record", {})
        parent = self._find(record.get("reply", {}).get("parent", {}).get("uri", ""))
        root = self.world.items[parent.root] if parent else None
        if parent is None or root is None or record["reply"]["root"]["uri"] != self._uri(root):
            return _refused(400, "InvalidRequest", "Invalid app.bsky.feed.post record: reply")
        if len(record["text"]) > 300:
            return _refused(400, "InvalidRequest", "Record/text must not be longer than 300 graphemes")
        item = self.world.answer(parent, record["text"], "")
        return JSONResponse({"uri": self._uri(item), "cid": _cid(item), "validationStatus": "valid"})

    def _records(self, given: Json) -> Response:
        ours = [item for item in self.world.seen(*_PUBLIC) if item.author == BRAND]
        found = [{"uri": self._uri(item), "cid": _cid(item), "value": self._record(item)} for item in reversed(ours)]
        return JSONResponse({"records": found[: int(given.get("limit", 50))]})

    def _one(self, given: Json) -> Response:
        item = self._find(f"at://{given['repo']}/{given['collection']}/{given['rkey']}")
        if item is None:
            return _refused(400, "RecordNotFound", f"Could not locate record: {given['rkey']}")
        return JSONResponse(self._ref(item.key) | {"value": self._record(item)})

    def _uri(self, item: Item) -> str:
        return f"at://{did(item.author)}/app.bsky.feed.post/{_tid(item)}"

    def _ref(self, key: str) -> Json:
        item = self.world.items[key]
        return {"uri": self._uri(item), "cid": _cid(item)}

    def _record(self, item: Item) -> Json:
        record: Json = {"$type": "app.bsky.feed.post", "text": item.text_at(self.world.clock()), "langs": [item.language or "de"]}
        record["createdAt"] = self._iso(item.said_at)
        return record | ({"reply": {"root": self._ref(item.root), "parent": self._ref(item.parent)}} if item.parent else {})

    def _view(self, item: Item) -> Json:
        view = {
            "uri": self._uri(item),
            "cid": _cid(item),
            "author": _person(item.author, item.name),
            "record": self._record(item),
        }
        answers = sum(one.parent == item.key for one in self.world.thread(item.root))
        return view | {"replyCount": answers, "likeCount": 0, "indexedAt": self._iso(item.visible_at), "labels": []}

    def _iso(self, moment: datetime) -> str:
        moment += timedelta(seconds=self.mischief.amount("clock_skew"))
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _dialogues(self) -> dict[str, list[Item]]:
        """Return what was ever said in each conversation: one for each customer."""
        self.world.seen("bluesky.dm")
        said: dict[str, list[Item]] = {}
        for item in self.world.items.values():
            if item.channel == "bluesky.dm" and item.visible_at <= self.world.clock():
                said.setdefault(self._convo_id(item), []).append(item)
        return said

    def _convo_id(self, item: Item) -> str:
        return did(self.world.items[item.root].author)[-13:]

    def _convo(self, convo: str) -> Json:
        said = self._dialogues()[convo]
        people = {item.author: item.name for item in said} | {BRAND: ""}
        members = [_person(author, name) for author, name in people.items()]
        last = max(said, key=lambda item: (item.said_at, item.number))
        return {"id": convo, "rev": _rev(last), "members": members, "lastMessage": self._message(last), "unreadCount": 1}

    def _convos(self, given: Json) -> Response:
        convos = sorted((self._convo(convo) for convo in self._dialogues()), key=lambda one: str(one["rev"]), reverse=True)
        return self._listed(given, "convos", convos)

    def _messages(self, given: Json) -> Response:
        said = self._dialogues().get(given["convoId"])
        if said is None:
            return _refused(400, "InvalidConvo", "Convo not found")
        newest = sorted(said, key=lambda item: (item.said_at, item.number), reverse=True)
        return self._listed(given, "messages", [self._message(item) for item in newest])

    def _message(self, item: Item) -> Json:
        seen = item.seen(self.world.clock())
        view = {"id": _tid(item), "rev": _rev(item), "sender": {"did": did(item.author)}, "sentAt": self._iso(item.said_at)}
        view["$type"] = f"chat.bsky.convo.defs#{'messageView' if seen else 'deletedMessageView'}"
        return view | ({"text": item.text, "reactions": []} if seen else {})

    def _log(self, given: Json) -> Response:
        """Tell what happened after a place in the log; without one, only where the log stands (recorded 2025)."""
        events = sorted(self._events(), key=lambda event: str(event["rev"]))
        if "cursor" not in given:
            return JSONResponse({"cursor": events[-1]["rev"] if events else "0", "logs": []})
        start = sum(event["rev"] <= given["cursor"] for event in events)
        start = 0 if self.mischief.on("endless") else max(0, start - 5) if self.mischief.on("overlap") else start
        page = events[start : start + 100]
        return JSONResponse({"cursor": page[-1]["rev"] if page else given["cursor"], "logs": page})

    def _events(self) -> list[Json]:
        events: list[Json] = []
        for convo, said in self._dialogues().items():
            for item in said:
                event = {"convoId": convo, "message": self._message(item)}
                events.append(event | {"$type": "chat.bsky.convo.defs#logCreateMessage", "rev": _rev(item)})
                if item.deleted_at and item.deleted_at <= self.world.clock():
                    rev = f"{item.deleted_at.timestamp():016.3f}-{item.number:06d}-1"
                    events.append(event | {"$type": "chat.bsky.convo.defs#logDeleteMessage", "rev": rev})
        return events

    def _send(self, given: Json) -> Response:
        said = self._dialogues().get(given.get("convoId", ""))
        if said is None:
            return _refused(400, "InvalidConvo", "Convo not found")
        return JSONResponse(self._message(self.world.answer(said[-1], given["message"]["text"], "")))


def did(author: str) -> str:
    """Return an account's lasting id."""
    number = sum(ord(letter) * 131**place for place, letter in enumerate(author or "?"))
    return "did:plc:" + "".join(_ALPHABET[(number >> shift) % 32] for shift in range(24))


def _tid(item: Item) -> str:
    number = (int(item.said_at.timestamp() * 1_000_000) << 10) | (item.number & 1023)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(60, -1, -5))


def _rev(item: Item) -> str:
    return f"{item.visible_at.timestamp():016.3f}-{item.number:06d}-0"


def _cid(item: Item) -> str:
    return f"bafyrei{item.number:052d}"


def _person(author: str, name: str) -> Json:
    """Return a profile; an account that left has no name any more."""
    if not author:
        return {"did": did(author), "handle": "handle.invalid"}
    return {
        "did": did(author),
        "handle": ACCOUNT if author == BRAND else f"{author}.bsky.social",
        "displayName": name or author.title(),
    }


def _token(number: int, ends: datetime) -> str:
    middle = base64.urlsafe_b64encode(json.dumps({"exp": int(ends.timestamp()), "jti": number}).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{middle}.sandbox"


def _refused(status: int, error: str, message: str) -> Response:
    return JSONResponse({"error": error, "message": message}, status)
