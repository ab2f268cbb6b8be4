"""Hear the reviews of a company's locations on Google Maps and Search, with the owner's answers, and answer them.

Google lists a location's reviews by when they were last changed, the newest first; an answer does not move its review up, so the
reviews of the last weeks are read again in every run: no edit and no answer is missed (guarantee 3).
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial

from pydantic import BaseModel, ConfigDict, Field, field_validator

from desk.answering import ReplyRules
from desk.errors import SourceGone
from desk.mention import Author, Mention
from desk.source import Source, Span
from listeners import google
from listeners.access import Access
from listeners.batches import Batch, understood
from listeners.contract import Ask, Cursor, Listener, Page, Receipt, ReplyTo, Window
from listeners.http import Client
from listeners.paging import Json, body_of, by_token, pick
from listeners.reviews import answer, answer_id, rated, reviews, sent
from listeners.times import instant

PLATFORM = "google_business"
_LOCATIONS = "https://mybusinessbusinessinformation.googleapis.com/v1"
"""Locations moved to an interface of their own; reviews stayed in the old one ("Business Profile APIs - Deprecations")."""
_OVERVIEW = "https://business.google.com/reviews"
_STARS = {"ONE": 1, "TWO": 2, "THREE": 3, "FOUR": 4, "FIVE": 5}
_TRANSLATED = re.compile(r"\((?:Translated by|Übersetzt von) Google\)")
_ORIGINAL = "(Original)"


class Options(BaseModel):
    """What a Google Business Profile source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str = Field(pattern=r"^\d+$")
    """The number of the account or location group ("accounts/123")."""
    locations: tuple[str, ...] = ()
    """Numbers of the locations that are heard; all of the account where none is named."""
    without_words: bool = False
    """Whether ratings that carry no words are heard as well."""
    read_back: Span = timedelta(days=30)
    """How far back reviews are read again, for edits and for answers that were given elsewhere."""

    @field_validator("account", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        return str(value).removeprefix("accounts/")

    @field_validator("locations", mode="before")
    @classmethod
    def _numbers(cls, value: object) -> object:
        if not isinstance(value, list | tuple):
            return value
        numbers = tuple(str(one).rpartition("locations/")[2] for one in value)
        if wrong := [one for one in numbers if not one.isdigit()]:
            raise ValueError(f'"{wrong[0]}" is no location; write its number, as in locations/12345')
        return numbers


def access(_source: Source, secrets: Mapping[str, str]) -> Access:
    """Return access by a refresh token with the scope business.manage."""
    return google.renewed(secrets)


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield each location's reviews and answers that were written or changed since *cursor*, oldest first, then what is gone."""
    options = Options.model_validate(source.options)
    streams = {
        location: partial(_pages, client, options, location, link) for location, link in _locations(client, options).items()
    }
    return reviews(streams, cursor, window, back=options.read_back)


def _locations(client: Client, options: Options) -> dict[str, str]:
    """Return the numbers of the locations, each with where people see it; raises SourceGone where the account has none."""
    if options.locations:
        return dict.fromkeys(options.locations, _OVERVIEW)
    found = {_number_of(one): pick(one, "metadata.mapsUri", _OVERVIEW) for one in _listed(client, options)}
    if not found:
        advice = "use the number of the account or location group that owns the locations"
        raise SourceGone(f"accounts/{options.account} has no locations", advice=advice)
    return found


def _listed(client: Client, options: Options) -> list[Json]:
    address = client.at(f"{_LOCATIONS}/accounts/{options.account}/locations")
    asked = {"readMask": "name,title,metadata", "pageSize": 100}
    pages = by_token(client, address, asked, items="locations", token="nextPageToken", param="pageToken")  # noqa: S106
    return [one for page in pages for one in page]


def _number_of(location: Json) -> str:
    return str(location["name"]).rpartition("/")[2]


def _pages(client: Client, options: Options, location: str, link: str, _since: datetime) -> Iterator[Batch]:
    """Yield the pages of one location's reviews, the last changed first."""
    path = f"/v4/accounts/{options.account}/locations/{location}/reviews"
    asked = {"pageSize": 50, "orderBy": "updateTime desc"}
    read = partial(to_mentions, location=location, link=link, without_words=options.without_words)
    pages = by_token(client, path, asked, items="reviews", token="nextPageToken", param="pageToken")  # noqa: S106
    for number, found in enumerate(pages, 1):
        yield understood(found, read, f"location {location}, page {number}", lambda item: item["updateTime"])


def to_mentions(item: Json, location: str, link: str = _OVERVIEW, without_words: bool = True) -> list[Mention]:
    """Turn a review into its Mention, and that of its answer. Nothing else here knows its shape."""
    native_id = f"locations/{location}/reviews/{item['reviewId']}"
    said_at, changed = instant(item["createTime"]), instant(item.get("updateTime"))
    text = original(item.get("comment") or "")
    if not text and not without_words:
        return []
    stars = _STARS.get(str(item.get("starRating")))
    review = Mention.model_validate(
        {
            "platform": PLATFORM,
            "native_id": native_id,
            "conversation": native_id,
            "kind": "review",
            "text": text,
            "said_at": said_at,
            "edited_at": changed if said_at and changed and changed > said_at else None,
            "author": _author(native_id, item.get("reviewer") or {}),
            "url": link,
            **rated(stars),
        }
    )
    ours = item.get("reviewReply")
    return [review, answer(review, original(ours.get("comment") or ""), ours.get("updateTime"))] if ours else [review]


def _author(native_id: str, reviewer: Json) -> Author | None:
    """Google gives no account ids: one account writes one review of a location, so the review's id stands for it."""
    name = reviewer.get("displayName")
    return Author(native_id=native_id, name=name) if name and not reviewer.get("isAnonymous") else None


def original(text: str) -> str:
    """Return what was really written: Google puts its translation before it, marking both, or behind it, marking that."""
    before, _, behind = text.partition(_ORIGINAL)
    if behind and _TRANSLATED.search(before):
        return behind.strip()
    parts = [part.strip() for part in _TRANSLATED.split(text)]
    return next((part for part in parts if part), "")


def _path(source: Source, to: ReplyTo) -> str:
    return f"/v4/accounts/{Options.model_validate(source.options).account}/{to.conversation}"


def reply(client: Client, source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Answer a review; an answer that is there already is replaced."""
    body_of(client, client.send("PUT", f"{_path(source, to)}/reply", json={"comment": text}), sent=True)
    return Receipt(answer_id(to.conversation), _OVERVIEW)


def look(client: Client, source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Look whether the review has our answer."""
    location = to.conversation.split("/")[1]
    _, *ours = to_mentions(client.get_json(_path(source, to)), location)
    return sent(ours[0] if ours else None, text, since)


def verify(client: Client, source: Source) -> str:
    """Return which locations are heard."""
    options = Options.model_validate(source.options)
    if options.locations:
        path = f"/v4/accounts/{options.account}/locations/{options.locations[0]}/reviews"
        amount = client.get_json(path, {"pageSize": 1}).get("totalReviewCount", 0)
        return f"{amount} reviews of locations/{options.locations[0]}"
    titles = [str(one.get("title")) for one in _listed(client, options)]
    return f"{len(titles)} locations: {', '.join(titles[:5])}{' ...' if len(titles) > 5 else ''}"


_SAME = {"de": "an derselben Stelle", "en": "in the same place"}

LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies={"review": ReplyRules(characters=4_000, once=True)},  # Google counts 4096 bytes: umlauts take two
    base_url="https://mybusiness.googleapis.com",
    access=access,
    refusal=google.refusal,
    verify=verify,
    asks=(
        Ask(
            "account",
            {
                "de": "Nummer des Kontos oder der Standortgruppe (business.google.com → Standortgruppe: die Zahl in der Adresse)",
                "en": "Number of the account or location group (business.google.com → location group: the number in the address)",
            },
            example="106412345678901234567",
        ),
        Ask(
            "locations",
            {
                "de": "Nummern einzelner Standorte; leer: alle des Kontos",
                "en": "Numbers of single locations; empty: all of the account",
            },
            optional=True,
            many=True,
        ),
        Ask(
            "client_id",
            {
                "de": "Client-ID des OAuth-Clients (Google-Cloud-Konsole → APIs & Dienste → Anmeldedaten)",
                "en": "Client ID of the OAuth client (Google Cloud console → APIs & Services → Credentials)",
            },
            secret=True,
        ),
        Ask("client_secret", {"de": f"Clientschlüssel, {_SAME['de']}", "en": f"Client secret, {_SAME['en']}"}, secret=True),
        Ask(
            "refresh_token",
            {
                "de": "Aktualisierungstoken mit der Berechtigung (Scope) business.manage, zum Beispiel aus Googles OAuth 2.0 "
                "Playground",
                "en": "Refresh token with the scope business.manage, for example from Google's OAuth 2.0 Playground",
            },
            secret=True,
        ),
    ),
    setup={
        "de": "Google gibt die Schnittstelle nur auf Antrag frei (support.google.com/business, „Business Profile APIs“): bis "
        "dahin ist das Kontingent null. Danach im freigegebenen Projekt „Google My Business API“ und „My Business Business "
        "Information API“ einschalten, einen OAuth-Client anlegen und als Inhaber oder Verwalter der Standorte die "
        "Berechtigung (Scope) business.manage erteilen.",
        "en": "Google opens this interface on request only (support.google.com/business, Business Profile APIs): until then the "
        "quota is zero. Then switch on the Google My Business API and the My Business Business Information API in the approved "
        "project, create an OAuth client, and grant the scope business.manage as an owner or manager of the locations.",
    },
    blind_spots={
        "de": "Fotos zu Rezensionen und der Link zur einzelnen Rezension; Fragen und Antworten; Nachrichten (Google hat den Chat "
        "2024 eingestellt); anderswo gegebene Antworten auf Rezensionen, die älter als read_back sind.",
        "en": "Photos of reviews and the link of the single review; questions and answers; messages (Google ended its chat in "
        "2024); answers given elsewhere to reviews that are older than read_back.",
    },
)
