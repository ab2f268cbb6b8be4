"""Answer by a comment, for that is how a post is talked to, and look whether one is there already."""

from datetime import datetime

from desk.errors import SourceGarbled
from desk.source import Source
from listeners.access import needed
from listeners.contract import Receipt, ReplyTo
from listeners.http import Client
from listeners.paging import body_of, listed, pick
from listeners.plain import same_words
from listeners.stack_exchange.asking import ask, me
from listeners.stack_exchange.posts import to_mention
from listeners.stack_exchange.threads import Options

CHARACTERS = 600
"""Characters of a comment; 15 at least."""
_SIZE = 100


def reply(client: Client, source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Comment below the post, or below the post that the answered comment belongs to; needs a token with write_access."""
    token, key = needed(client.secrets, "token", "key")
    site = Options.model_validate(source.options).site
    addressed = _addressed(to, text)
    form = {"site": site, "body": addressed, "filter": "withbody", "access_token": token, "key": key}
    sent = client.send("POST", f"/2.3/posts/{_post_of(to)}/comments/add", form=form)
    made = pick(body_of(client, sent, sent=True), "items.0")
    if not isinstance(made, dict) or "comment_id" not in made:
        raise SourceGarbled(f"{client.host} did not say which comment it made", uncertain=True)
    return Receipt(f"{site}/comment/{made['comment_id']}", made.get("link"), addressed)


def look(client: Client, source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Look for our comment below the post."""
    options = Options.model_validate(source.options)
    ours, wanted = frozenset(options.accounts) | me(client, options.site), _addressed(to, text)
    asked = {"fromdate": int(since.timestamp()), "sort": "creation", "pagesize": _SIZE, "filter": "withbody"}
    for item in listed(client, ask(client, options.site, f"/posts/{_post_of(to)}/comments", asked), "items"):
        mention = to_mention(item, options.site, None, ours)
        if mention.ours and same_words(mention.text, wanted):
            return Receipt(mention.native_id, mention.url)
    return None


def _post_of(to: ReplyTo) -> str:
    return (to.parent if "/comment/" in to.native_id else to.native_id).rpartition("/")[2]


def _addressed(to: ReplyTo, text: str) -> str:
    """Begin with the name where a comment is answered, so that its author is told."""
    name = to.handle.replace(" ", "")
    return f"@{name} {text}" if "/comment/" in to.native_id and name and not text.startswith("@") else text
