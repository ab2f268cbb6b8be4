"""The sandbox's LinkedIn: one page with a post, the comments below it, what mentions it, and its notifications."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import TOKEN, Item, World

ORGANIZATION = "96072893"
PAGE = f"urn:li:organization:{ORGANIZATION}"
SHARE, ACTIVITY = "urn:li:share:7094637247487995904", "urn:li:activity:7094637247890620418"
VERSIONS = ("202604", "202607")


class Part:
    """Routes below ``/linkedin``. Comments are said on "linkedin", posts that mention the page on "linkedin.post"."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief
        self.posted_at = world.clock() - timedelta(days=25)

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/posts", self._let_in(self._posts)),
            Route("/posts/{urn}", self._let_in(self._post)),
            Route("/socialActions", self._let_in(self._summaries)),
            Route("/socialActions/{urn}", self._let_in(self._summary_of)),
            Route("/socialActions/{urn}/comments", self._let_in(self._comments)),
            Route("/socialActions/{urn}/comments", self._let_in(self._comment_on), methods=["POST"]),
            Route("/socialActions/{urn}/comments/{number}", self._let_in(self._one_comment)),
            Route("/organizationalEntityNotifications", self._let_in(self._notifications)),
            Route("/organizations/{id}", self._let_in(self._page)),
            Route("/oauth/v2/accessToken", self._token, methods=["POST"]),
            Route("/oauth/v2/introspectToken", self._introspected, methods=["POST"]),
        ]

    @staticmethod
    def _let_in(answer: Callable[..., Any]) -> Callable[..., Any]:
        async def checked(request: Request) -> Response:
            if request.headers.get("authorization") != f"Bearer {TOKEN}":
                return _refusal(401, "INVALID_ACCESS_TOKEN", "Invalid access token")
            version = request.headers.get("linkedin-version")
            if version not in VERSIONS:
                return _refusal(426, "NONEXISTENT_VERSION", f"Requested version {version} is not active")
            response: Response = await answer(request)
            return response

        return checked

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        if form.get("refresh_token") != TOKEN or form.get("client_secret") != TOKEN:
            return JSONResponse(
                {"error": "invalid_request", "error_description": "The provided authorization grant is invalid"}, 400
            )
        return JSONResponse({"access_token": TOKEN, "expires_in": 5_184_000, "refresh_token": TOKEN})

    async def _introspected(self, request: Request) -> Response:
        ends = self.world.clock() + timedelta(days=60)
        active = (await request.form()).get("token") == TOKEN
        return JSONResponse({"active": True, "expires_at": int(ends.timestamp())} if active else {"active": False})

    async def _posts(self, _request: Request) -> Response:
        made = _ms(self.posted_at)
        post = {"id": SHARE, "author": PAGE, "commentary": "Der Tisch Kastanie", "createdAt": made, "lastModifiedAt": made}
        return JSONResponse({"elements": [post], "paging": {"start": 0, "count": 100, "links": []}})

    async def _post(self, request: Request) -> Response:
        item = self._find(request.path_params["urn"], "linkedin.post")
        if item is None:
            return _refusal(404, "NOT_FOUND", "Not Found")
        return JSONResponse({"id": self._urn(item), "author": _person(item), "commentary": item.text_at(self.world.clock())})

    async def _summaries(self, request: Request) -> Response:
        urns = request.query_params["ids"].removeprefix("List(").removesuffix(")").split(",")
        return JSONResponse({"results": {urn: self._summary(self._below(urn)) for urn in urns if urn == SHARE}, "errors": {}})

    async def _summary_of(self, request: Request) -> Response:
        return JSONResponse(self._summary(self._below(request.path_params["urn"])))

    def _summary(self, comments: Sequence[Item]) -> dict[str, Any]:
        first = [item for item in comments if item.parent is None]
        counted = {"selectedComments": [], "totalFirstLevelComments": len(first), "aggregatedTotalComments": len(comments)}
        return {"commentsSummary": counted | {"commentsState": "OPEN"}, "likesSummary": {"totalLikes": 4}}

    def _below(self, urn: str) -> list[Item]:
        return self.world.seen("linkedin") if urn in (SHARE, ACTIVITY) else []

    def _by_numbers(self, urn: str, numbers: set[str]) -> dict[str, Any]:
        items = [item for item in self.world.seen("linkedin") if self._urn(item).startswith(f"urn:li:comment:({urn},")]
        return {self._number(item): self._comment(item) for item in items if self._number(item) in numbers}

    async def _one_comment(self, request: Request) -> Response:
        number = request.path_params["number"]
        found = self._by_numbers(request.path_params["urn"], {number})
        return JSONResponse(found[number]) if found else _refusal(404, "NOT_FOUND", "Not Found")

    async def _comments(self, request: Request) -> Response:
        urn = request.path_params["urn"]
        if "ids" in request.query_params:
            numbers = request.query_params["ids"].removeprefix("List(").removesuffix(")").split(",")
            return JSONResponse({"results": self._by_numbers(urn, set(numbers)), "errors": {}})
        if urn in (SHARE, ACTIVITY):
            found = [item for item in self.world.seen("linkedin") if item.parent is None]
        else:
            above = self._find(urn, "linkedin", "linkedin.post")
            if above is None:
                return _refusal(404, "NOT_FOUND", "Not Found")
            found = [item for item in self.world.thread(above.root) if item.parent]
        return self._listed(request, [self._comment(item) for item in found])

    async def _comment_on(self, request: Request) -> Response:
        body, urn = await request.json(), request.path_params["urn"]
        above = self._find(body.get("parentComment", urn), "linkedin", "linkedin.post")
        if above is None:
            return _refusal(404, "NOT_FOUND", "Not Found")
        if body.get("actor") != PAGE:
            return _refusal(403, "ACCESS_DENIED", "Unpermitted actor")
        if not 0 < len(body["message"]["text"]) <= 1250:
            return _refusal(400, "INVALID_REQUEST", "The text is too long")
        answer = self.world.answer(above, body["message"]["text"], "")
        answer.channel = "linkedin"
        return JSONResponse(self._comment(answer), 201, headers={"x-restli-id": self._number(answer)})

    async def _notifications(self, request: Request) -> Response:
        start, end = (part.partition(":")[2] for part in request.query_params["timeRange"].strip("()").split(","))
        items = self.world.seen("linkedin.post")
        found = [self._notification(item) for item in items[::-1]]
        return self._listed(request, [one for one in found if int(start) <= one["lastModifiedAt"] <= int(end)])

    async def _page(self, request: Request) -> Response:
        if request.path_params["id"] != ORGANIZATION:
            return _refusal(404, "NOT_FOUND", "Not Found")
        return JSONResponse({"id": int(ORGANIZATION), "localizedName": "Kastanie Möbel", "vanityName": "kastanie"})

    def _listed(self, request: Request, elements: Sequence[Any]) -> Response:
        start, count = int(request.query_params.get("start", 0)), min(int(request.query_params.get("count", 10)), 100)
        following = start + count
        if self.mischief.on("endless"):
            start = 0
        early = max(0, start - 5) if self.mischief.on("overlap") else start
        more = following < len(elements) or self.mischief.on("endless")
        links = [{"rel": "next", "href": f"{request.url.path}?start={following}&count={count}"}] if more else []
        paging = {"start": start, "count": count, "links": links, "total": len(elements)}
        return JSONResponse({"elements": list(elements[early : start + count]), "paging": paging})

    def _find(self, urn: str, *channels: str) -> Item | None:
        return next((item for item in self.world.seen(*channels) if self._urn(item) == urn), None)

    def _number(self, item: Item) -> str:
        """Return an item's number, which holds its time."""
        return str((_ms(item.said_at) << 22) | (item.number & 0x3FFFFF))

    def _urn(self, item: Item) -> str:
        if item.channel == "linkedin.post":
            return f"urn:li:share:{self._number(item)}"
        root = self.world.items[item.root]
        below = self._urn(root) if root.channel == "linkedin.post" else ACTIVITY
        return f"urn:li:comment:({below},{self._number(item)})"

    def _comment(self, item: Item) -> dict[str, Any]:
        now, skew = self.world.clock(), int(self.mischief.amount("clock_skew") * 1000)
        actor, below = PAGE if item.ours else _person(item), [one for one in self.world.thread(item.root) if one.parent]
        urn = self._urn(item)
        said: dict[str, Any] = {
            "actor": actor,
            "commentUrn": urn,
            "created": {"actor": actor, "time": _ms(item.said_at) + skew},
            "lastModified": {"actor": actor, "time": _ms(item.edited_at(now) or item.said_at) + skew},
            "id": self._number(item),
            "message": {"attributes": [], "text": item.text_at(now)},
            "object": urn.partition("(")[2].rpartition(",")[0],
        }
        if item.parent and self.world.items[item.root].channel == "linkedin":
            return said | {"parentComment": self._urn(self.world.items[item.root])}
        return said | ({"commentsSummary": self._summary(below)["commentsSummary"]} if below else {})

    def _notification(self, item: Item) -> dict[str, Any]:
        urn = self._urn(item)
        noted: dict[str, Any] = {
            "notificationId": item.number,
            "action": "SHARE_MENTION",
            "organizationalEntity": PAGE,
            "generatedActivity": urn,
            "sourcePost": urn,
            "lastModifiedAt": _ms(item.said_at) + int(self.mischief.amount("clock_skew") * 1000),
        }
        if item.title:  # notifications of old came bare
            return noted
        share = {"owner": _person(item), "text": item.text, "entity": urn, "mediaCategory": "NONE"}
        return noted | {"decoratedGeneratedActivity": {"share": share}}


def _person(item: Item) -> str | None:
    return f"urn:li:person:{item.author}" if item.author else None


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _refusal(status: int, code: str, message: str) -> Response:
    return JSONResponse({"status": status, "code": code, "message": message}, status)
