"""The walk: all that a feed shows, older pages back to the cursor, and the comments below what is listed."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated
from urllib.parse import urlsplit

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from desk.errors import SourceGone
from desk.mention import Kind, Mention
from desk.source import Source
from listeners.batches import Batch, moment, understood
from listeners.contract import Cursor, Page, Window
from listeners.http import Client
from listeners.rss.entries import Entry, native_id_of, older, parsed, said_at, to_mention
from listeners.times import instant
from listeners.walks import Newest, gathered

_ALL_OF_IT = timedelta(days=3_650)
_OLDER_PAGES = 100


def _address(url: str) -> str:
    if not re.match(r"https?://[^/\s]+", url):
        raise ValueError(f'"{url}" is no address of a feed; write for example "https://blog.example/feed"')
    return url


class Options(BaseModel):
    """What a feed source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feeds: tuple[Annotated[str, AfterValidator(_address)], ...] = Field(min_length=1)
    kind: Kind = "post"
    """What the entries are: a feed of comments or reviews says so."""
    comments: bool = False
    """Whether the comment feed of each entry (wfw:commentRss) is read too."""
    ours: tuple[str, ...] = ()
    """Names of authors who speak for the listening company."""


class Memory(BaseModel):
    """What the cursor holds beside the walk."""

    walk: Cursor | None = None
    versions: dict[str, tuple[str, str]] = {}
    """ETag and Last-Modified of each feed."""
    counts: dict[str, str] = {}
    """How many comments there were, per comment feed."""
    undated: dict[str, datetime] = {}
    """When an entry without a date was first seen."""


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield what the feeds show, the oldest first; an entry that was heard before comes again, for it may have been edited."""
    before = Memory.model_validate_json(cursor) if cursor else Memory()
    reading = _Reading(client, Options.model_validate(source.options), window, before)
    streams: dict[str, Newest] = {url: partial(reading.entries, url) for url in reading.options.feeds}
    streams |= {"comments": reading.comments} if reading.options.comments else {}
    walk, behind = before.walk, False
    for page in gathered(streams, before.walk, window, back=_ALL_OF_IT, complete=False):
        walk, behind = page.cursor, behind or page.more
        yield replace(page, cursor=before.model_copy(update={"walk": walk}).model_dump_json())
    reading.after.undated |= {key: seen for key, seen in before.undated.items() if seen >= window.since} | reading.after.undated
    whole = reading.after.model_copy(update={"walk": walk}).model_dump_json()
    if not behind and whole != cursor:
        yield Page(cursor=whole)


@dataclass
class _Reading:
    """One run: what the last one remembered, and what the next one shall."""

    client: Client
    options: Options
    window: Window
    before: Memory
    after: Memory = field(default_factory=Memory)
    threads: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Comment feeds of what was read: the number of comments, and whom they answer."""

    def entries(self, url: str, _since: datetime) -> Iterator[Batch]:
        """Yield a feed's page, and older ones as long as they hold what was not heard yet."""
        heard_until = instant(_place(self.before, url))
        asked: str | None = url
        for _ in range(_OLDER_PAGES):
            feed = self._read(url, asked or url)
            if feed is None:
                return
            batch = understood(feed["entries"], partial(self._mention, feed=feed, url=url), url)
            yield batch
            oldest = min((moment(one) for one in batch.found if isinstance(one, Mention)), default=None)
            asked = older(feed)
            if (
                not asked
                or not _same_server(asked, url)
                or oldest is None
                or (heard_until and oldest < heard_until - self.window.look_back)
            ):
                return

    def comments(self, _since: datetime) -> Iterator[Batch]:
        """Yield what is said below the entries whose number of comments has changed."""
        for address, (count, post) in self.threads.items():
            if not count or count != self.before.counts.get(address, "0"):
                try:
                    feed = parsed(self.client.get(self.client.at(address)))
                except SourceGone:  # the comments were closed, the entry is still listed
                    continue
                yield understood(
                    feed["entries"], partial(self._mention, feed=feed, url=address, post=post), f"comments of {post}"
                )
            self.after.counts[address] = count

    def _read(self, url: str, asked: str) -> Entry | None:
        """Return a feed's page, None where it is still the version that was kept."""
        versioned = asked == url and not self.options.comments  # the number of comments may change where the version does not
        etag, modified = self.before.versions.get(url, ("", "")) if versioned else ("", "")
        headers = ({"If-None-Match": etag} if etag else {}) | ({"If-Modified-Since": modified} if modified else {})
        answer = self.client.get(self.client.at(asked), headers=headers)
        if versioned:
            self.after.versions[url] = (answer.headers.get("etag", etag), answer.headers.get("last-modified", modified))
        if answer.status_code != httpx.codes.NOT_MODIFIED:
            return parsed(answer)
        self.after.undated |= self.before.undated
        return None

    def _mention(self, entry: Entry, feed: Entry, url: str, post: str = "") -> Mention | None:
        """Return what an entry says, None where it is older than this source wants."""
        host = urlsplit(url).netloc
        native_id = native_id_of(entry, host)
        if not said_at(entry):
            self.after.undated[native_id] = self.before.undated.get(native_id, self.window.now)
        first_seen = self.after.undated.get(native_id, self.window.now)
        kind: Kind = "comment" if post else self.options.kind
        mention = to_mention(entry, host, kind, first_seen, post, self.options.ours, feed["feed"].get("language", ""))
        if self.options.comments and not post and entry.get("wfw_commentrss"):
            self._remember_thread(entry["wfw_commentrss"], url, entry.get("slash_comments", ""), native_id)
        return mention if moment(mention) >= self.window.since else None

    def _remember_thread(self, address: str, url: str, count: str, native_id: str) -> None:
        if _same_server(address, url):
            self.threads[address] = (count, native_id)


def _place(memory: Memory, url: str) -> str:
    """Return how far a feed was heard."""
    return str(json.loads(memory.walk).get(url, "")) if memory.walk else ""


def _same_server(address: str, url: str) -> bool:
    """Say whether a feed names its own server: no other is shown our credential."""
    return urlsplit(address).netloc == urlsplit(url).netloc
