"""Hear the reviews of a game or program on Steam, with the developer's responses.

Reviews are listed by when they last changed, the latest first, so edits of old reviews are heard too; a response does not move
its review, so the last days are read again each time. All that is new is read before the oldest of it is kept (guarantee 1).

From Valve's page "IUserReviewsService" (2026): the older address store.steampowered.com/appreviews ended on 22 October 2026. A
review looks as it was recorded there. No key is needed. Steam takes no answers by API.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from httpx import Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from desk.errors import NotUnderstood, SourceBusy, SourceError, SourceGone
from desk.mention import Author, Mention
from desk.source import Source
from listeners.batches import Batch, understood
from listeners.contract import Ask, Cursor, Listener, Page, Window
from listeners.http import Client
from listeners.paging import Json, listed, pick
from listeners.reviews import answer, reviews
from listeners.times import instant

PLATFORM = "steam"
_REVIEWS = "/IUserReviewsService/GetAppReviews/v1/"
_PAGE = 100
_MOST = 2_000
_BY_LAST_CHANGE, _ALL_REVIEWS, _ALL_PURCHASES = 2, 0, 1
"""Valve counts: filter 0 is by helpfulness, 1 by creation, 2 by last change; review_type 0 and purchase_type 1 are all."""
_TRIES = 3
"""How often an empty page is asked for again before it counts as the end."""
_AWAY = timedelta(minutes=15)
_TAGS = re.compile(
    r"\[/?(?:b|i|u|h[1-3]|strike|spoiler|noparse|hr|list|olist|quote|code|table|tr|th|td|url)(?:=[^\]\n]*)?\]", re.I
)
_NAMES = (
    "arabic:ar bulgarian:bg schinese:zh tchinese:zh czech:cs danish:da dutch:nl english:en finnish:fi french:fr german:de "
    "greek:el hungarian:hu indonesian:id italian:it japanese:ja koreana:ko norwegian:no polish:pl portuguese:pt brazilian:pt "
    "romanian:ro russian:ru spanish:es latam:es swedish:sv thai:th turkish:tr ukrainian:uk vietnamese:vi"
)
_LANGUAGES = {name: code for name, _, code in (pair.partition(":") for pair in _NAMES.split())}
"""Steam's names of languages, with the codes that everybody else uses."""


class Options(BaseModel):
    """What a Steam source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    app_id: int = Field(gt=0, lt=2**32)
    languages: tuple[str, ...] = Field(default=("all",), min_length=1)
    """Steam's own names of languages ("german", "english"); "all" for all."""
    off_topic: bool = True
    """Whether reviews are heard that Steam holds for off topic ("review bombs")."""
    days_back: int = Field(default=3, ge=0, le=365)
    """How long ago a review may have been changed for the developer's response to be heard."""

    @field_validator("languages")
    @classmethod
    def _known(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in languages if name not in _LANGUAGES and name != "all"]:
            raise ValueError(f"Steam has no language {', '.join(unknown)}; its names are: all, {', '.join(sorted(_LANGUAGES))}")
        return languages


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the reviews and responses that came or changed since *cursor*, oldest first.

    What is missing is not taken for deleted: Steam ends its lists too early at times.
    """
    options = Options.model_validate(source.options)

    def stream(_since: datetime) -> Iterator[Batch]:
        for page in _pages(client, options):
            yield understood(page, partial(to_mentions, app_id=options.app_id), "reviews", _changed)

    return reviews(stream, cursor, window, back=timedelta(days=options.days_back), complete=False, answers_complete=False)


def _pages(client: Client, options: Options) -> Iterator[list[Json]]:
    """Yield page after page; an empty one counts as the end only where all is read, or after some tries."""
    here, seen, read, total, empty = "*", set[str](), 0, 0, 0
    for _ in range(_MOST):
        body = _asked(client, options, here)
        page, following = listed(client, body, "response.reviews"), str(pick(body, "response.cursor", ""))
        total = int(pick(body, "response.total_matching", 0) or pick(body, "response.query_summary.total_reviews", 0) or total)
        read += len(page)
        if page:
            yield page
        elif read < total and (empty := empty + 1) <= _TRIES:
            continue
        if not page or not following or following in seen:
            return
        seen.add(following)
        here = following


def _asked(client: Client, options: Options, here: str, size: int = _PAGE) -> Json:
    question = {
        "appid": options.app_id,
        "filter": _BY_LAST_CHANGE,
        "languages": list(options.languages),
        "review_type": _ALL_REVIEWS,
        "purchase_type": _ALL_PURCHASES,
        "filter_offtopic_activity": not options.off_topic,
        "num_per_page": size,
        "cursor": here,
    }
    body: Json = client.get_json(_REVIEWS, {"input_json": json.dumps(question, separators=(",", ":"))})
    if pick(body, "response") == {}:
        raise SourceGone(f"Steam knows no app {options.app_id}", advice="check app_id: the number in the app's store address")
    return body


def _changed(review: Json) -> object:
    return review["timestamp_updated"]


def to_mentions(review: Json, *, app_id: int) -> list[Mention]:
    """Turn a review into a Mention, and into a second one the developer's response; raises NotUnderstood."""
    if not review.get("recommendationid"):
        raise NotUnderstood("a review without an id")
    written, changed = instant(review.get("timestamp_created")), instant(review.get("timestamp_updated"))
    who, liked = review.get("author") or {}, review.get("voted_up")
    profile = f"https://steamcommunity.com/profiles/{who['steamid']}" if who.get("steamid") else None
    mention = Mention.model_validate(
        {
            "platform": PLATFORM,
            "native_id": review["recommendationid"],
            "conversation": review["recommendationid"],
            "kind": "review",
            "text": _words(review.get("review")),
            "author": _author(who, profile) if profile else None,
            "url": f"{profile}/recommended/{app_id}/" if profile else f"https://store.steampowered.com/app/{app_id}/",
            "said_at": written,
            "edited_at": changed if written and changed and changed > written else None,
            "language": _LANGUAGES.get(review.get("language") or ""),
            "stars": None if liked is None else 5 if liked else 1,
            "rating": None if liked is None else "recommended" if liked else "not recommended",
        }
    )
    said = _words(review.get("developer_response"))
    return [mention, answer(mention, said, review.get("timestamp_dev_responded") or changed)] if said else [mention]


