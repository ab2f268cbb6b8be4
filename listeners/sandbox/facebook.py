"""The sandbox's Facebook: a page with its feed, comments, recommendations and Messenger, as the Graph API sends them."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.graph import Graph, Json, missing, refused, user_id, who
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import Item, World

PAGE = "104512345678901"
_OWN = 3
_OWN_AGO = timedelta(days=40)
_COMMENTS, _MESSAGES = 25, 25
_NO_RATINGS_FROM = 22
_CHANNELS = ("facebook", "facebook.post", "facebook.tagged", "facebook.rating", "facebook.dm")


class Part(Graph):
    """Routes below ``/facebook``: what is said on the channel "facebook" is said below the page's own posts."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        super().__init__(world, mischief)
        self._began = world.clock()

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/{version}/debug_token", self.checked(self._debug)),
            Route("/{version}/{page}/feed", self.checked(self._feed)),
            Route("/{version}/{page}/tagged", self.checked(self._tagged)),
            Route("/{version}/{page}/ratings", self.checked(self._ratings)),
            Route("/{version}/{page}/conversations", self.checked(self._conversations)),
            Route("/{version}/{page}/messages", self.checked(self._send), methods=["POST"]),
            Route("/{version}/{id}/messages", self.checked(self._dialogue)),
            Route("/{version}/{id}/comments", self.checked(self._comments)),
            Route("/{version}/{id}/comments", self.checked(self._answer), methods=["POST"]),
            Route("/{version}/{id}", self.checked(self._one)),
        ]

    async def _debug(self, _request: Request) -> Response:
        ends = int((self.world.clock() + timedelta(days=90)).timestamp())
        return JSONResponse({"data": {"type": "PAGE", "is_valid": True, "expires_at": 0, "data_access_expires_at": ends}})

    async def _feed(self, request: Request) -> Response:
        theirs = [self._post(request, item) for item in self._roots("facebook.post")]
        ours = [self._own_post(request, number) for number in range(_OWN)]
        return self.listed(request, theirs + ours)

    async def _tagged(self, request: Request) -> Response:
        return self.listed(request, [self._post(request, item) for item in self._roots("facebook.tagged")])

    def _roots(self, channel: str) -> list[Item]:
        return [item for item in reversed(self.world.seen(channel)) if not item.parent]

    def _own_post(self, request: Request, number: int) -> Json:
        said_at = self._began - _OWN_AGO - timedelta(days=number)
        post_id = f"{PAGE}_{500 + number}"
        below = [item for item in self.world.seen("facebook") if self._own(item) == number]
        us = {"id": PAGE, "name": "Kastanie Möbel"}
        post = {"id": post_id, "message": "Neu bei uns", "created_time": self.time(said_at), "from": us}
        return post | {"permalink_url": f"https://www.facebook.com/{post_id}"} | self._newest(request, post_id, below)

    def _post(self, request: Request, item: Item) -> Json:
        post_id = _id(item)
        post: Json = {
            "id": post_id,
            "created_time": self.time(item.said_at),
            "permalink_url": f"https://www.facebook.com/{post_id}",
        }
        below = [one for one in self.world.thread(item.root) if one is not item]
        return post | self._said(item) | self._newest(request, post_id, below)

    def _newest(self, request: Request, post_id: str, below: list[Item]) -> Json:
        """Return the newest comments, where they are asked for along with the post."""
        if "comments" not in request.query_params.get("fields", ""):
            return {}
        comments = [self._comment(item) for item in reversed(below)]
        path = f"{request.scope.get('root_path', '')}/{request.path_params['version']}/{post_id}/comments"
        more = {"fields": "id,message", "order": "reverse_chronological", "filter": "stream"}
        return {"comments": self.connection(request, path, comments, _COMMENTS, **more)} if comments else {}

    async def _comments(self, request: Request) -> Response:
        post_id = request.path_params["id"]
        own = {f"{PAGE}_{500 + number}": number for number in range(_OWN)}
        if post_id in own:
            below = [item for item in self.world.seen("facebook") if self._own(item) == own[post_id]]
        elif item := self._find(post_id):
            below = [one for one in self.world.thread(item.root) if one is not item]
        else:
            return missing(post_id)
        return self.listed(request, [self._comment(one) for one in reversed(below)])

    async def _answer(self, request: Request) -> Response:
        body = await request.json()
        item = self._find(request.path_params["id"])
        if item is None:
            return missing(request.path_params["id"])
        if not body.get("message"):
            return refused(100, "Missing message or attachment")
        sent = self._comment(self.world.answer(item, body["message"], ""))
        return JSONResponse({"id": sent["id"], "permalink_url": sent["permalink_url"]})

    async def _ratings(self, request: Request) -> Response:
        if float(request.path_params["version"].lstrip("v")) >= _NO_RATINGS_FROM:
            return refused(12, "ratings is deprecated for versions v22.0 and higher")
        return self.listed(request, [self._rating(item) for item in self._roots("facebook.rating")])

    def _rating(self, item: Item) -> Json:
        rating: Json = {
            "created_time": self.time(item.said_at),
            "recommendation_type": "positive" if (item.stars or 1) > 2 else "negative",
            "open_graph_story": {"id": _id(item)},
        }
        text = item.text_at(self.world.clock())
        return rating | ({"review_text": text} if text else {}) | ({"reviewer": who(item, PAGE)} if item.author else {})

    async def _conversations(self, request: Request) -> Response:
        wanted = request.query_params.get("user_id")
        found = []
        for customer, messages in self.dialogues("facebook.dm").items():
            if wanted in (None, user_id(customer)):
                number = f"t_{user_id(customer)}"
                path = f"{request.scope.get('root_path', '')}/{request.path_params['version']}/{number}/messages"
                said = [self._message(item) for item in messages]
                changed = self.time(messages[0].said_at)
                inside = self.connection(request, path, said, _MESSAGES, fields="id,message")
                found.append({"id": number, "updated_time": changed, "messages": inside})
        return self.listed(request, found)

    async def _dialogue(self, request: Request) -> Response:
        customers = {f"t_{user_id(customer)}": messages for customer, messages in self.dialogues("facebook.dm").items()}
        return self.listed(request, [self._message(item) for item in customers.get(request.path_params["id"], [])])

    async def _send(self, request: Request) -> Response:
        return await self.send(request, "facebook.dm", _id)

    async def _one(self, request: Request) -> Response:
        wanted = request.path_params["id"]
        if wanted == PAGE:
            return JSONResponse({"id": PAGE, "name": "Kastanie Möbel", "username": "kastanie"})
        item = self._find(wanted)
        if item is None:
            return missing(wanted)
        return JSONResponse(self._message(item) if item.channel == "facebook.dm" else {"id": wanted})

    def _find(self, wanted: str) -> Item | None:
        return next((item for item in self.world.seen(*_CHANNELS) if self._number(item) == wanted), None)

    def _comment(self, item: Item) -> Json:
        above = self.world.items.get(item.parent or "")
        comment: Json = {"id": self._number(item), "created_time": self.time(item.said_at)}
        if above and (above.parent or item.channel == "facebook"):
            higher = self.world.items.get(above.parent or "")
            top = higher and (higher.parent or item.channel == "facebook")
            comment["parent"] = {"id": self._number(above)} | ({"parent": {"id": self._number(higher)}} if higher and top else {})
        comment["permalink_url"] = f"https://www.facebook.com/{PAGE}/posts/{comment['id']}"
        return comment | self._said(item)

    def _message(self, item: Item) -> Json:
        author = self.world.items[item.root].author
        customer = {"id": user_id(author), "name": author or "Facebook user"}
        us = {"id": PAGE, "name": "Kastanie Möbel"}
        message: Json = {"id": _id(item), "created_time": self.time(item.said_at)}
        message |= {"from": us, "to": {"data": [customer]}} if item.ours else {"from": customer, "to": {"data": [us]}}
        return message | {"message": item.text_at(self.world.clock())}

    def _said(self, item: Item) -> Json:
        """Return words and author, where there are any."""
        text, author = item.text_at(self.world.clock()), who(item, PAGE)
        return ({"message": text} if text else {}) | ({"from": author} if author else {})

    def _own(self, item: Item) -> int:
        """Return below which of the page's posts something is said."""
        return self.world.items[item.root].number % _OWN

    def _number(self, item: Item) -> str:
        if item.channel == "facebook":
            return f"{500 + self._own(item)}_{900_000 + item.number}"
        return _id(item) if not item.parent or item.channel == "facebook.dm" else f"{self._root(item)}_{900_000 + item.number}"

    def _root(self, item: Item) -> int:
        return 700_000 + self.world.items[item.root].number


def _id(item: Item) -> str:
    """Return the id of what stands alone: a post, the story of a recommendation, a message."""
    if item.channel == "facebook.dm":
        return f"m_{item.number:08d}"
    if item.channel == "facebook.rating":
        return str(700_000 + item.number)
    return f"{user_id(item.author) if item.channel == 'facebook.tagged' else PAGE}_{700_000 + item.number}"
