"""Discussions with their comments and replies: GitHub's GraphQL API, the only one that shows them.

They are listed by what was changed last, the newest first: read back to a moment, handed on oldest first. Ids are node ids.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from desk.errors import NotUnderstood
from desk.mention import Mention
from listeners.batches import Batch, understood
from listeners.github.issues import PLATFORM, author, is_ours, pictures, readable
from listeners.http import Client
from listeners.paging import Json, listed, pick
from listeners.times import instant

_SIZE = 50
_SAID = (
    "id url body createdAt lastEditedAt authorAssociation viewerDidAuthor "
    "author { __typename login url ... on User { databaseId } ... on Bot { databaseId } }"
)
_COMMENTS = f"pageInfo {{ hasNextPage endCursor }} nodes {{ {_SAID} replies(last: {_SIZE}) {{ nodes {{ {_SAID} }} }} }}"
_LIST = f"""query($owner: String!, $name: String!, $after: String) {{ repository(owner: $owner, name: $name) {{
  discussions(first: {_SIZE}, after: $after, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{
    pageInfo {{ hasNextPage endCursor }}
    nodes {{ number title updatedAt {_SAID} comments(first: {_SIZE}) {{ {_COMMENTS} }} }} }} }} }}"""
_MORE = f"""query($id: ID!, $after: String) {{ node(id: $id) {{ ... on Discussion {{
  comments(first: {_SIZE}, after: $after) {{ {_COMMENTS} }} }} }} }}"""


def graphql(client: Client) -> str:
    """Return the address of GraphQL: on a company's own server it lies beside the REST API (docs "GitHub Enterprise Server")."""
    return f"{client.base_url.removesuffix('/v3')}/graphql"


def discussed(client: Client, repository: str, read: Callable[[Json], Mention | None], since: datetime) -> Iterator[Batch]:
    """Yield the discussions in which something changed since a moment, each whole, the oldest change first."""
    found: dict[str, Json] = {}
    for nodes in _newest(client, repository):
        found |= {str(node.get("id")): node for node in nodes}
        times = [at for node in nodes if (at := instant(node.get("updatedAt")))]
        if times and min(times) < since:
            break
    young = [node for node in found.values() if (at := instant(node.get("updatedAt"))) is None or at >= since]
    ordered = sorted(young, key=lambda node: instant(node.get("updatedAt")) or since)
    for start in range(0, len(ordered), _SIZE):
        some = ordered[start : start + _SIZE]
        said = [one for node in some for one in _said(client, node)]
        batch = understood(said, read, f"discussions of {repository}")
        yield Batch(batch.found, instant(some[-1].get("updatedAt")) or since)


def _newest(client: Client, repository: str) -> Iterator[list[Json]]:
    owner, _, name = repository.partition("/")
    yield from _pages(client, _LIST, {"owner": owner, "name": name}, "data.repository.discussions", {})


def _pages(client: Client, query: str, names: Json, where: str, page: Json) -> Iterator[list[Json]]:
    """Yield what follows *page* (all, where it is empty); ends where GitHub says so or repeats itself."""
    after, more = pick(page, "pageInfo.endCursor"), True
    while more:
        body = client.ask_json(graphql(client), {"query": query, "variables": {**names, "after": after}})
        nodes, following = listed(client, body, f"{where}.nodes"), pick(body, f"{where}.pageInfo.endCursor")
        yield nodes
        more = bool(nodes and following and following != after and pick(body, f"{where}.pageInfo.hasNextPage"))
        after = following


def _said(client: Client, node: Json) -> Iterator[Json]:
    """Yield a discussion, its comments, and the replies below them, each with what it belongs to and answers."""
    root = node.get("id")
    yield {**node, "root": root}
    first = node.get("comments") or {}
    pages = [first.get("nodes") or []]
    if pick(first, "pageInfo.hasNextPage"):
        pages += _pages(client, _MORE, {"id": root}, "data.node.comments", first)
    for comment in (one for page in pages for one in page):
        yield {**comment, "root": root, "above": root}
        for answer in pick(comment, "replies.nodes", []):
            yield {**answer, "root": root, "above": comment.get("id")}


def to_mention(said: Json, ours: frozenset[str] = frozenset(), *, staff: bool = False) -> Mention:
    """Turn a discussion, a comment or a reply into a Mention; raises NotUnderstood."""
    who, body = said.get("author") or {}, said.get("body") or ""
    if not said.get("id") or not said.get("root"):
        raise NotUnderstood("a discussion without an id")
    by_us = is_ours(who.get("login"), said.get("authorAssociation"), ours, staff=staff)
    return Mention(
        platform=PLATFORM,
        native_id=said["id"],
        conversation=said["root"],
        kind="comment" if said.get("above") else "post",
        title="" if said.get("above") else said.get("title") or "",
        text=readable(body),
        author=author(who.get("login"), who.get("databaseId"), who.get("url")),
        url=said.get("url"),
        parent=said.get("above"),
        said_at=said["createdAt"],
        edited_at=said.get("lastEditedAt"),
        ours=by_us or bool(said.get("viewerDidAuthor")),
        attachments=pictures(body),
    )


def is_bot(said: Json) -> bool:
    """Say whether a program speaks."""
    return pick(said, "author.__typename") == "Bot" or str(pick(said, "author.login")).endswith("[bot]")
