"""What a feed's XML says: an entry becomes a Mention here, and nothing past this file knows its shape."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import feedparser
import httpx

from desk.errors import SourceGarbled
from desk.mention import Author, Kind, Mention
from listeners.plain import plain

PLATFORM = "rss"
Entry = Mapping[str, Any]
_WHOLE = re.compile(rb"</(?:[\w.-]+:)?(?:rss|feed|rdf)\s*>", re.I)


def refusal(answer: httpx.Response, _now: datetime) -> SourceGarbled | None:
    """Return an error where something else came than a whole feed: an HTML page, a half, nothing."""
    if answer.status_code != httpx.codes.OK or _WHOLE.search(answer.content.replace(b"\0", b"")):
        return None
    return SourceGarbled(f"{answer.request.url.host} sent something else than a whole feed")


def parsed(answer: httpx.Response) -> Entry:
    """Return the feed of an answer; raises SourceGarbled where nothing in it can be read."""
    headers = {"content-type": answer.headers.get("content-type", ""), "content-location": str(answer.request.url)}
    feed: Entry = feedparser.parse(BytesIO(answer.content), response_headers=headers)
    if not feed["entries"] and (feed.get("bozo") or not feed.get("version")):
        raise SourceGarbled(
            f"{answer.request.url.host} sent a feed that cannot be read: {feed.get('bozo_exception', 'neither RSS nor Atom')}"
        )
    return feed


def to_mention(
    entry: Entry, host: str, kind: Kind, first_seen: datetime, post: str = "", ours: tuple[str, ...] = (), language: str = ""
) -> Mention:
    """Turn an entry into a Mention; *post* is the native id of what a comment answers, *language* the feed's."""
    native_id = native_id_of(entry, host)
    published_at, updated_at = said_at(entry) or first_seen, _time(entry, "updated_parsed")
    author = _author(entry, host)
    return Mention(
        platform=PLATFORM,
        native_id=native_id,
        conversation=post or native_id,
        parent=((_answered(entry) or post) if post else None),
        kind=kind,
        title=plain(entry.get("title", "")),
        text=plain(_text(entry)),
        author=author,
        url=_link(entry) or None,
        said_at=published_at,
        edited_at=updated_at if updated_at and updated_at > published_at else None,
        language=(entry.get("title_detail", {}).get("language") or language).split("-")[0].lower()[:16] or None,
        reach=_number(entry.get("media_statistics", {}).get("views")),
        ours=author is not None and author.name.casefold() in {name.casefold() for name in ours},
        attachments=tuple(link["href"] for link in entry.get("links", ()) if link.get("rel") == "enclosure" and link.get("href")),
    )


def native_id_of(entry: Entry, host: str) -> str:
    """Return id, guid, link, or a fingerprint of an entry; what is unique in its feed only gets the server's name before it."""
    named = entry.get("id") or _link(entry)
    if not named:
        words = "\n".join([entry.get("title", ""), entry.get("published", "") or _text(entry)])
        named = "hash/" + hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:32]
    named = named if ":" in named else f"{host}/{named}"
    return named if len(named) <= 500 else f"{host}/hash/{hashlib.sha256(named.encode('utf-8', 'replace')).hexdigest()[:32]}"


def unwrapped(link: str) -> str:
    """Return where a link of Google Alerts leads: the alert wraps it as google.com/url?...&url=TARGET."""
    parts = urlsplit(link)
    if not re.fullmatch(r"(www\.)?google\.[a-z.]{2,6}", parts.netloc) or parts.path != "/url":
        return link
    asked = parse_qs(parts.query)
    return next((asked[name][0] for name in ("url", "q") if asked.get(name)), link)


def _link(entry: Entry) -> str:
    """Return where an entry leads, without FeedBurner's and Google's detours."""
    return str(entry.get("feedburner_origlink") or unwrapped(entry.get("link", "")))


def _text(entry: Entry) -> str:
    """Return the longest that the feed gives: the whole content, else the summary."""
    contents = [str(one.get("value") or "") for one in entry.get("content", ())]
    return max([*contents, str(entry.get("summary") or "")], key=len)


def _author(entry: Entry, host: str) -> Author | None:
    who = entry.get("author_detail", {})
    name = who.get("name") or entry.get("author") or who.get("email") or ""
    if not name.strip():
        return None
    return Author(native_id=who.get("href") or f"{host}/{name}", name=name, handle=name, url=who.get("href"))


def said_at(entry: Entry) -> datetime | None:
    """Return when an entry was published, None where it does not say."""
    return _time(entry, "published_parsed") or _time(entry, "updated_parsed")


def _time(entry: Entry, name: str) -> datetime | None:
    """Return a date that the feed gives (feedparser would invent the one from the other)."""
    if name not in entry or not entry[name]:
        return None
    year, month, day, hour, minute, second = entry[name][:6]
    return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)


def _answered(entry: Entry) -> str:
    """Return the id of the comment that a comment answers (RFC 4685)."""
    above = entry.get("thr_in-reply-to")
    return str(above.get("ref", "")) if isinstance(above, Mapping) else ""


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, str) and value.isdigit() else None


def older(feed: Entry) -> str | None:
    """Return the address of the next older page (RFC 5005, 3 and 4)."""
    links = {link.get("rel"): link.get("href") for link in feed["feed"].get("links", ())}
    return links.get("next") or links.get("prev-archive")
