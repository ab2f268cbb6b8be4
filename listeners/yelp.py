"""Hear the newest reviews of a business on Yelp: three excerpts, seven on larger plans.

All that Yelp shows since the last run is read before the oldest of it is kept (guarantee 1). What Yelp never shows cannot be
heard, and what it shows no more need not be deleted. From Yelp's developer pages "Reviews", "Rate Limiting" and "Errors" (2026).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from httpx import Response
from pydantic import BaseModel, ConfigDict, Field

from desk.errors import SourceBusy, SourceError, SourceGone
from desk.mention import Author, Mention
from desk.source import Source
from listeners.batches import Batch, understood
from listeners.contract import Ask, Cursor, Listener, Page, Window
from listeners.http import Client
from listeners.limits import read_headers
from listeners.paging import listed, pick
from listeners.reviews import rated
from listeners.times import instant
from listeners.walks import gathered

PLATFORM = "yelp"
_PAGE = 50
_DEEPEST = 1_000
"""The largest offset that Yelp takes."""
_PACIFIC = ZoneInfo("America/Los_Angeles")
"""Reviews carry the time of Yelp's home, without saying so ("time_created")."""
_FILTERED = timedelta(days=3)
"""Yelp's recommendation software shows some reviews only days after they were written."""
Json = dict[str, Any]


class Options(BaseModel):
    """What a Yelp source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    businesses: tuple[str, ...] = Field(min_length=1)
    """Ids or aliases of the businesses, as their addresses end ("kastanie-moebel-berlin")."""
    locale: str = Field(default="", pattern=r"^([a-z]{2,3}_[A-Z]{2})?$")
    """The language and country in which reviews are wanted ("de_DE"); else Yelp decides."""


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the reviews of each business that were written since *cursor*, oldest first."""
    options = Options.model_validate(source.options)
    streams = {one: partial(_reviews, client, one, options.locale) for one in options.businesses}
    return gathered(streams, cursor, window, back=_FILTERED, complete=False)


def _reviews(client: Client, business: str, locale: str, _since: datetime) -> Iterator[Batch]:
    """Yield pages of reviews, the newest first: as long as the plan gives them."""
    asked: Json = {"sort_by": "newest", "limit": _PAGE, **({"locale": locale} if locale else {})}
    start, before = 0, None
    while start <= _DEEPEST:
        body = client.get_json(f"/v3/businesses/{business}/reviews", {**asked, "offset": start})
        items = listed(client, body, "reviews")
        if not items or items == before:
            return
        read = partial(to_mention, language=locale.partition("_")[0] or None)
        yield understood(items, read, f"reviews of {business} from {start}", lambda item: _time(item["time_created"]))
        start, before = start + len(items), items
        if start >= int(pick(body, "total", _DEEPEST)):
            return


def to_mention(item: Json, language: str | None) -> Mention:
    """Turn an excerpt of a review into a Mention."""
    who = item.get("user") or {}
    known = who.get("id") or who.get("name")
    name = who.get("name") or ""
    return Mention.model_validate(
        {
            "platform": PLATFORM,
            "native_id": item["id"],
            "conversation": item["id"],
            "kind": "review",
            "text": (item.get("text") or "").strip(),
            "author": Author(native_id=known, name=name, handle=name, url=who.get("profile_url")) if known else None,
            "url": item.get("url"),
            "said_at": _time(item["time_created"]),
            "language": language,
            **rated(item.get("rating")),
        }
    )


def _time(said: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return None
    return instant(moment if moment.tzinfo else moment.replace(tzinfo=_PACIFIC))


def verify(client: Client, source: Source) -> str:
    """Return the first business with the number of its reviews."""
    options = Options.model_validate(source.options)
    found = client.get_json(f"/v3/businesses/{options.businesses[0]}")
    more = len(options.businesses) - 1
    return f"{found.get('name')} ({found.get('review_count')} reviews)" + (f" and {more} more" if more else "")


_GONE = {
    "BUSINESS_NOT_FOUND": "look at businesses: the id or alias is the end of the business's address on yelp.com",
    "BUSINESS_UNAVAILABLE": "Yelp does not give this business out at the moment: take it out of businesses, or wait",
    "BUSINESS_MIGRATED": "the business has another id now",
}


def _refusal(response: Response, now: datetime) -> SourceError | None:
    """Return what ``{"error": {"code": ..., "description": ...}}`` means where the status does not say enough."""
    if response.status_code < 300:
        return None
    try:
        error = pick(response.json(), "error")
    except ValueError:
        return None
    code = str(pick(error, "code", ""))
    what = f"{response.request.url.host} answered {response.status_code}: {pick(error, 'description') or code}"
    if code == "ACCESS_LIMIT_REACHED":
        _, resets_at = read_headers(response.headers, now)
        return SourceBusy(what, retry_at=resets_at or _midnight(now))
    if code in _GONE:
        other = pick(error, "new_business_id")
        return SourceGone(what, advice=_GONE[code] + (f": {other}" if other else ""))
    if response.status_code == 400:
        return SourceError(what, advice="look at businesses and locale of this source")
    return None


def _midnight(now: datetime) -> datetime:
    """Return when Yelp counts anew: every midnight UTC."""
    return (now.astimezone(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    base_url="https://api.yelp.com",
    refusal=_refusal,
    asks=(
        Ask(
            "businesses",
            {
                "de": "Unternehmen: das Ende ihrer Adresse auf yelp.de, bei …/biz/kastanie-moebel-berlin also der letzte Teil",
                "en": "Businesses: how their addresses on yelp.com end, for …/biz/kastanie-moebel-berlin it is the last part",
            },
            many=True,
            example="kastanie-moebel-berlin",
        ),
        Ask(
            "token",
            {
                "de": "API-Schlüssel der App: yelp.com/developers → Manage App → API Key",
                "en": "API key of the app: yelp.com/developers → Manage App → API Key",
            },
            secret=True,
        ),
        Ask(
            "locale",
            {"de": "Sprache und Land der Bewertungen", "en": "Language and country of the reviews"},
            optional=True,
            example="de_DE",
        ),
    ),
    setup={
        "de": "Auf yelp.com/developers eine App anlegen und einen Tarif wählen; Berechtigungen müssen Sie nicht auswählen. Jede "
        "Anfrage "
        'zählt zum Tageskontingent: für diese Quelle genügt every = "6 h". Yelps Bedingungen begrenzen, wie lange Texte '
        "gespeichert werden dürfen; bitte lesen.",
        "en": "Create an app on yelp.com/developers and choose a plan; there are no permissions to tick. Every request counts "
        'towards the daily limit: every = "6 h" is enough for this source. The terms of Yelp limit how long '
        "texts may be stored: please read them.",
    },
    verify=verify,
    blind_spots={
        "de": "Nur die neuesten Bewertungen, je nach Tarif drei oder sieben, und davon nur der Anfang. Was zwischen zwei Abrufen "
        "darüber hinausgeht, Löschungen und die Antworten des Unternehmens sieht man nicht; antworten kann man nur auf yelp.com.",
        "en": "Only the newest reviews, three or seven depending on the plan, and only their beginnings. More than that between "
        "two pulls, deletions and the business's answers are not shown; answers can be written on yelp.com only.",
    },
)
