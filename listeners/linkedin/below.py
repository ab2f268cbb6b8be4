"""Read the comments below posts, where their number has changed, and look up those that were heard lately."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from desk.errors import SourceDenied, SourceGone
from desk.mention import Mention
from listeners.batches import Batch, understood
from listeners.contract import Broken, Page
from listeners.http import Client
from listeners.linkedin.comments import amount, to_mention, urn_of
from listeners.linkedin.urns import encoded, number_of, post_of
from listeners.paging import Json, listed, pick
from listeners.recount import Recount
from listeners.times import instant

_AT_ONCE = 100
_LOOKED_UP = 50
_MOST = 200
_FINDER = {"X-RestLi-Method": "FINDER"}


def pages(client: Client, path: str, query: str = "") -> Iterator[list[Json]]:
    """Walk a list by its offset, to where LinkedIn names no next page and this one is not full (it may be short in between)."""
    before: list[Json] = []
    for number in range(_MOST):
        asked = f"start={number * _AT_ONCE}&count={_AT_ONCE}"  # parentheses of a list in the query must stay as they are
        body = client.get_json(f"{path}?{query}&{asked}" if query else f"{path}?{asked}", headers=_FINDER if query else None)
        found = listed(client, body, "elements")
        if not found or found == before:
            return
        yield found
        following = any(one.get("rel") == "next" for one in pick(body, "paging.links", []))
        if not following and len(found) < _AT_ONCE:
            return
        before = found


@dataclass
class Below:
    """The comments of one run, below the posts of *page* that were made since a moment."""

    client: Client
    page: str
    recount: Recount
    made_since: datetime
    torn: set[str] = field(default_factory=set)
    """Posts that could not be read whole."""

    def newest(self, _since: datetime) -> Iterator[Batch]:
        """Yield the comments of each post whose number has changed."""
        for post, number in self._numbers(self.made_since):
            if self.recount.due(post, number):
                with suppress(SourceGone):  # deleted between the list and the question
                    yield from self._comments(post)
                    if post not in self.torn:
                        self.recount.read(post, number)

    def _numbers(self, since: datetime) -> Iterator[tuple[str, int]]:
        """Yield the page's posts since a moment, each with its number of comments."""
        query = f"q=author&author={encoded(self.page)}&sortBy=CREATED"
        for posts in pages(self.client, "/posts", query):
            young = [str(one.get("id")) for one in posts if (instant(one.get("createdAt")) or since) >= since]
            for start in range(0, len(young), _LOOKED_UP):
                yield from self._summaries(young[start : start + _LOOKED_UP])
            if len(young) < len(posts):
                return

    def _summaries(self, posts: list[str]) -> Iterator[tuple[str, int]]:
        """Ask for several at once; apps in the development tier may not, and ask one by one."""
        try:
            body = self.client.get_json(f"/socialActions?ids=List({','.join(encoded(post) for post in posts)})")
            results = pick(body, "results", {})
            yield from ((post, amount(results[post])) for post in posts if post in results)
        except SourceDenied:
            for post in posts:
                yield post, amount(self.client.get_json(f"/socialActions/{encoded(post)}"))

    def _comments(self, post: str) -> Iterator[Batch]:
        """Yield the comments below a post, and the replies below each."""
        for comments in pages(self.client, f"/socialActions/{encoded(post)}/comments"):
            yield self._understood(comments, f"comments of {post}")
            for comment in (one for one in comments if "id" in one and "object" in one):
                self.recount.read(post_of(urn_of(comment)), 1, within=post)  # the post's other name, by which comments know it
                try:
                    yield from self._replies(comment, post)
                except SourceGone:
                    self.torn.add(post)

    def _replies(self, comment: Json, post: str) -> Iterator[Batch]:
        number = amount(comment)
        if not number:
            return
        urn = urn_of(comment)
        if not self.recount.due(urn, number, within=post):
            return
        for replies in pages(self.client, f"/socialActions/{encoded(urn)}/comments"):
            yield self._understood([{"parentComment": urn, **one} for one in replies], f"replies of {urn}")
        self.recount.read(urn, number, within=post)

    def _understood(self, comments: list[Json], place: str) -> Batch:
        return self.recount.fresh(understood(comments, partial(to_mention, ours=self.page), place))


def looked_up(client: Client, page: str, recount: Recount, native_ids: list[str]) -> Iterator[Page]:
    """Yield which of these comments were edited, and which are gone."""
    for post in sorted({post_of(one) for one in native_ids}):
        below = [one for one in native_ids if post_of(one) == post]
        for start in range(0, len(below), _LOOKED_UP):
            some = below[start : start + _LOOKED_UP]
            there, gone = _there(client, post, {number_of(one): one for one in some})
            found = understood(there, partial(to_mention, ours=page), f"comments of {post}").found
            edited = tuple(one for one in found if isinstance(one, Mention) and one.edited_at)
            broken = tuple(one for one in found if isinstance(one, Broken))
            if edited or broken or gone:
                cursor = recount.forgetting([post]) if gone else None
                yield Page(edited, cursor, deleted=tuple(gone), broken=broken)


def _there(client: Client, post: str, wanted: Mapping[str, str]) -> tuple[list[Any], list[str]]:
    """Return those of a post's comments that are there, and the names of those that are not (by their numbers in *wanted*)."""
    path = f"/socialActions/{encoded(post)}/comments"
    try:
        body = client.get_json(f"{path}?ids=List({','.join(wanted)})")
        found, errors = pick(body, "results", {}), pick(body, "errors", {})
    except SourceGone:
        return [], list(wanted.values())
    except SourceDenied:  # the development tier asks one by one
        found, errors = _one_by_one(client, path, wanted), {}
    unclear = {number for number, error in errors.items() if pick(error, "status") not in (404, 410)}
    return list(found.values()), [name for number, name in wanted.items() if number not in found and number not in unclear]


def _one_by_one(client: Client, path: str, numbers: Iterable[str]) -> dict[str, Any]:
    found = {}
    for number in numbers:
        with suppress(SourceGone):
            found[number] = client.get_json(f"{path}/{number}")
    return found
