"""The walk: questions by their last activity, the answers of each, and the comments below both.

A comment does not count as activity, so comments are asked for below every question that was active in the last weeks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from desk.mention import Mention
from desk.source import Source, Span
from listeners.batches import Batch, understood
from listeners.contract import Cursor, Page, Window
from listeners.http import Client
from listeners.paging import Json, listed
from listeners.stack_exchange.asking import ask, me
from listeners.stack_exchange.posts import to_mention
from listeners.times import instant
from listeners.walks import gathered

_SIZE = 100
"""Items on a page, and ids in one question: the most that the API takes."""


class Options(BaseModel):
    """What a Stack Exchange source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    site: str = "stackoverflow"
    """The site as the API names it: "stackoverflow", "superuser", "askubuntu", "de.stackoverflow"."""
    tags: tuple[str, ...] = ()
    """Questions with each of these tags; several that must come together are joined by ";"."""
    queries: tuple[str, ...] = ()
    """Questions that hold these words."""
    comments: bool = True
    threads_for: Span = timedelta(days=30)
    """How long after the last activity of a question comments below it are still heard."""
    accounts: tuple[str, ...] = ()
    """The numbers of our own users on the site: what they say is ours."""

    @model_validator(mode="after")
    def _something(self) -> "Options":
        if not (self.tags or self.queries):
            raise ValueError('name what to hear: tags = ["your-product"] or queries = ["your shop"]')
        return self


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield what was said or edited since *cursor*, oldest first, then what is gone."""
    options = Options.model_validate(source.options)
    ours = frozenset(options.accounts) | me(client, options.site)
    asked = {tag: {"tagged": tag} for tag in options.tags} | {f"search {words}": {"q": words} for words in options.queries}

    def heard(question: Json) -> Any:
        return lambda since: _Threads(client, options, window, ours, question).walk(since)

    return gathered({name: heard(question) for name, question in asked.items()}, cursor, window)


@dataclass
class _Threads:
    """The questions that one search finds, and what is said below them."""

    client: Client
    options: Options
    window: Window
    ours: frozenset[str]
    question: Json
    active: dict[str, datetime] = field(default_factory=dict)
    """When each question was last active."""
    answered: set[str] = field(default_factory=set)
    question_of: dict[str, str] = field(default_factory=dict)
    """The question that each post belongs to."""

    def walk(self, since: datetime) -> Iterator[Batch]:
        """Yield questions, then answers, then comments; each list ends by itself, and what is older than *since* is unchanged."""
        yield from self._questions(since)
        yield from self._answers()
        yield from self._comments(since) if self.options.comments else ()

    def _questions(self, since: datetime) -> Iterator[Batch]:
        threads = self.window.now - self.options.threads_for - self.window.look_back
        active_since = min(since, threads) if self.options.comments else since
        asked = self.question | {"sort": "activity", "order": "desc", "min": int(active_since.timestamp())}
        for items in self._pages("/search/advanced", asked):
            for item in items:
                number, active = str(item.get("question_id")), instant(item.get("last_activity_date"))
                self.active |= {number: active} if active else {}
                self.question_of[number] = number
                self.answered |= {number} if item.get("answer_count") != 0 else set()
            yield understood(items, self._read, "questions")

    def _answers(self) -> Iterator[Batch]:
        for ids in _chunks(sorted(self.answered)):
            for items in self._pages(f"/questions/{ids}/answers", {"sort": "activity", "order": "desc"}):
                self.question_of |= {str(item.get("answer_id")): str(item.get("question_id")) for item in items}
                yield understood(items, self._read, "answers")

    def _comments(self, since: datetime) -> Iterator[Batch]:
        for ids in _chunks(sorted(self.question_of)):
            asked = {"sort": "creation", "order": "desc", "fromdate": int(since.timestamp())}
            for items in self._pages(f"/posts/{ids}/comments", asked):
                yield understood(items, self._comment, "comments")

    def _comment(self, item: Json) -> Mention | None:
        """Return a comment; None where it came so late that the next run may not look below its question any more."""
        mention = self._read(item)
        active = self.active.get(self.question_of.get(str(item.get("post_id")), ""))
        late = active is not None and mention.said_at > active + self.options.threads_for
        return None if late and mention.said_at > self.window.since else mention

    def _read(self, item: Json) -> Mention:
        return to_mention(item, self.options.site, self.question_of, self.ours)

    def _pages(self, path: str, asked: Json) -> Iterator[list[Json]]:
        before: list[Json] = []
        number = 0
        while True:
            number += 1
            body = ask(self.client, self.options.site, path, asked | {"page": number, "pagesize": _SIZE, "filter": "withbody"})
            items = listed(self.client, body, "items")
            yield items
            if not body.get("has_more") or not items or items == before:
                return
            before = items


def _chunks(ids: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(ids), _SIZE):
        yield ";".join(ids[start : start + _SIZE])
