"""The walks: Reddit lists the newest first, 100 on a page, at most 1,000. All that is new is read before the oldest is kept."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from desk.errors import SourceGone
from desk.mention import Mention
from desk.source import Source
from listeners.access import needed
from listeners.batches import Batch, understood
from listeners.contract import Cursor, Page, Window
from listeners.http import Client
from listeners.paging import Json
from listeners.reddit.said import Options, mail_to_mention, to_mention
from listeners.reddit.through import LISTED, below, mail, pages, reddit, shape, translated
from listeners.times import instant
from listeners.walks import gathered


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield what was said or edited since *cursor*, oldest first, then what is gone."""
    options = Options.model_validate(source.options)
    if (options.mentions or options.messages or options.modmail) and "password" not in client.secrets:
        needed(client.secrets, "refresh_token")
    return gathered(_Streams(client, options, window).named(), cursor, window)


@dataclass
class _Streams:
    """What a source listens to, each list by a name of its own."""

    client: Client
    options: Options
    window: Window

    def named(self) -> dict[str, Callable[[datetime], Iterator[Batch]]]:
        """Return the streams by name; none asks anything before it is read."""
        found, options = reddit(self.client), self.options
        streams: dict[str, Callable[[datetime], Iterator[Batch]]] = {}
        for name in options.subreddits:
            subreddit = found.subreddit(name)
            streams[f"r/{name} posts"] = partial(self._listed, subreddit.new, f"posts of r/{name}", _all)
            streams[f"r/{name} comments"] = partial(self._listed, subreddit.comments, f"comments of r/{name}", _all)
        for words in options.queries:
            search = partial(found.subreddit("all").search, words, sort="new", time_filter="month")
            streams[f"search {words}"] = partial(self._listed, search, f'search for "{words}"', _all)
            streams[f"below {words}"] = partial(self._below, search, f'comments below "{words}"')
        if options.mentions or options.messages:
            streams["inbox"] = partial(self._listed, found.inbox.all, "inbox", self._wanted)
        if options.mentions:
            streams["said"] = partial(self._listed, found.redditor(options.username).comments.new, "own comments", _all)
        if options.messages:
            streams["sent"] = partial(self._listed, found.inbox.sent, "sent messages", _all)
        for name in options.modmail:
            conversations = partial(found.subreddit(name).modmail.conversations, sort="recent", state="all")
            streams[f"r/{name} modmail"] = partial(self._mail, conversations, name)
        return streams

    def _listed(
        self, listing: Callable[..., Iterable[Any]], place: str, wanted: Callable[[Json], bool], _since: datetime
    ) -> Iterator[Batch]:
        for things in pages(self.client, listing(**LISTED)):
            shapes = [shape(thing) for thing in things]
            if any(one["fullname"].startswith("t5_") for one in shapes):  # Reddit answers an unknown name with a search
                raise SourceGone(f"there is nothing to hear: {place}", advice="check the source's settings: is the name right?")
            yield understood(shapes, partial(self._read, wanted=wanted), place, lambda one: one["created_utc"])

    def _read(self, thing: Json, wanted: Callable[[Json], bool]) -> Mention | None:
        return to_mention(thing, self.options.ours) if wanted(thing) else None

    def _wanted(self, thing: Json) -> bool:
        """Say whether something in the inbox is wanted: a comment, or a private message."""
        return self.options.messages if str(thing["fullname"]).startswith("t4_") else self.options.mentions

    def _below(self, search: Callable[..., Iterable[Any]], place: str, since: datetime) -> Iterator[Batch]:
        """Read what is said below the posts that were found lately, post by post; one that is gone silences no other."""
        oldest = self.window.now - self.options.threads_for - self.window.look_back
        for submission in self._young(search, oldest):
            until = datetime.fromtimestamp(submission.created_utc, UTC) + self.options.threads_for
            try:
                with translated(self.client):
                    comments = [shape(comment) for comment in below(submission)]
            except SourceGone:
                continue
            yield understood([one for one in comments if _said(one) <= until], self._comment, place)

    def _comment(self, thing: Json) -> Mention | None:
        return to_mention(thing, self.options.ours)

    def _young(self, search: Callable[..., Iterable[Any]], oldest: datetime) -> Iterator[Any]:
        for things in pages(self.client, search(**LISTED)):
            for thing in things:
                if datetime.fromtimestamp(thing.created_utc, UTC) < oldest:
                    return
                if thing.num_comments:
                    yield thing

    def _mail(self, listing: Callable[..., Iterable[Any]], name: str, since: datetime) -> Iterator[Batch]:
        """Read the conversations in which something happened; they are listed by their last message."""
        for things in pages(self.client, listing(**LISTED)):
            last = instant(things[-1].last_updated)
            with translated(self.client):
                young = [one for one in things if (instant(one.last_updated) or since) >= since]
                said = [message for conversation in young for message in mail(conversation)]
            yield Batch(understood(said, mail_to_mention, f"modmail of r/{name}").found, last)


def _all(_thing: Json) -> bool:
    return True


def _said(thing: Json) -> datetime:
    return datetime.fromtimestamp(float(thing["created_utc"]), UTC)
