"""Answer a post, a comment, a private message or a modmail, and look whether an answer is there already."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from desk.errors import SourceGarbled
from desk.source import Source
from listeners.access import needed
from listeners.contract import Receipt, ReplyTo
from listeners.http import Client
from listeners.reddit.said import Options, mail_to_mention, to_mention
from listeners.reddit.through import LISTED, mail, message, pages, reddit, shape, translated

CHARACTERS = 10_000
"""The longest comment and the longest message."""


def reply(client: Client, _source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Answer below the post or comment, or in the dialogue."""
    if "password" not in client.secrets:
        needed(client.secrets, "refresh_token")
    found = reddit(client)
    with translated(client):
        if to.native_id.startswith("modmail/"):
            conversation = found.subreddit("mod").modmail(to.conversation.rpartition("/")[2])
            return Receipt(f"{to.conversation}/{conversation.reply(body=text).id}")
        made = _answered(found, to.native_id).reply(text)
    if made is None:  # below a quarantined post Reddit takes an answer and does not say which it is (praw docs "reply")
        raise SourceGarbled(f"{client.host} took the answer, but did not say which comment it is", uncertain=True)
    mention = to_mention(shape(made))
    return Receipt(shape(made)["fullname"], mention.url if mention else None)


def _answered(found: Any, native_id: str) -> Any:
    """Return what is answered, without asking for it."""
    kind, _, number = native_id.partition("_")
    if kind == "t4":
        return message(found, number)
    return found.submission(number) if kind == "t3" else found.comment(number)


def look(client: Client, source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Look for our answer among what our account said since a moment, the newest first."""
    found, options = reddit(client), Options.model_validate(source.options)
    if to.native_id.startswith("modmail/"):
        conversation = found.subreddit("mod").modmail(to.conversation.rpartition("/")[2])
        with translated(client):
            said = [mail_to_mention(one) for one in mail(conversation)]
        there = [one for one in said if one and one.ours and one.said_at >= since and one.text == text.strip()]
        return Receipt(there[0].native_id, there[0].url) if there else None
    with translated(client):
        name = options.username or str(found.user.me())
    private = to.native_id.startswith("t4_")
    return _among(client, found.inbox.sent(**LISTED) if private else found.redditor(name).comments.new(**LISTED), to, text, since)


def _among(client: Client, listing: Iterable[Any], to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    for things in pages(client, listing):
        for one in (to_mention(shape(thing)) for thing in things):
            if one is None:
                continue
            if one.said_at < since:
                return None
            if one.parent == to.native_id and one.text == text.strip():
                return Receipt(one.native_id, one.url)
    return None
