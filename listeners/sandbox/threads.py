"""The sandbox's Threads: an account's posts with answers at any depth, mentions, keyword search, and publishing in two steps."""

from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.graph import Graph, Json, missing, refused
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import BRAND, TOKEN, Item, World

HANDLE = "kastanie_moebel"
_OWN = 3
_FIRST_OWN = 18_000_000_000_000_000
_OWN_AGO = timedelta(days=40)
_CHANNELS = ("threads", "threads.mention", "threads.search")
_CHARACTERS = 500


class Part(Graph):
    """Routes below ``/threads``: what is said on the channel "threads" answers the account's own posts."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        super().__init__(world, mischief)
        self._began = world.clock()
        self._made: dict[str, Json] = {}

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/refresh_access_token", self.checked(self._refresh)),
            Route("/v1.0/me", self.checked(self._me)),
            Route("/v1.0/me/threads", self.checked(self._posts)),
            Route("/v1.0/me/threads", self.checked(self._make), methods=["POST"]),
            Route("/v1.0/me/threads_publish", self.checked(self._publish), methods=["POST"]),
            Route("/v1.0/me/replies", self.checked(self._ours)),
            Route("/v1.0/me/mentions", self.checked(self._mentions)),
            Route("/v1.0/keyword_search", self.checked(self._search)),
            Route("/v1.0/{id}/conversation", self.checked(self._conversation)),
            Route("/v1.0/{id}", self.checked(self._one)),
        ]

    async def _refresh(self, request: Request) -> Response:
        if request.query_params.get("grant_type") != "th_refresh_token":
            return refused(100, "Invalid grant_type")
        return JSONResponse({"access_token": f"{TOKEN}-new", "token_type": "bearer", "expires_in": 5_184_000})

    async def _me(self, _request: Request) -> Response:
        return JSONResponse({"id": "31415", "username": HANDLE, "name": "Kastanie Möbel"})

    async def _posts(self, request: Request) -> Response:
        return self.listed(request, [self._own_post(number) for number in range(_OWN)])

    def _own_post(self, number: int) -> Json:
        said_at = self._began - _OWN_AGO - timedelta(days=number)
        has_replies = any(self._own(item) == number for item in self.world.seen("threads"))
        return {"id": str(_FIRST_OWN + number), "timestamp": self.time(said_at), "username": HANDLE, "has_replies": has_replies}

    async def _conversation(self, request: Request) -> Response:
        number = int(request.path_params["id"]) - _FIRST_OWN
        found = [self._said(item) for item in reversed(self.world.seen("threads")) if self._own(item) == number]
        return self.listed(request, found)

    async def _mentions(self, request: Request) -> Response:
        found = [item for item in reversed(self.world.seen("threads.mention")) if not item.ours]
        return self.listed(request, [self._said(item) for item in found])

    async def _ours(self, request: Request) -> Response:
        return self.listed(request, [self._said(item) for item in reversed(self.world.seen(*_CHANNELS)) if item.ours])

    async def _search(self, request: Request) -> Response:
        since = datetime.fromtimestamp(float(request.query_params.get("since", "0")), self.world.clock().tzinfo)
        found = [item for item in reversed(self.world.seen("threads.search")) if item.said_at >= since and not item.ours]
        return self.listed(request, [self._said(item) for item in found])

    async def _make(self, request: Request) -> Response:
        body = await request.json()
        if not body.get("text") or len(body["text"]) > _CHARACTERS:
            return refused(100, "Param text must be at most 500 characters long.")
        if self._find(str(body.get("reply_to_id"))) is None:
            return missing(str(body.get("reply_to_id")))
        container = f"179{len(self._made):06d}"
        self._made[container] = body
        return JSONResponse({"id": container})

    async def _publish(self, request: Request) -> Response:
        made = self._made.pop(str((await request.json()).get("creation_id")), None)
        above = self._find(made["reply_to_id"]) if made else None
        if made is None or above is None:
            return refused(24, "The requested resource does not exist", 4279009)
        return JSONResponse({"id": _id(self.world.answer(above, made["text"], ""))})

    async def _one(self, request: Request) -> Response:
        wanted = request.path_params["id"]
        if 0 <= int(wanted) - _FIRST_OWN < _OWN:
            return JSONResponse(self._own_post(int(wanted) - _FIRST_OWN))
        item = self._find(wanted)
        return JSONResponse(self._said(item)) if item else missing(wanted)

    def _find(self, wanted: str) -> Item | None:
        return next((item for item in self.world.seen(*_CHANNELS) if _id(item) == wanted), None)

    def _said(self, item: Item) -> Json:
        text, mine = item.text_at(self.world.clock()), item.ours or item.author == BRAND
        name = HANDLE if mine else item.author
        said: Json = {
            "id": _id(item),
            "media_product_type": "THREADS",
            "media_type": "TEXT_POST",
            "timestamp": self.time(item.said_at),
            "permalink": f"https://www.threads.com/@{name}/post/{item.number}",
            "is_quote_post": False,
            "has_replies": any(one.parent == item.key for one in self.world.thread(item.root)),
        }
        said |= ({"text": text} if text else {}) | ({"username": name} if name else {})
        return said | self._place(item, mine)

    def _place(self, item: Item, mine: bool) -> Json:
        """Return what an answer answers, and the post above all."""
        above, root = self.world.items.get(item.parent or ""), self.world.items[item.root]
        if item.channel == "threads":
            post = str(_FIRST_OWN + self._own(item))
            up = _id(above) if above else post
            return {"is_reply": True, "is_reply_owned_by_me": mine, "root_post": {"id": post}, "replied_to": {"id": up}}
        if above is None:
            return {"is_reply": False}
        return {"is_reply": True, "is_reply_owned_by_me": mine, "root_post": {"id": _id(root)}, "replied_to": {"id": _id(above)}}

    def _own(self, item: Item) -> int:
        """Return below which of the account's posts something is said."""
        return self.world.items[item.root].number % _OWN


def _id(item: Item) -> str:
    return str(18_100_000_000_000_000 + item.number)
