"""The sandbox's Instagram: an account's posts with comments, tags, mentions and direct messages, as the Graph API sends them."""

import re
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.graph import Graph, Json, missing, refused, user_id
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import BRAND, TOKEN, Item, World

ACCOUNT = "17841400000000001"
PAGE = "104512345678901"
HANDLE = "kastanie_moebel"
_OWN = 3
_OWN_AGO = timedelta(days=40)
_MOST = 50
_CHANNELS = ("instagram", "instagram.tagged", "instagram.mention", "instagram.dm")


class Part(Graph):
    """Routes below ``/instagram``: what is said on the channel "instagram" is said below the account's own posts."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        super().__init__(world, mischief)
        self._began = world.clock()
        self.token = TOKEN

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/refresh_access_token", self.checked(self._refresh)),
            Route("/{version}/debug_token", self.checked(self._debug)),
            Route("/{version}/{account}/media", self.checked(self._media)),
            Route("/{version}/{account}/tags", self.checked(self._tags)),
            Route("/{version}/{account}/conversations", self.checked(self._conversations)),
            Route("/{version}/{account}/messages", self.checked(self._send), methods=["POST"]),
            Route("/{version}/{account}/mentions", self.checked(self._answer_mention), methods=["POST"]),
            Route("/{version}/{id}/messages", self.checked(self._dialogue)),
            Route("/{version}/{id}/comments", self.checked(self._comments)),
            Route("/{version}/{id}/replies", self.checked(self._replies)),
            Route("/{version}/{id}/replies", self.checked(self._answer), methods=["POST"]),
            Route("/{version}/{id}", self.checked(self._one)),
        ]

    async def _refresh(self, request: Request) -> Response:
        if request.query_params.get("grant_type") != "ig_refresh_token":
            return refused(100, "Invalid grant_type")
        return JSONResponse({"access_token": f"{TOKEN}-new", "token_type": "bearer", "expires_in": 5_184_000})

    async def _debug(self, _request: Request) -> Response:
        ends = int((self.world.clock() + timedelta(days=90)).timestamp())
        return JSONResponse({"data": {"is_valid": True, "expires_at": 0, "data_access_expires_at": ends}})

    async def _media(self, request: Request) -> Response:
        return self.listed(request, [self._post(request, number) for number in range(_OWN)])

    def _post(self, request: Request, number: int) -> Json:
        post_id, said_at = f"{18_000_000_000_000_000 + number}", self._began - _OWN_AGO - timedelta(days=number)
        below = [item for item in self.world.seen("instagram") if self._own(item) == number]
        post: Json = {"id": post_id, "timestamp": self.time(said_at), "permalink": f"https://www.instagram.com/p/K{number}/"}
        post["comments_count"] = len(below)
        path = f"{request.scope.get('root_path', '')}/{request.path_params['version']}/{post_id}/comments"
        comments = [self._with_answers(request, item) for item in reversed(below) if not item.parent]
        inside = self.connection(request, path, comments, _MOST, fields="id,text,replies")
        return post | ({"comments": inside} if comments else {})

    async def _comments(self, request: Request) -> Response:
        number = int(request.path_params["id"]) - 18_000_000_000_000_000
        below = [item for item in self.world.seen("instagram") if self._own(item) == number and not item.parent]
        return self.listed(request, [self._with_answers(request, item) for item in reversed(below)], most=_MOST)

    def _with_answers(self, request: Request, item: Item) -> Json:
        comment = self._comment(item)
        path = f"{request.scope.get('root_path', '')}/{request.path_params['version']}/{comment['id']}/replies"
        answers = [self._comment(one) for one in reversed(self.world.thread(item.root)) if one is not item]
        return comment | ({"replies": self.connection(request, path, answers, _MOST, fields="id,text")} if answers else {})

    async def _replies(self, request: Request) -> Response:
        item = self._find(request.path_params["id"])
        if item is None:
            return missing(request.path_params["id"])
        return self.listed(request, [self._comment(one) for one in reversed(self.world.thread(item.root)) if one is not item])

    async def _answer(self, request: Request) -> Response:
        item, body = self._find(request.path_params["id"]), await request.json()
        if item is None or item.parent:  # only the first comment can be answered
            return missing(request.path_params["id"])
        return JSONResponse({"id": _id(self.world.answer(item, body["message"], ""))})

    async def _answer_mention(self, request: Request) -> Response:
        body = await request.json()
        item = self._find(str(body.get("comment_id") or body.get("media_id")))
        return JSONResponse({"id": _id(self.world.answer(item, body["message"], ""))}) if item else missing("mention")

    async def _tags(self, request: Request) -> Response:
        return self.listed(request, [self._tagged(item) for item in reversed(self.world.seen("instagram.tagged"))])

    def _tagged(self, item: Item) -> Json:
        text = item.text_at(self.world.clock())
        post: Json = {
            "id": _id(item),
            "timestamp": self.time(item.said_at),
            "permalink": f"https://www.instagram.com/p/T{item.number}/",
        }
        return post | ({"caption": text} if text else {}) | ({"username": item.author} if item.author else {})

    async def _conversations(self, request: Request) -> Response:
        wanted = request.query_params.get("user_id")
        found = []
        for customer, messages in self.dialogues("instagram.dm").items():
            if wanted in (None, user_id(customer)):
                number = f"aWdfdGhyZWFk{user_id(customer)}"
                path = f"{request.scope.get('root_path', '')}/{request.path_params['version']}/{number}/messages"
                inside = self.connection(request, path, [self._message(item) for item in messages], 25, fields="id,message")
                found.append({"id": number, "updated_time": self.time(messages[0].said_at), "messages": inside})
        return self.listed(request, found)

    async def _dialogue(self, request: Request) -> Response:
        customers = {f"aWdfdGhyZWFk{user_id(name)}": messages for name, messages in self.dialogues("instagram.dm").items()}
        return self.listed(request, [self._message(item) for item in customers.get(request.path_params["id"], [])])

    async def _send(self, request: Request) -> Response:
        return await self.send(request, "instagram.dm", _id)

    async def _one(self, request: Request) -> Response:
        wanted, fields = request.path_params["id"], request.query_params.get("fields", "")
        if mention := re.match(r"mentioned_(?:comment|media)\.(?:comment|media)_id\((\d+)\)", fields):
            return self._mentioned(mention[1], "comment" in fields.partition(".")[0])
        if wanted in ("me", ACCOUNT):
            return JSONResponse({"id": ACCOUNT, "username": HANDLE, "name": "Kastanie Möbel"})
        item = self._find(wanted)
        if item is None or item.channel == "instagram.mention":
            return missing(wanted)
        if item.channel == "instagram.dm":
            return JSONResponse(self._message(item))
        if item.channel == "instagram.tagged":
            return refused(100, "Tried accessing nonexisting field (text) on node type (ShadowIGMedia)")
        number = self._own(item)
        media = {"id": f"{18_000_000_000_000_000 + number}", "permalink": f"https://www.instagram.com/p/K{number}/"}
        return JSONResponse(self._comment(item) | {"media": media})

    def _mentioned(self, wanted: str, comment: bool) -> Response:
        item = self._find(wanted)
        if item is None or (item.channel == "instagram.mention") != comment:
            return missing(wanted)
        media = {"id": "18999", "permalink": "https://www.instagram.com/p/M/"}
        inside = (
            {"mentioned_comment": self._comment(item) | {"media": media}} if comment else {"mentioned_media": self._tagged(item)}
        )
        return JSONResponse(inside | {"id": ACCOUNT})

    def _find(self, wanted: str) -> Item | None:
        return next((item for item in self.world.seen(*_CHANNELS) if _id(item) == wanted), None)

    def _comment(self, item: Item) -> Json:
        text, who = item.text_at(self.world.clock()), _who(item)
        comment: Json = {"id": _id(item), "timestamp": self.time(item.said_at), "text": text}
        comment |= {"from": who, "username": who["username"]} if who else {}
        return comment | ({"parent_id": _id(self.world.items[item.root])} if item.parent else {})

    def _message(self, item: Item) -> Json:
        author = self.world.items[item.root].author
        customer = {"id": user_id(author), "username": author or "instagramuser"}
        us = {"id": ACCOUNT, "username": HANDLE}
        message: Json = {"id": _id(item), "created_time": self.time(item.said_at), "message": item.text_at(self.world.clock())}
        return message | ({"from": us, "to": {"data": [customer]}} if item.ours else {"from": customer, "to": {"data": [us]}})

    def _own(self, item: Item) -> int:
        """Return below which of the account's posts something is said."""
        return self.world.items[item.root].number % _OWN


def _who(item: Item) -> Json | None:
    if item.ours or item.author == BRAND:
        return {"id": ACCOUNT, "username": HANDLE}
    return {"id": user_id(item.author), "username": item.author} if item.author else None


def _id(item: Item) -> str:
    return f"aWdfZAG1f{item.number:08d}" if item.channel == "instagram.dm" else f"{17_900_000_000_000_000 + item.number}"
