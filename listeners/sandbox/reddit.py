"""The sandbox's Reddit: tokens, listings, threads, an inbox, modmail, and answers, in the shapes that PRAW reads."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import BRAND, TOKEN, Item, World

_LIVES = timedelta(hours=24)
_MAIL = "reddit.modmail"


class Part:
    """Routes below ``/reddit``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief
        self.tokens: dict[str, datetime] = {}
        """The tokens that were given, with when they end."""

    def routes(self) -> list[Route]:
        """Return the endpoints that PRAW asks."""
        return [
            Route("/api/v1/access_token", self._token, methods=["POST"]),
            Route("/api/v1/me", self._let_in(self._me)),
            Route("/r/{name}/new", self._let_in(self._posts)),
            Route("/r/{name}/new/", self._let_in(self._posts)),
            Route("/r/{name}/comments/", self._let_in(self._comments)),
            Route("/r/{name}/search/", self._let_in(self._search)),
            Route("/comments/{id}/", self._let_in(self._thread)),
            Route("/message/inbox/", self._let_in(self._inbox)),
            Route("/message/sent/", self._let_in(self._sent)),
            Route("/user/{name}/comments", self._let_in(self._said)),
            Route("/api/comment/", self._let_in(self._answer), methods=["POST"]),
            Route("/api/mod/conversations/", self._let_in(self._conversations)),
            Route("/api/mod/conversations/{id}", self._let_in(self._conversation), methods=["GET", "POST"]),
        ]

    async def _token(self, request: Request) -> Response:
        user, _, password = base64.b64decode(request.headers.get("authorization", "")[6:]).decode().partition(":")
        form = await request.form()
        given = str(form.get("refresh_token") or form.get("password") or TOKEN)
        if not user or password != TOKEN:
            return JSONResponse({"message": "Unauthorized", "error": 401}, 401)
        if given != TOKEN:
            return JSONResponse({"error": "invalid_grant"}, 400)
        token = f"token-{len(self.tokens) + 1}"
        self.tokens[token] = self.world.clock() + _LIVES
        scope = {"access_token": token, "token_type": "bearer", "expires_in": int(_LIVES.total_seconds()), "scope": "*"}
        return JSONResponse(scope)

    def _let_in(self, answer: Callable[..., Any]) -> Callable[..., Any]:
        async def checked(request: Request) -> Response:
            ends = self.tokens.get(request.headers.get("authorization", "").partition(" ")[2])
            if ends is None or ends <= self.world.clock():
                headers = {"www-authenticate": 'Bearer realm="reddit", error="invalid_token"'}
                return JSONResponse({"message": "Unauthorized", "error": 401}, 401, headers)
            response: Response = await answer(request)
            response.headers.update({"x-ratelimit-remaining": "599.0", "x-ratelimit-reset": "323", "x-ratelimit-used": "1"})
            return response

        return checked

    async def _me(self, _request: Request) -> Response:
        return JSONResponse({"id": "k1", "name": BRAND, "link_karma": 1, "comment_karma": 1})

    async def _posts(self, request: Request) -> Response:
        if request.path_params["name"] == "nowhere":  # Reddit sends an unknown name to its search of subreddits
            there = {"kind": "t5", "data": {"id": "x", "display_name": "somewhere", "name": "t5_x", "created_utc": 1.0}}
            return JSONResponse(_listing([there], None))
        return self._listed(request, [item for item in self.world.seen("reddit") if not item.parent], self._post)

    async def _comments(self, request: Request) -> Response:
        return self._listed(request, [item for item in self.world.seen("reddit") if item.parent], self._comment)

    async def _search(self, request: Request) -> Response:
        return await self._posts(request)

    async def _thread(self, request: Request) -> Response:
        root = next((item for item in self.world.seen("reddit") if _id(item) == request.path_params["id"]), None)
        if root is None:
            return JSONResponse({"message": "Not Found", "error": 404}, 404)
        return JSONResponse([_listing([self._post(root)], None), _listing(self._below(root.key, root.root), None)])

    def _below(self, key: str, root: str) -> list[dict[str, Any]]:
        found = []
        for item in [one for one in self.world.thread(root) if one.parent == key][::-1]:
            comment, below = self._comment(item), self._below(item.key, root)
            comment["data"]["replies"] = _listing(below, None) if below else ""
            found.append(comment)
        return found

    async def _inbox(self, request: Request) -> Response:
        answers = [one for one in self.world.seen("reddit.mention") if not one.ours]
        messages = [one for one in self.world.seen("reddit.dm") if not one.ours]
        both = sorted([*answers, *messages], key=lambda item: (item.said_at, item.number))
        return self._listed(
            request, both, lambda item: self._message(item) if item.channel == "reddit.dm" else self._notice(item)
        )

    async def _sent(self, request: Request) -> Response:
        return self._listed(request, [item for item in self.world.seen("reddit.dm") if item.ours], self._message)

    async def _said(self, request: Request) -> Response:
        items = [item for item in self.world.seen("reddit", "reddit.mention") if item.author == request.path_params["name"]]
        return self._listed(request, [item for item in items if item.parent], self._comment)

    async def _answer(self, request: Request) -> Response:
        form = await request.form()
        above = next((one for one in self.world.items.values() if _fullname(one) == form["thing_id"]), None)
        if above is None or not above.seen(self.world.clock()):
            return _errors("DELETED_COMMENT", "that comment has been deleted")
        if not str(form["text"]).strip():
            return _errors("NO_TEXT", "we need something here")
        made = self.world.answer(above, str(form["text"]), "")
        thing = self._message(made) if made.channel == "reddit.dm" else self._comment(made)
        return JSONResponse({"json": {"errors": [], "data": {"things": [thing]}}})

    async def _conversations(self, request: Request) -> Response:
        """List by last message; those of one message come with it, others must be asked for."""
        roots = [item for item in self.world.seen(_MAIL) if not item.parent]
        newest = sorted(roots, key=lambda item: (self.world.thread(item.root)[-1].said_at, item.number), reverse=True)
        start = self._start(request, [_id(item) for item in newest])
        some = newest[start : start + min(int(request.query_params.get("limit", 25)), 100)]
        shown = [self._mail(item) for item in some]
        return JSONResponse(
            {
                "conversationIds": [_id(item) for item in some],
                "conversations": {one["conversation"]["id"]: _short(one["conversation"]) for one in shown},
                "messages": {key: said for one in shown for key, said in list(one["messages"].items())[-1:]},
                "viewerId": "t2_k1",
            }
        )

    async def _conversation(self, request: Request) -> Response:
        root = next((one for one in self.world.seen(_MAIL) if _id(one) == request.path_params["id"] and not one.parent), None)
        if root is None:
            return JSONResponse({"message": "Not Found", "error": 404}, 404)
        if request.method == "POST":
            self.world.answer(root, str((await request.form())["body"]), "")
        return JSONResponse(self._mail(root))

    def _mail(self, root: Item) -> dict[str, Any]:
        thread = self.world.thread(root.root)
        said = {
            _id(item): {
                "id": _id(item),
                "body": f"<p>{item.text}</p>",
                "bodyMarkdown": item.text_at(self.world.clock()),
                "date": self._time(item.said_at).isoformat(),
                "isInternal": item.title == "note",
                "author": _moderated(item),
            }
            for item in thread
        }
        conversation = {
            "id": _id(root),
            "subject": root.title or "An die Moderation",
            "isInternal": False,
            "isAuto": False,
            "objIds": [{"id": key, "key": "messages"} for key in said],
            "lastUpdated": self._time(thread[-1].said_at).isoformat(),
            "numMessages": len(said),
            "authors": [_moderated(item) for item in thread],
            "owner": {"displayName": BRAND, "type": "subreddit", "id": "t5_k"},
            "participant": _moderated(root),
            "legacyFirstMessageId": "x",
            "state": 1,
        }
        return {"conversation": conversation, "messages": said, "modActions": {}}

    def _start(self, request: Request, names: list[str]) -> int:
        after = request.query_params.get("after", "")
        if self.mischief.on("endless") or after not in names:
            return 0
        return max(0, names.index(after) + 1 - (4 if self.mischief.on("overlap") else 0))

    def _listed(self, request: Request, items: list[Item], show: Callable[[Item], dict[str, Any]]) -> Response:
        newest = items[::-1][:1_000]
        start = self._start(request, [_fullname(item) for item in newest])
        end = start + min(int(request.query_params.get("limit", 25)), 100)
        more = self.mischief.on("endless") or end < len(newest)
        after = _fullname(newest[min(end, len(newest)) - 1]) if newest and more else None
        return JSONResponse(_listing([show(item) for item in newest[start:end]], after))

    def _time(self, moment: datetime) -> datetime:
        return moment.astimezone(UTC) + timedelta(seconds=self.mischief.amount("clock_skew"))

    def _common(self, item: Item) -> dict[str, Any]:
        now = self.world.clock()
        edited = item.edited_at(now)
        return {
            "id": _id(item),
            "name": _fullname(item),
            "author": item.author or "[deleted]",
            "subreddit": BRAND,
            "created_utc": self._time(item.said_at).timestamp(),
            "edited": self._time(edited).timestamp() if edited else False,
            "distinguished": None,
        } | ({"author_fullname": f"t2_{item.author}"} if item.author else {})

    def _post(self, item: Item) -> dict[str, Any]:
        link = f"/r/{BRAND}/comments/{_id(item)}/kastanie/"
        said = {"title": item.title or "Frage", "selftext": item.text_at(self.world.clock()), "is_self": True, "permalink": link}
        more = {"url": f"https://www.reddit.com{link}", "num_comments": len(self.world.thread(item.root)) - 1}
        return {"kind": "t3", "data": self._common(item) | said | more | {"subreddit_subscribers": 1234}}

    def _comment(self, item: Item) -> dict[str, Any]:
        root, parent = self.world.items[item.root], self.world.items[item.parent or item.root]
        link = f"/r/{BRAND}/comments/{_id(root)}/kastanie/{_id(item)}/"
        said = {"body": item.text_at(self.world.clock()), "link_id": f"t3_{_id(root)}", "parent_id": _above(parent)}
        return {"kind": "t1", "data": self._common(item) | said | {"permalink": link, "replies": ""}}

    def _notice(self, item: Item) -> dict[str, Any]:
        """Return a comment as an inbox shows it: without the post's id."""
        comment = self._comment(item)
        data = {key: value for key, value in comment["data"].items() if key not in ("link_id", "permalink", "edited")}
        context = f"{comment['data']['permalink']}?context=3"
        return {"kind": "t1", "data": data | {"context": context, "was_comment": True, "subject": "comment reply"}}

    def _message(self, item: Item) -> dict[str, Any]:
        root, parent = self.world.items[item.root], self.world.items.get(item.parent or "")
        data = {key: value for key, value in self._common(item).items() if key != "edited"} | {"subreddit": None}
        said = {"subject": root.title or "Hallo", "body": item.text_at(self.world.clock()), "was_comment": False, "context": ""}
        more = {"parent_id": _fullname(parent) if parent else None, "first_message_name": _fullname(root) if parent else None}
        return {"kind": "t4", "data": data | said | more | {"dest": "x" if item.ours else BRAND, "replies": ""}}


def _short(conversation: dict[str, Any]) -> dict[str, Any]:
    """Return a conversation as a list of them shows it: with its last message only."""
    return conversation | {"objIds": conversation["objIds"][-1:]}


def _id(item: Item) -> str:
    return f"k{item.number:05d}"


def _fullname(item: Item) -> str:
    kind = "t4" if item.channel == "reddit.dm" else "t1" if item.parent or item.channel == "reddit.mention" else "t3"
    return f"{kind}_{_id(item)}"


def _above(parent: Item) -> str:
    return _fullname(parent) if parent.channel != "reddit.mention" else f"{'t1' if parent.parent else 't3'}_{_id(parent)}"


def _moderated(item: Item) -> dict[str, Any]:
    name = item.author or "[deleted]"
    return {
        "name": name,
        "id": item.number,
        "isMod": item.ours,
        "isAdmin": False,
        "isDeleted": not item.author,
        "isOp": not item.ours,
    }


def _listing(children: list[dict[str, Any]], after: str | None) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"after": after, "before": None, "dist": len(children), "children": children}}


def _errors(kind: str, message: str) -> Response:
    return JSONResponse({"json": {"errors": [[kind, message, "text"]]}})
