"""Hear the reviews of an app in Apple's App Store, per country, from the public feed of its 500 newest reviews.

The feed is Atom, 50 reviews on each of 10 pages, newest first (an edited review moves to the top under its old id). It is
unofficial: it comes empty or with 403 at times. All that is new is read before the oldest of it is kept, so nothing is skipped
(guarantee 1).
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from desk.errors import NotUnderstood, SourceBusy, SourceDenied, SourceGarbled
from desk.mention import Author, Mention
from desk.source import Source
from listeners.batches import Batch, understood
from listeners.contract import Ask, Cursor, Listener, Page, Window
from listeners.http import Client
from listeners.walks import gathered

PLATFORM = "appstore"
_PAGES = 10
_MODERATION = timedelta(days=3)
_ATOM = "{http://www.w3.org/2005/Atom}"
_IM = "{http://itunes.apple.com/rss}"


class Options(BaseModel):
    """What an App Store source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    app_id: str = Field(pattern=r"^\d{5,15}$")
    countries: tuple[str, ...] = Field(default=("de",), min_length=1)
    """Two-letter codes of the stores that are read: reviews are separate in each."""


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the reviews of each country that were written or edited since *cursor*, oldest first, then what is gone.

    A country whose feed fails does not silence the others; its error is raised when they have been read. Apple shows some
    reviews only days after they were written, so the last days are always read again.
    """
    options = Options.model_validate(source.options)
    heard_before = json.loads(cursor) if cursor else {}
    countries = [country.lower() for country in options.countries]
    streams = {one: partial(_reviews, client, options.app_id, one, one in heard_before) for one in countries}
    return gathered(streams, cursor, window, back=_MODERATION)


def _reviews(client: Client, app_id: str, country: str, heard_before: bool, _since: datetime) -> Iterator[Batch]:
    """Yield the pages of one country's feed, the newest first."""
    for number in range(1, _PAGES + 1):
        entries = _entries(client, app_id, country, number)
        if not entries and number == 1 and heard_before:
            raise SourceGarbled(f"Apple's feed for {country} came empty, though reviews were heard there before")
        if not entries:
            return
        read = partial(_read, country=country, app_id=app_id)
        yield understood(entries, read, f"page {number}, {country}", lambda entry: entry.findtext(f"{_ATOM}updated"))


def _entries(client: Client, app_id: str, country: str, number: int) -> list[Element]:
    path = f"/{country}/rss/customerreviews/page={number}/id={app_id}/sortby=mostrecent/xml"
    try:
        raw = client.get_text(path, must_hold="</feed>")
        return list(fromstring(raw).iter(f"{_ATOM}entry"))
    except SourceDenied as error:  # there is no credential to mend: Apple turns busy addresses away for a while
        raise SourceBusy(f"Apple refuses its feed for {country} at the moment (403)") from error
    except (ParseError, DefusedXmlException) as error:
        raise SourceGarbled(f"Apple's feed for {country}, page {number}, cannot be read: {error}") from error


def _read(entry: Element, country: str, app_id: str) -> Mention | None:
    """Return one review; None for the entry that describes the app itself."""
    if entry.find(f"{_IM}rating") is None and entry.find(f"{_IM}artist") is not None:
        return None
    return to_mention(entry, country, app_id)


def to_mention(entry: Element, country: str, app_id: str) -> Mention:
    """Turn an entry of the feed into a Mention; raises NotUnderstood."""
    native_id, stars = entry.findtext(f"{_ATOM}id"), entry.findtext(f"{_IM}rating")
    who, link = entry.find(f"{_ATOM}author"), entry.find(f"{_ATOM}link[@rel='related']")
    name = (who.findtext(f"{_ATOM}name") if who is not None else None) or ""
    address = (who.findtext(f"{_ATOM}uri") if who is not None else None) or ""
    texts = [content.text or "" for content in entry.iter(f"{_ATOM}content") if content.get("type") == "text"]
    if not native_id:
        raise NotUnderstood("a review without an id")
    try:
        return Mention.model_validate(
            {
                "platform": PLATFORM,
                "native_id": native_id,
                "conversation": native_id,
                "kind": "review",
                "title": (entry.findtext(f"{_ATOM}title") or "").strip(),
                "text": "\n".join(texts).strip(),
                "author": Author(native_id=address or name, name=name, handle=name, url=address or None) if name else None,
                "url": (link.get("href") if link is not None else None) or f"https://apps.apple.com/{country}/app/id{app_id}",
                "said_at": entry.findtext(f"{_ATOM}updated"),
                "stars": float(stars) if stars else None,
                "rating": f"{stars}/5" if stars else None,
            }
        )
    except (ValidationError, ValueError) as error:
        raise NotUnderstood(str(error)) from error


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    base_url="https://itunes.apple.com",
    setup={
        "de": "Ein Zugang ist nicht nötig: Apples Feed der Bewertungen ist öffentlich.",
        "en": "No credential is needed: Apple's feed of reviews is public.",
    },
    asks=(
        Ask(
            "app_id",
            {
                "de": "Nummer der App: was in ihrer Adresse hinter „id“ steht",
                "en": 'The app\'s number: what follows "id" in its address',
            },
            example="123456789",
        ),
        Ask(
            "countries",
            {"de": "Länder, mit Kommas getrennt", "en": "Countries, with commas between"},
            optional=True,
            many=True,
            example="de,at,ch",
        ),
    ),
    blind_spots={
        "de": "Je Land nur die 500 neuesten Bewertungen; reine Sterne ohne Text; die Antworten des Entwicklers. Manche Bewertung "
        "zeigt Apple erst Tage später.",
        "en": "Only the 500 newest reviews per country; ratings without text; the developer's answers. Some reviews are shown "
        "only days later.",
    },
)
