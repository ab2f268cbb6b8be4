"""The sandbox's feeds: an Atom feed of 100 entries a page (RFC 5005), an RSS feed, and comment feeds as WordPress has them."""

import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import Item, World

SITE = "https://blog.kastanie.example"
_PAGE = 100
_OVERLAP = 5
_ATOM = (
    '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" '
    'xmlns:wfw="http://wellformedweb.org/CommentAPI/" xmlns:slash="http://purl.org/rss/1.0/modules/slash/" '
    'xmlns:thr="http://purl.org/syndication/thread/1.0" xmlns:odd="https://odd.example/">'
)
_RSS = (
    '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
    f"<title>Kastanie</title><link>{SITE}</link><description>Neues</description><language>de-DE</language>"
)


class Part:
    """Routes below ``/rss``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the feeds."""
        return [Route("/feed.xml", self._atom), Route("/feed.rss", self._rss), Route("/comments/{key}", self._comments)]

    async def _atom(self, request: Request) -> Response:
        newest = self._newest([item for item in self.world.seen("rss") if not item.parent])
        number = int(request.query_params.get("page", 1))
        start = 0 if self.mischief.on("endless") else (number - 1) * _PAGE
        start = max(0, start - _OVERLAP) if self.mischief.on("overlap") else start
        more = start + _PAGE < len(newest) or self.mischief.on("endless")
        following = f'<link rel="next" href="{SITE}/feed.xml?page={number + 1}"/>' if more else ""
        entries = "".join(self._entry(item) for item in newest[start : start + _PAGE])
        head = f"<title>Kastanie</title><id>{SITE}/feed.xml</id>{following}"
        return self._conditional(request, f"{_ATOM}{head}{entries}</feed>")

    async def _comments(self, request: Request) -> Response:
        items = self._newest([item for item in self.world.thread(request.path_params["key"]) if item.parent])
        return self._conditional(request, _ATOM + "<title>Kommentare</title>" + "".join(map(self._entry, items)) + "</feed>")

    async def _rss(self, request: Request) -> Response:
        items = "".join(
            f"<item><title>{escape(item.title)}</title><description>{escape(self._html(item))}</description>"
            f"<link>{_address(item)}</link><pubDate>{format_datetime(self._shown(item.said_at))}</pubDate></item>"
            for item in self._newest(self.world.seen("rss"))[:_PAGE]
        )
        return self._conditional(request, f"{_RSS}{items}</channel></rss>")

    def _newest(self, items: list[Item]) -> list[Item]:
        return sorted(items, key=lambda item: (self._changed(item), item.number), reverse=True)

    def _changed(self, item: Item) -> datetime:
        return item.edited_at(self.world.clock()) or item.said_at

    def _shown(self, moment: datetime) -> datetime:
        return moment.astimezone(UTC) + timedelta(seconds=self.mischief.amount("clock_skew"))

    def _html(self, item: Item) -> str:
        parts = item.text_at(self.world.clock()).split("\n\n")
        return "".join(f"<p>{escape(part)}</p>" for part in parts).replace("\n", "<br/>")

    def _entry(self, item: Item) -> str:
        """Return an entry; with the address and the number of its comments where it can have some."""
        author = f"<author><name>{escape(item.name or item.author)}</name></author>" if item.author else ""
        content = f'<content type="html">{escape(self._html(item))}</content>' if item.text_at(self.world.clock()) else ""
        above = self.world.items.get(item.parent or "")
        answers = f'<thr:in-reply-to ref="{_address(above)}"/>' if above else ""
        below = sum(bool(one.parent) for one in self.world.thread(item.root))
        talk = f"<wfw:commentRss>{SITE}/comments/{item.key}</wfw:commentRss><slash:comments>{below}</slash:comments>"
        strange = "<odd:tomorrow>x</odd:tomorrow>" if self.mischief.on("unknown_fields") else ""
        return (
            f'<entry><id>{_address(item)}</id><title>{escape(item.title)}</title><link href="{_address(item)}"/>'
            f"<published>{self._shown(item.said_at).isoformat()}</published>"
            f"<updated>{self._shown(self._changed(item)).isoformat()}</updated>"
            f"{author}{content}{answers}{talk if not above else ''}{strange}</entry>"
        )

    @staticmethod
    def _conditional(request: Request, body: str) -> Response:
        """Answer, or say that nothing has changed (RFC 9110, 13.1.2)."""
        etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:16]}"'
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers={"etag": etag})
        return Response(body, media_type="application/xml", headers={"etag": etag})


def _address(item: Item) -> str:
    return f"{SITE}/{item.key}"
