"""Hear the newest reviews of a place on Tripadvisor in each language, with the owner's answers.

Tripadvisor shows five reviews per language, the newest first, and more only where it takes an offset. All that is new is read
before the oldest of it is kept (guarantee 1). From the Content API's page "Location Reviews" (2026) and a recorded answer (2015).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any

from httpx import Response
from pydantic import BaseModel, ConfigDict, Field

from desk.errors import SourceDenied, SourceError
from desk.mention import Author, Mention
from desk.source import Source
from listeners.access import Access, Fixed, needed
from listeners.batches import Batch, understood
from listeners.contract import Ask, Cursor, Listener, Page, Window
from listeners.http import Client
from listeners.paging import by_offset, pick
from listeners.reviews import answer, rated, reviews
from listeners.times import instant

PLATFORM = "tripadvisor"
_PAGE = 5
_MODERATION = timedelta(days=3)
"""Reviews are checked before they are shown, under the date at which they were handed in."""
Json = dict[str, Any]


class Options(BaseModel):
    """What a Tripadvisor source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    locations: tuple[str, ...] = Field(min_length=1)
    """Numbers of the places: what stands after "-d" in their addresses."""
    languages: tuple[str, ...] = Field(default=("de", "en"), min_length=1)
    """Each language is a list of its own."""
    referer: str = ""
    """The address that the key is restricted to, where it is restricted to one ("https://hotel.example")."""


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the reviews and answers of each place in each language that were written since *cursor*, oldest first."""
    options = Options.model_validate(source.options)
    lists = ((place, language) for place in options.locations for language in options.languages)
    streams = {f"{place}/{language}": partial(_reviews, client, place, language) for place, language in lists}
    return reviews(streams, cursor, window, back=_MODERATION, complete=False)


def _reviews(client: Client, place: str, language: str, _since: datetime) -> Iterator[Batch]:
    path, asked = f"/api/v1/location/{place}/reviews", {"language": language, "limit": _PAGE}
    for items in by_offset(client, path, asked, items="data", size=_PAGE):
        yield understood(items, _read, f"reviews of {place}, {language}", itemgetter("published_date"))


def _read(item: Json) -> list[Mention]:
    """Return a review and the answer to it; none for a translation by machine, whose original is listed in its own language."""
    if item.get("is_machine_translated") is True:
        return []
    review, said = to_mention(item), item.get("owner_response") or {}
    if not said.get("text"):
        return [review]
    by = Author(native_id=said["author"], name=said["author"], handle=said["author"]) if said.get("author") else None
    return [review, answer(review, str(said["text"]), said.get("published_date"), by=by)]


def to_mention(item: Json) -> Mention:
    """Turn a review into a Mention."""
    who = item.get("user") or {}
    name = str(who.get("username") or "")
    known = str(who.get("user_id") or who.get("member_id") or name)
    return Mention.model_validate(
        {
            "platform": PLATFORM,
            "native_id": item["id"],
            "conversation": item["id"],
            "kind": "review",
            "title": (item.get("title") or "").strip(),
            "text": (item.get("text") or "").strip(),
            "author": Author(native_id=known, name=name, handle=name) if known else None,
            "url": item.get("url"),
            "said_at": instant(item.get("published_date")),
            "language": item.get("lang"),
            **rated(item.get("rating")),
        }
    )


def verify(client: Client, source: Source) -> str:
    """Return the first place with the number of its reviews."""
    options = Options.model_validate(source.options)
    asked = {"language": options.languages[0]}
    found = client.get_json(f"/api/v1/location/{options.locations[0]}/details", asked)
    more = len(options.locations) - 1
    return f"{found.get('name')} ({found.get('num_reviews')} reviews)" + (f" and {more} more" if more else "")


def _access(source: Source, secrets: Mapping[str, str]) -> Access:
    """The key goes into the address; where it is restricted to a domain, Tripadvisor looks at the Referer."""
    referer = str(source.options.get("referer") or "")
    (key,) = needed(secrets, "token")
    return Fixed({"Referer": referer} if referer else {}, {"key": key})


def _refusal(response: Response, _now: datetime) -> SourceError | None:
    """Return what a refused key means: it may be wrong, or used from where it may not be."""
    if response.status_code not in (401, 403):
        return None
    try:
        body = response.json()
    except ValueError:
        body = None
    said = pick(body, "error.message") or pick(body, "message") or pick(body, "Message") or "access denied"
    return SourceDenied(
        f"{response.request.url.host} answered {response.status_code}: {said}",
        advice="look at the key on tripadvisor.com/developers: is it right, is the daily budget not spent, and may it be used "
        "from this server's address (a key that is restricted to a domain needs referer)?",
    )


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    base_url="https://api.content.tripadvisor.com",
    access=_access,
    refusal=_refusal,
    asks=(
        Ask(
            "locations",
            {
                "de": "Nummern der Orte: in ihrer Adresse auf tripadvisor.de steht sie nach „-d“ (…-d781627-…)",
                "en": "Numbers of the places: in their addresses on tripadvisor.com they stand after “-d” (…-d781627-…)",
            },
            many=True,
            example="781627",
        ),
        Ask(
            "token",
            {
                "de": "API-Schlüssel: tripadvisor.com/developers → API-Schlüssel",
                "en": "API key: tripadvisor.com/developers → API keys",
            },
            secret=True,
        ),
        Ask(
            "languages",
            {"de": "Sprachen der Bewertungen", "en": "Languages of the reviews"},
            optional=True,
            many=True,
            example="de,en",
        ),
        Ask(
            "referer",
            {
                "de": "Nur wenn der Schlüssel auf eine Domain beschränkt ist: deren Adresse",
                "en": "Only where the key is restricted to a domain: its address",
            },
            optional=True,
        ),
    ),
    setup={
        "de": "Auf tripadvisor.com/developers einen Schlüssel für die Content API anlegen (Zahlungsdaten sind nötig, ein "
        "Tagesbudget lässt sich festlegen) und auf die Adresse dieses Servers beschränken. "
        'Jede Anfrage zählt: every = "6 h" genügt. '
        "Die Bedingungen begrenzen, was gespeichert und wie es gezeigt werden darf; bitte lesen.",
        "en": "Make a key for the Content API on tripadvisor.com/developers (payment details are needed, a daily budget can be "
        "set) and restrict it to this server's address. Every request counts: "
        'every = "6 h" is enough. The terms limit what may be stored and how it is shown: please read them.',
    },
    verify=verify,
    blind_spots={
        "de": "Nur die fünf neuesten Bewertungen je Sprache: Was zwischen zwei Abrufen darüber hinausgeht, sieht man nicht, "
        "ebenso Löschungen und Antworten unter älteren. Antworten kann man nur auf tripadvisor.de.",
        "en": "Only the five newest reviews per language: more than that between two pulls is not shown, nor are deletions and "
        "answers below older ones. Answers can be written on tripadvisor.com only.",
    },
)
