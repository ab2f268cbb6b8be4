"""The sandbox's App Store: Apple's review feed per country, 50 on a page, the 500 newest."""

from datetime import timedelta, timezone
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import Item, World

_PAGE, _PAGES = 50, 10
_CUPERTINO = timezone(timedelta(hours=-7))
_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns:im="http://itunes.apple.com/rss" xmlns="http://www.w3.org/2005/Atom" '
    'xml:lang="{country}"><id>https://itunes.apple.com/{country}/rss/customerreviews</id>'
    "<title>iTunes Store: Customer Reviews</title>"
)


class Part:
    """Routes below ``/appstore``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoint that the listener asks."""
        return [Route("/{country}/rss/customerreviews/page={page:int}/id={app}/sortby=mostrecent/xml", self._feed)]

    async def _feed(self, request: Request) -> Response:
        country, number = request.path_params["country"], request.path_params["page"]
        if not 1 <= number <= _PAGES:
            return Response(status_code=400)
        now = self.world.clock()
        items = [item for item in self.world.seen("review") if item.country == country and not item.ours]
        newest = sorted(items, key=lambda item: (item.edited_at(now) or item.said_at, item.number), reverse=True)
        start = 0 if self.mischief.on("endless") else (number - 1) * _PAGE
        if self.mischief.on("overlap"):
            start = max(0, start - 5)
        entries = "".join(self._entry(item, country, request.path_params["app"]) for item in newest[start : start + _PAGE])
        return Response(_HEAD.format(country=country) + entries + "</feed>", media_type="text/xml")

    def _entry(self, item: Item, country: str, app: str) -> str:
        now = self.world.clock()
        changed = (item.edited_at(now) or item.said_at) + timedelta(seconds=self.mischief.amount("clock_skew"))
        number = 9_000_000_000 + sum(ord(letter) * 131**place for place, letter in enumerate(item.key)) % 10**9
        strange = "<im:tomorrow>x</im:tomorrow>" if self.mischief.on("unknown_fields") else ""
        return (
            f"<entry><updated>{changed.astimezone(_CUPERTINO).isoformat(timespec='seconds')}</updated><id>{number}</id>"
            f'<title>{escape(_xml(item.title))}</title><content type="text">{escape(_xml(item.text_at(now)))}</content>'
            f'<im:contentType term="Application" label="Application"/><im:voteSum>0</im:voteSum><im:voteCount>0</im:voteCount>'
            f"<im:rating>{item.stars or 3}</im:rating><im:version>4.2.0</im:version>{strange}"
            f"<author><name>{escape(_xml(item.name or item.author))}</name>"
            f"<uri>https://itunes.apple.com/{country}/reviews/id{sum(map(ord, item.author)) * 7919}</uri></author>"
            f'<link rel="related" href="https://itunes.apple.com/{country}/review?id={app}&amp;type=Purple%20Software"/></entry>'
        )


def _xml(text: str) -> str:
    """Leave out what XML cannot hold."""
    return "".join(letter for letter in text if letter in "\t\n\r" or "\x20" <= letter <= "\ud7ff" or letter >= "\ue000")
