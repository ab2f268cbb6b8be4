"""Hear the reviews of an app in Apple's App Store, per country, from the public feed of its 500 newest reviews.

The feed is Atom, 50 reviews on each of 10 pages, newest first (an edited review moves to the top under its old id). It is
unofficial: it comes empty or with 403 at times. All that is new is read before the oldest of it is kept, so nothing is skipped
(guarantee 1).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from xml.etree.ElementTree import Element, ParseError, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from desk.errors import NotUnderstood, SourceBusy, SourceDenied, SourceError, SourceGarbled
from desk.mention import Author, Mention
from desk.source import Source
from listeners.contract import Broken, Cursor, Listener, Page, Window
from listeners.http import Client

PLATFORM = "appstore"
_PAGES = 10
_KEPT_AT_ONCE = 50
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

    A country whose feed fails does not silence the others; its error is raised when they have been read.
    """
    options = Options.model_validate(source.options)
    at: dict[str, str] = json.loads(cursor) if cursor else {}
    walk = _Walk(client, options.app_id, at, window, left=window.pages)
    for country in options.countries:
        yield from walk.country(country.lower())
    if walk.failed:
        raise walk.failed
    if not walk.cut and (gone := walk.gone()):
        yield Page(deleted=gone, cursor=json.dumps(at, sort_keys=True))


@dataclass
class _Walk:
    """One run: where each country stands, what was seen, and how many pages may still be kept."""

    client: Client
    app_id: str
    at: dict[str, str]
    window: Window
    left: int
    seen: set[str] = field(default_factory=set)
    since: datetime | None = None
    """From when on every country was read."""
    cut: bool = False
    failed: SourceError | None = None

    def country(self, country: str) -> Iterator[Page]:
        """Yield one country's unread reviews, oldest first."""
        if self.left <= 0 or isinstance(self.failed, SourceBusy):
            self.cut = True
            return
        try:
            reviews, broken = self._unread(country)
        except SourceError as error:
            self.failed = self.failed or error
            return
        self.seen |= {review.native_id for review in reviews}
        before = self.at.get(country, "")
        unread = [review for review in reviews if review.said_at.isoformat() > before]
        pages = [unread[start : start + _KEPT_AT_ONCE] for start in range(0, len(unread), _KEPT_AT_ONCE)]
        for number, some in enumerate(pages, 1):
            if self.left <= 0:
                self.cut = True
                return
            self.left -= 1
            self.at[country] = some[-1].said_at.isoformat()
            following = pages[number][0].said_at if number < len(pages) else None
            more = following is not None and self.left <= 0
            yield Page(tuple(some), self._cursor(), oldest_unread=following, more=more)
        again = tuple(review for review in reviews if review.said_at.isoformat() <= before)
        if again or broken:  # ties, late arrivals and edits; they cost no further request, so they cost no budget
            yield Page(again, self._cursor(), broken=tuple(broken))

    def _cursor(self) -> Cursor:
        return json.dumps(self.at, sort_keys=True)

    def _unread(self, country: str) -> tuple[list[Mention], list[Broken]]:
        """Return the reviews since the cursor, less the look back, and what could not be understood."""
        since = self._since(country)
        found: dict[str, Mention] = {}
        broken: list[Broken] = []
        for number in range(1, _PAGES + 1):
            entries = self._entries(country, number)
            if not entries and number == 1 and country in self.at:
                raise SourceGarbled(f"Apple's feed for {country} came empty, though reviews were heard there before")
            reviews = [review for entry in entries if (review := self._read(entry, country, number, broken))]
            fresh = [review for review in reviews if review.native_id not in found]
            found |= {review.native_id: review for review in fresh}
            if not fresh or min(review.said_at for review in reviews) < since:
                break
        recent = (review for review in found.values() if review.said_at >= since)
        return sorted(recent, key=lambda review: (review.said_at, review.native_id)), broken

    def _since(self, country: str) -> datetime:
        """Return from when on reviews are read again: Apple shows some only days after they were written."""
        back = max(self.window.look_back, _MODERATION)
        since = datetime.fromisoformat(self.at[country]) - back if country in self.at else self.window.since
        self.since = max(self.since, since) if self.since else since
        return since

    def gone(self) -> tuple[str, ...]:
        """Return what was heard before, lies within what was read now, and is no longer there."""
        since = self.since
        if since is None:
            return ()
        return tuple(sorted(one for one, said_at in self.window.known.items() if said_at >= since and one not in self.seen))

    def _entries(self, country: str, number: int) -> list[Element]:
        path = f"/{country}/rss/customerreviews/page={number}/id={self.app_id}/sortby=mostrecent/xml"
        try:
            raw = self.client.get_text(path, must_hold="</feed>")
            return list(fromstring(raw).iter(f"{_ATOM}entry"))
        except SourceDenied as error:  # there is no credential to mend: Apple turns busy addresses away for a while
            raise SourceBusy(f"Apple refuses its feed for {country} at the moment (403)") from error
        except (ParseError, DefusedXmlException) as error:
            raise SourceGarbled(f"Apple's feed for {country}, page {number}, cannot be read: {error}") from error

    def _read(self, entry: Element, country: str, page: int, broken: list[Broken]) -> Mention | None:
        """Return one review; None for the entry that describes the app itself, and for what goes to quarantine."""
        if entry.find(f"{_IM}rating") is None and entry.find(f"{_IM}artist") is not None:
            return None
        try:
            return to_mention(entry, country, self.app_id)
        except NotUnderstood as error:
            name = entry.findtext(f"{_ATOM}id") or "without id"
            broken.append(Broken(tostring(entry), str(error), f"review {name} of page {page}, {country}"))
            return None


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
    blind_spots={
        "de": "Je Land nur die 500 neuesten Bewertungen; reine Sterne ohne Text; die Antworten des Entwicklers. Manche Bewertung "
        "zeigt Apple erst Tage später.",
        "en": "Only the 500 newest reviews per country; ratings without text; the developer's answers. Some reviews are shown "
        "only days later.",
    },
)
