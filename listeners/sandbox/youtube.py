"""The sandbox's YouTube: threads of comments with a few of their answers, the rest of the answers, channels and answering."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox import google
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import BRAND, TOKEN, Item, World

VIDEO = "kastanienAbc"
"""The video of everything that names no other (an item's title is its video)."""
SILENT = "schweigenAbc"
"""A video on which comments are switched off."""
_INLINE = 5


def channel_of(author: str) -> str:
    """Return the id of somebody's channel."""
    return "UC" + f"{author.encode().hex()[:22]:0<22}"


CHANNEL = channel_of(BRAND)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Part:
    """Routes below ``/youtube``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            google.token_route(),
            Route("/commentThreads", self._let_in(self._threads)),
            Route("/comments", self._let_in(self._comments)),
            Route("/comments", self._let_in(self._answer), methods=["POST"]),
            Route("/channels", self._let_in(self._channels)),
            Route("/videos", self._let_in(self._videos)),
        ]

    @staticmethod
    def _let_in(answer: Callable[..., Any]) -> Callable[..., Any]:
        async def checked(request: Request) -> Response:
            if "authorization" in request.headers and not google.signed_in(request):
                return google.refusal(401, "authError", "Invalid Credentials")
            if not google.signed_in(request) and request.headers.get("x-goog-api-key") != TOKEN:
                return google.refusal(400, "keyInvalid", "Bad Request")
            response: Response = await answer(request)
            return response

        return checked

    def _said(self) -> list[Item]:
        return self.world.seen("youtube")

    async def _threads(self, request: Request) -> Response:
        video = request.query_params.get("videoId", "")
        if video == SILENT:
            return google.refusal(403, "commentsDisabled", "The video identified by the videoId parameter has disabled comments.")
        if not video and request.query_params.get("allThreadsRelatedToChannelId") != CHANNEL:
            return google.refusal(404, "channelNotFound")
        roots = [item for item in self._said() if item.parent is None and (not video or (item.title or VIDEO) == video)]
        page, following = self._cut(request, roots[::-1])
        return _listed("commentThread", [self._thread(item) for item in page], following)

    async def _comments(self, request: Request) -> Response:
        query = request.query_params
        if "id" in query:
            wanted = set(query["id"].split(","))
            return _listed("comment", [self._comment(item) for item in self._said() if self._id(item) in wanted], "")
        thread = self._find(query.get("parentId", ""))
        if thread is None:
            return google.refusal(404, "commentNotFound")
        page, following = self._cut(request, self._answers(thread))
        return _listed("comment", [self._comment(item) for item in page], following)

    async def _answer(self, request: Request) -> Response:
        if not google.signed_in(request):
            return google.refusal(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
        snippet = (await request.json())["snippet"]
        parent = self._find(snippet["parentId"])
        if parent is None:
            return google.refusal(404, "parentCommentNotFound")
        if not snippet.get("textOriginal"):
            return google.refusal(400, "commentTextRequired")
        return JSONResponse(self._comment(self.world.answer(parent, snippet["textOriginal"], "")))

    async def _channels(self, request: Request) -> Response:
        query = request.query_params
        ours = query.get("id") == CHANNEL or query.get("forHandle") == f"@{BRAND}" or query.get("mine") == "true"
        about = {"title": "Kastanie Möbel", "customUrl": f"@{BRAND}", "publishedAt": "2019-01-01T00:00:00Z"}
        return _listed("channel", [{"kind": "youtube#channel", "id": CHANNEL, "snippet": about}] if ours else [], "")

    async def _videos(self, request: Request) -> Response:
        ids = [one for one in request.query_params.get("id", "").split(",") if one in (VIDEO, SILENT)]
        return _listed(
            "video", [{"id": one, "snippet": {"title": "Der Tisch Kastanie", "channelId": CHANNEL}} for one in ids], ""
        )

    def _cut(self, request: Request, items: Sequence[Item]) -> tuple[Sequence[Item], str]:
        """Return a page and the token of the next one; tokens are opaque, they hide an offset."""
        size, token = min(int(request.query_params.get("maxResults", 20)), 100), request.query_params.get("pageToken")
        start = int(urlsafe_b64decode(token)) if token else 0
        if self.mischief.on("endless"):
            return items[:size], urlsafe_b64encode(str(start + size).encode()).decode()
        early = max(0, start - 5) if self.mischief.on("overlap") else start
        more = start + size < len(items)
        return items[early : start + size], urlsafe_b64encode(str(start + size).encode()).decode() if more else ""

    def _find(self, comment_id: str) -> Item | None:
        return next((item for item in self._said() if self._id(item) == comment_id), None)

    def _answers(self, root: Item) -> list[Item]:
        return [item for item in self.world.thread(root.root) if item.parent]

    def _id(self, item: Item) -> str:
        root = self.world.items[item.root]
        start = f"Ug{root.number:06x}abcdefgh4AaABAg"
        return start if root is item else f"{start}.{item.number:06x}9iPXEClD9lW"

    def _thread(self, item: Item) -> dict[str, Any]:
        answers, first = self._answers(item), self._comment(item)
        video = item.title or VIDEO
        shown = {"replies": {"comments": [self._comment(one) for one in answers[:_INLINE]]}} if answers else {}
        first["snippet"] |= {"videoId": video, "channelId": CHANNEL}
        about = {"channelId": CHANNEL, "videoId": video, "topLevelComment": first, "canReply": True, "isPublic": True}
        return {
            "kind": "youtube#commentThread",
            "id": self._id(item),
            "snippet": about | {"totalReplyCount": len(answers)},
        } | shown

    def _comment(self, item: Item) -> dict[str, Any]:
        now, skew = self.world.clock(), timedelta(seconds=self.mischief.amount("clock_skew"))
        text = item.text_at(now)
        said: dict[str, Any] = {
            "authorDisplayName": f"@{item.author}" if item.author else "",
            "authorChannelUrl": f"http://www.youtube.com/@{item.author}" if item.author else "",
            "textDisplay": text,
            "textOriginal": text,
            "canRate": True,
            "likeCount": 0,
            "publishedAt": _iso(item.said_at + skew),
            "updatedAt": _iso((item.edited_at(now) or item.said_at) + skew),
        }
        said |= {"authorChannelId": {"value": channel_of(item.author)}} if item.author else {}
        said |= {"parentId": self._id(self.world.items[item.root])} if item.parent else {}
        return {"kind": "youtube#comment", "id": self._id(item), "snippet": said}


def _listed(kind: str, items: Sequence[Any], following: str) -> Response:
    body: dict[str, Any] = {"kind": f"youtube#{kind}ListResponse", "pageInfo": {"totalResults": len(items)}, "items": items}
    return JSONResponse(body | ({"nextPageToken": following} if following else {}))
