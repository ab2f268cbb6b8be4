"""Hear stories and comments on Hacker News that hold a word, and what is said below them, from Algolia's search.

The search lists the newest first and shows at most 1,000 hits per question, so each question goes on from the oldest hit before.
All that is new is read before the oldest of it is kept, so nothing is skipped (guarantee 1). Hacker News takes no answers.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, field_validator

from desk.errors import NotUnderstood, SourceDenied, SourceError
from desk.mention import Author, Mention
from desk.source import Source
from listeners.batches import Batch, understood
from listeners.contract import Ask, Cursor, Listener, Page, Window
from listeners.http import Client
from listeners.paging import Json, listed, pick
from listeners.plain import plain
from listeners.walks import gathered

PLATFORM = "hacker_news"
_PATH = "/api/v1/search_by_date"
_SITE = "https://news.ycombinator.com"
_SIZE = 200
_TALKED_ABOUT = timedelta(days=15)
"""Hacker News closes a thread after two weeks: nothing is said below anything older."""
_AT_ONCE = 50
"""Stories that one question asks about."""


class Options(BaseModel):
    """What a Hacker News source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    queries: tuple[str, ...]
    """Words, or a part of an address; in double quotes they are heard exactly as they are."""
    replies: bool = True
    """Whether what is said below a hit is heard too: all comments of a story, all that goes on below a comment."""
    accounts: tuple[str, ...] = ()
    """Our own names there: what they say is ours."""

    @field_validator("queries")
    @classmethod
    def _something(cls, queries: tuple[str, ...]) -> tuple[str, ...]:
        if not queries or not all(query.strip() for query in queries):
            raise ValueError('name what to hear: queries = ["your shop", "yourshop.com"]')
        return queries


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield what was said since *cursor*, oldest first, then what is gone from the search."""
    options = Options.model_validate(source.options)
    read = partial(to_mention, accounts=frozenset(name.lower() for name in options.accounts))
    streams: dict[str, Any] = {query: partial(_found, client, query, read) for query in options.queries}
    if options.replies:
        said_since = window.now - _TALKED_ABOUT
        streams |= {f"{query} below": partial(_below, client, query, said_since, read) for query in options.queries}
    return gathered(streams, cursor, window)


def _found(client: Client, query: str, read: Any, since: datetime) -> Iterator[Batch]:
    """Yield what holds *query*, the newest first."""
    for hits in _hits(client, since, query=query, tags="(story,comment,poll)"):
        yield understood(hits, read, f'search for "{query}"', lambda hit: hit["created_at_i"])


def _below(client: Client, query: str, said_since: datetime, read: Any, since: datetime) -> Iterator[Batch]:
    """Yield the comments of the stories that hold *query*, and those below comments that hold it."""
    hits = [hit for page in _hits(client, said_since, query=query, tags="(story,comment,poll)") for hit in _whole(page)]
    stories = {str(hit["objectID"]) for hit in hits if not _is_comment(hit)}
    for comments in _comments(client, stories, since):
        yield understood(comments, read, f'comments of stories with "{query}"')
    said = [hit for hit in hits if _is_comment(hit) and str(hit.get("story_id")) not in stories]
    elsewhere = {str(hit["story_id"]) for hit in said if hit.get("story_id")}
    earliest = min((hit["created_at_i"] for hit in said), default=0)
    heard = {str(hit["objectID"]) for hit in said}
    comments = [one for page in _comments(client, elsewhere, earliest) for one in _whole(page)]
    yield understood(_answers(comments, heard), read, f'answers to comments with "{query}"')


def _answers(comments: Iterable[Json], heard: set[str]) -> list[Json]:
    """Return the *comments* that answer one of *heard*, or an answer to it; an answer is never older than what it answers."""
    found, below = [], set(heard)
    for one in sorted(comments, key=lambda one: (one["created_at_i"], int(one["objectID"]))):
        if str(one.get("parent_id")) in below:
            below.add(str(one["objectID"]))
            found.append(one)
    return found


def _comments(client: Client, stories: set[str], since: datetime | int) -> Iterator[list[Json]]:
    ordered = sorted(stories)
    for start in range(0, len(ordered), _AT_ONCE):
        some = ",".join(f"story_{story}" for story in ordered[start : start + _AT_ONCE])
        yield from _hits(client, since, tags=f"comment,({some})")


def _hits(client: Client, since: datetime | int, **question: str) -> Iterator[list[Json]]:
    """Yield pages of hits back to *since*; each goes on from the oldest before it, for a question has 1,000 hits at most."""
    begin = since if isinstance(since, int) else int(since.timestamp())
    until: int | None = None
    while True:
        bounds = f"created_at_i>={begin}" + ("" if until is None else f",created_at_i<={until}")
        body = client.get_json(_PATH, {**question, "numericFilters": bounds, "hitsPerPage": _SIZE, "advancedSyntax": "true"})
        hits = listed(client, body, "hits")
        yield hits
        oldest = min((hit["created_at_i"] for hit in _whole(hits)), default=None)
        if oldest is None or len(hits) < _SIZE or oldest == until:
            return
        until = oldest


def _whole(hits: Iterable[Json]) -> list[Json]:
    """Leave out hits without an id or a time: they are quarantined where they are found."""
    return [hit for hit in hits if isinstance(hit.get("created_at_i"), int) and str(hit.get("objectID")).isdigit()]


def _is_comment(hit: Json) -> bool:
    return "comment" in (hit.get("_tags") or ()) or hit.get("comment_text") is not None


def to_mention(hit: Json, accounts: frozenset[str] = frozenset()) -> Mention:
    """Turn a hit of the search into a Mention; raises NotUnderstood."""
    if "objectID" not in hit:
        raise NotUnderstood("a hit without an id")
    comment, name = _is_comment(hit), hit.get("author") or ""
    text = hit.get("comment_text") if comment else hit.get("story_text")
    return Mention(
        platform=PLATFORM,
        native_id=hit["objectID"],
        conversation=(hit.get("story_id") if comment else None) or hit["objectID"],
        kind="comment" if comment else "post",
        title="" if comment else plain(hit.get("title") or ""),
        text=plain(text or ""),
        author=Author(native_id=name, handle=name, name=name, url=f"{_SITE}/user?id={name}") if name else None,
        url=f"{_SITE}/item?id={hit['objectID']}",
        parent=(hit.get("parent_id") or hit.get("story_id")) if comment else None,
        said_at=hit["created_at"],
        ours=name.lower() in accounts,
        attachments=(hit["url"],) if hit.get("url") and not comment else (),
    )


def verify(client: Client, source: Source) -> str:
    """Say how much the search finds."""
    options = Options.model_validate(source.options)
    found = client.get_json(_PATH, {"query": options.queries[0], "hitsPerPage": 1})
    return f'{pick(found, "nbHits", 0)} hits for "{options.queries[0]}" so far'


def refusal(response: httpx.Response, _now: datetime) -> SourceError | None:
    """There is no credential to mend: Algolia turns an address away that asks too often (10,000 questions an hour)."""
    if response.status_code not in (401, 403):
        return None
    advice = "no credential is needed here: hear less often (every), fewer queries, or ask from another address"
    return SourceDenied(f"Algolia's search of Hacker News refuses this address ({response.status_code})", advice=advice)


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    base_url="https://hn.algolia.com",
    refusal=refusal,
    verify=verify,
    asks=(
        Ask(
            "queries",
            {
                "de": "Wonach soll gesucht werden? Namen oder Adressen, mit Komma getrennt; in Anführungszeichen wird "
                "wörtlich gesucht",
                "en": "What shall be searched for? Names or addresses, with commas between; in double quotes exactly as they are",
            },
            example="yourshop.com",
            many=True,
        ),
        Ask(
            "accounts",
            {
                "de": "Ihre eigenen Benutzernamen bei Hacker News, falls vorhanden (stehen dort oben rechts)",
                "en": "Your own user names on Hacker News, if there are any (shown at the top right when signed in)",
            },
            optional=True,
            many=True,
        ),
    ),
    setup={
        "de": "Es braucht weder Konto noch Schlüssel: gelesen wird die öffentliche Suche hn.algolia.com.",
        "en": "Neither an account nor a key is needed: the public search hn.algolia.com is read.",
    },
    blind_spots={
        "de": "Antworten lassen sich nicht senden: Hacker News hat dafür keine Schnittstelle. Die Suche folgt der Seite mit "
        "etwas "
        "Verzug; geänderte und gelöschte Beiträge zeigt sie nur innerhalb von look_back.",
        "en": "Answers cannot be sent: Hacker News has no interface for that. The search follows the site a little later; edits "
        "and deletions are noticed within look_back only.",
    },
)
