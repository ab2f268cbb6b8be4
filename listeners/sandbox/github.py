"""The sandbox's GitHub: issues and pull requests, comments, discussions by GraphQL, limits, and answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import BRAND, TOKEN, Item, World

REPOSITORY = "kastanie/app"
PULL_REQUEST = "pull request"
"""An item with this title is a pull request."""
_FIRST = 1_300_000


class Part:
    """Routes below ``/github``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/user", self._user),
            Route("/rate_limit", self._rate_limit),
            Route("/repos/kastanie/app", self._repository),
            Route("/repos/kastanie/app/issues", self._issues),
            Route("/repos/kastanie/app/issues/comments", self._comments),
            Route("/repos/kastanie/app/issues/{number:int}/comments", self._below),
            Route("/repos/kastanie/app/issues/{number:int}/comments", self._answer, methods=["POST"]),
            Route("/graphql", self._graphql, methods=["POST"]),
        ]

    async def _user(self, request: Request) -> Response:
        return JSONResponse(_account(BRAND, ours=True)) if _is_us(request) else _bad_credentials()

    async def _rate_limit(self, _request: Request) -> Response:
        headers = {"github-authentication-token-expiration": "2027-03-01 12:00:00 UTC"}
        return JSONResponse({"resources": {"core": {"remaining": 4_999}}}, headers=headers)

    async def _repository(self, _request: Request) -> Response:
        threads = [item for item in self.world.seen("github") if not item.parent]
        return JSONResponse({"id": 1, "full_name": REPOSITORY, "open_issues_count": len(threads)})

    async def _issues(self, request: Request) -> Response:
        return self._listed(request, [item for item in self.world.seen("github") if not item.parent], self._issue)

    async def _comments(self, request: Request) -> Response:
        return self._listed(request, [item for item in self.world.seen("github") if item.parent], self._comment)

    async def _below(self, request: Request) -> Response:
        number = request.path_params["number"]
        items = [item for item in self.world.seen("github") if item.parent and self._number(item) == number]
        return self._listed(request, items, self._comment)

    async def _answer(self, request: Request) -> Response:
        if not _is_us(request):
            return _bad_credentials()
        text, number = (await request.json())["body"], request.path_params["number"]
        root = next((item for item in self.world.items.values() if not item.parent and self._number(item) == number), None)
        if root is None:
            return JSONResponse({"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}, 404)
        if not text.strip():
            return JSONResponse({"message": "Validation Failed", "errors": [{"code": "missing_field", "field": "body"}]}, 422)
        return JSONResponse(self._comment(self.world.answer(root, text, "")), 201)

    def _listed(self, request: Request, items: list[Item], show: Any) -> Response:
        """List by last change, the oldest first from ``since`` on, with a Link header."""
        if request.headers.get("authorization", f"Bearer {TOKEN}") != f"Bearer {TOKEN}":
            return _bad_credentials()
        asked = request.query_params
        size, page, since = int(asked.get("per_page", 30)), int(asked.get("page", 1)), asked.get("since", "")
        if self.mischief.on("endless"):
            page, since = 1, ""
        ordered = sorted(items, key=lambda item: (self._updated(item), item.number), reverse=asked.get("direction") == "desc")
        found = [item for item in ordered if self._iso(self._updated(item)) >= since]
        start = (page - 1) * size
        if self.mischief.on("overlap"):
            start = max(0, start - 4)
        headers = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4999"}
        if start + size < len(found):
            headers["link"] = f'<{request.url.include_query_params(page=page + 1)}>; rel="next"'
        return JSONResponse([show(item) for item in found[start : start + size]], headers=headers)

    def _updated(self, item: Item) -> datetime:
        """When an item was changed last; a comment changes its issue too."""
        now = self.world.clock()
        thread = self.world.thread(item.root) if not item.parent else [item]
        return max(one.edited_at(now) or one.said_at for one in (*thread, item))

    def _number(self, item: Item) -> int:
        return 1 + self.world.items[item.root].number

    def _issue(self, item: Item) -> dict[str, Any]:
        place = "pull" if item.title == PULL_REQUEST else "issues"
        address = f"https://github.com/{REPOSITORY}/{place}/{self._number(item)}"
        issue = self._said(item) | {"number": self._number(item), "title": item.title or "Es geht nicht", "state": "open"}
        more = {"pull_request": {"html_url": address}} if place == "pull" else {}
        return issue | more | {"html_url": address, "comments": len(self.world.thread(item.root)) - 1}

    def _comment(self, item: Item) -> dict[str, Any]:
        root = self.world.items[item.root]
        place = "pull" if root.title == PULL_REQUEST else "issues"
        address = f"https://github.com/{REPOSITORY}/{place}/{self._number(item)}#issuecomment-{_FIRST + item.number}"
        above = f"https://api.github.com/repos/{REPOSITORY}/issues/{self._number(item)}"
        return self._said(item) | {"html_url": address, "issue_url": above}

    def _said(self, item: Item) -> dict[str, Any]:
        return {
            "id": _FIRST + item.number,
            "user": _account(item.author, ours=item.ours) if item.author else None,
            "created_at": self._iso(item.said_at),
            "updated_at": self._iso(self._updated(item)),
            "author_association": "MEMBER" if item.ours else "NONE",
            "body": item.text_at(self.world.clock()) or None,
        }

    async def _graphql(self, request: Request) -> Response:
        if not _is_us(request):
            return _bad_credentials()
        body = await request.json()
        variables = body["variables"]
        if "addDiscussionComment" in body["query"]:
            return JSONResponse(self._add(variables["input"]))
        if "id" in variables:
            return JSONResponse({"data": {"node": {"comments": self._comments_of(variables["id"], variables.get("after"))}}})
        if f"{variables['owner']}/{variables['name']}" != REPOSITORY:
            errors = [{"type": "NOT_FOUND", "message": "Could not resolve to a Repository with that name."}]
            return JSONResponse({"data": {"repository": None}, "errors": errors})
        items = [item for item in self.world.seen("github.discussion") if not item.parent]
        newest = sorted(items, key=lambda item: (self._updated(item), item.number), reverse=True)
        return JSONResponse({"data": {"repository": {"discussions": self._page(newest, variables["after"], self._discussion)}}})

    def _page(self, items: list[Item], after: str | None, show: Any, size: int = 50) -> dict[str, Any]:
        start = 0 if self.mischief.on("endless") else int(after or 0)
        end = start + size
        if self.mischief.on("overlap"):
            start = max(0, start - 4)
        more = self.mischief.on("endless") or end < len(items)
        return {"pageInfo": {"hasNextPage": more, "endCursor": str(end)}, "nodes": [show(item) for item in items[start:end]]}

    def _discussion(self, item: Item) -> dict[str, Any]:
        more = {"number": self._number(item), "title": item.title or "Wie geht das?", "updatedAt": self._iso(self._updated(item))}
        return self._node(item) | more | {"comments": self._comments_of(_node_id(item), None)}

    def _comments_of(self, node_id: str, after: str | None) -> dict[str, Any]:
        root = next((item.key for item in self.world.items.values() if _node_id(item) == node_id), "")
        below = [item for item in self.world.thread(root) if item.parent == root]
        return self._page(below, after, lambda item: self._node(item) | {"replies": {"nodes": self._replies(item)}}, 5)

    def _replies(self, item: Item) -> list[dict[str, Any]]:
        return [self._node(one) for one in self.world.thread(item.root) if one.parent == item.key]

    def _node(self, item: Item) -> dict[str, Any]:
        now = self.world.clock()
        edited = item.edited_at(now)
        who = _account(item.author, ours=item.ours)
        shown = {"__typename": "User", "login": who["login"], "url": who["html_url"], "databaseId": who["id"]}
        return {
            "id": _node_id(item),
            "url": f"https://github.com/{REPOSITORY}/discussions/{self._number(item)}",
            "body": item.text_at(now),
            "createdAt": self._iso(item.said_at),
            "lastEditedAt": self._iso(edited) if edited else None,
            "authorAssociation": "MEMBER" if item.ours else "NONE",
            "viewerDidAuthor": item.ours,
            "author": shown if item.author else None,
        }

    def _add(self, given: dict[str, Any]) -> dict[str, Any]:
        above = given["replyToId"] or given["discussionId"]
        item = next((one for one in self.world.items.values() if _node_id(one) == above), None)
        if item is None or (item.parent and item.parent != item.root):
            message = "Parent comment is already in a thread, cannot reply to it"
            return {"data": {"addDiscussionComment": None}, "errors": [{"type": "UNPROCESSABLE", "message": message}]}
        made = self._node(self.world.answer(item, given["body"], ""))
        return {"data": {"addDiscussionComment": {"comment": {"id": made["id"], "url": made["url"]}}}}

    def _iso(self, moment: datetime) -> str:
        skewed = moment + timedelta(seconds=self.mischief.amount("clock_skew"))
        return skewed.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _node_id(item: Item) -> str:
    return f"{'DC' if item.parent else 'D'}_kw{item.number:06d}"


def _account(login: str, *, ours: bool = False) -> dict[str, Any]:
    number = 1 if ours else sum(ord(letter) * 31**place for place, letter in enumerate(login)) % 10**8
    kind = "Bot" if login.endswith("[bot]") else "User"
    return {"login": login, "id": number, "html_url": f"https://github.com/{login}", "type": kind}


def _is_us(request: Request) -> bool:
    return request.headers.get("authorization") == f"Bearer {TOKEN}"


def _bad_credentials() -> Response:
    return JSONResponse({"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}, 401)