def _author(who: Json, profile: str) -> Author:
    name = who.get("personaname") or ""
    return Author(native_id=str(who["steamid"]), handle=name, name=name, url=profile)


def _words(text: str | None) -> str:
    """Return words without Steam's markup ("[b]", "[url=...]"); what else stands in brackets stays."""
    return _TAGS.sub("", (text or "").replace("[*]", "• ")).strip()


def verify(client: Client, source: Source) -> str:
    """Ask for one review, and how many there are."""
    options = Options.model_validate(source.options)
    body = _asked(client, options, "*", size=1)
    return f"app {options.app_id} (reviews: {pick(body, 'response.query_summary.total_reviews', 0)})"


def refusal(response: Response, now: datetime) -> SourceError | None:
    """There is no credential to mend: Steam turns busy addresses away for a while."""
    if response.status_code not in (401, 403):
        return None
    return SourceBusy(f"Steam refuses its reviews at the moment ({response.status_code})", retry_at=now + _AWAY)


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    base_url="https://api.steampowered.com",
    refusal=refusal,
    asks=(
        Ask(
            "app_id",
            {
                "de": "Nummer der App: steht in ihrer Store-Adresse (store.steampowered.com/app/NUMMER).",
                "en": "The app's number: it stands in its store address (store.steampowered.com/app/NUMBER).",
            },
            example="730",
        ),
        Ask(
            "languages",
            {
                "de": "Sprachen, wie Steam sie nennt (german, english), durch Kommas getrennt; „all“ für alle.",
                "en": "Languages as Steam names them (german, english), with commas between; “all” for all.",
            },
            optional=True,
            example="all",
            many=True,
        ),
    ),
    setup={
        "de": "Steam verlangt für Bewertungen keinen Zugang; es genügt die Nummer der App.",
        "en": "Steam asks for no credential for reviews; the app's number is enough.",
    },
    verify=verify,
    blind_spots={
        "de": "Löschungen; Antworten des Entwicklers auf Bewertungen, die seit mehr als days_back Tagen unverändert sind; "
        "Kommentare unter Bewertungen; Namen der Verfasser, wo Steam sie nicht nennt; Diskussionen. Antworten nimmt Steam nur "
        "auf der eigenen Seite. Was Steam zeigt, kann zehn Minuten alt sein.",
        "en": "Deletions; the developer's responses to reviews that are unchanged for more than days_back days; comments below "
        "reviews; names of authors where Steam tells none; discussions. Steam takes responses on its own pages only. What Steam "
        "shows may be ten minutes old.",
    },
)
