"""The walk: the newest posts first, 50 at a time, back to what is known; filtered by category or word.

Verified against Discourse's own source (posts_controller.rb, latest_posts_query.rb): ``before`` is the number of a post.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from desk.mention import Mention
from desk.source import Source
from listeners.access import needed
from listeners.batches import Batch, understood
from listeners.contract import Cursor, Page, Window
from listeners.discourse.posts import Forum, Options, read
from listeners.http import Client
from listeners.paging import Json, listed
from listeners.times import instant
from listeners.walks import gathered

_SIZE, _GAPS = 50, 3
"""Posts on a page, and how often an empty page is looked behind: old forums page by ids, which may be missing."""
_TALKED_ABOUT = timedelta(days=30)
"""How long a topic is followed in which a word was found."""


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield what was said since *cursor*, oldest first, then what changed or is gone within the look back."""
    options = Options.model_validate(source.options)
    forum = Forum(client.base_url, client.host, options)
    streams: dict[str, Callable[[datetime], Iterator[Batch]]] = {}
    if options.everything or options.categories or options.queries:
        streams["posts"] = lambda _since: _newest(client, "/posts.json", "latest_posts", _filtered(client, forum, window))
    if options.direct:
        needed(client.secrets, "token")
        streams["direct"] = lambda _since: _newest(
            client, "/private-posts.json", "private_posts", lambda post: read(post, forum, True)
        )
    return gathered(streams, cursor, window)


def _newest(client: Client, path: str, key: str, read: Callable[[Json], Mention | None]) -> Iterator[Batch]:
    """Yield posts, the newest first; ``before`` is the lowest number that was seen."""
    before, gaps = 0, 0
    while gaps <= _GAPS:
        posts = listed(client, client.get_json(path, {"before": before} if before else {}), key)
        posts = [post for post in posts if not before or _number(post) < before]
        batch = understood(posts, read, path.strip("/"))
        said = [at for post in posts if (at := instant(post.get("created_at")))]  # an imported post may be older than its number
        yield replace(batch, last=max(said, default=None))
        lowest = min(filter(None, map(_number, posts)), default=0)
        before, gaps = (lowest, 0) if lowest else (before - _SIZE, gaps + 1)
        if before <= 1:
            return


def _number(post: Json) -> int:
    return int(post["id"]) if str(post.get("id", "")).isdigit() else 0


def _filtered(client: Client, forum: Forum, window: Window) -> Callable[[Json], Mention | None]:
    """Return what reads the posts that are meant: of a category, with a word, in a topic where one was found, known already."""
    options = forum.options
    words = [query.lower() for query in options.queries]
    topics = {topic for query in options.queries for topic in _topics(client, query, window.now - _TALKED_ABOUT)}

    def meant(post: Json) -> Mention | None:
        mention = read(post, forum, False)
        if mention is None or options.everything or mention.native_id in window.known:
            return mention
        said = f"{post.get('topic_title') or ''} {mention.text}".lower()
        wanted = post.get("category_id") in options.categories or str(post.get("topic_id")) in topics
        return mention if wanted or any(word in said for word in words) else None

    return meant


def _topics(client: Client, query: str, since: datetime) -> set[str]:
    """Return the topics in which the forum's search finds *query*."""
    found = client.get_json("/search.json", {"q": f"{query} after:{since:%Y-%m-%d} order:latest"})
    return {str(post.get("topic_id")) for post in listed(client, found, "posts")}
