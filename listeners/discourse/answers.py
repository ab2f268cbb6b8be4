"""Answer in a topic or a private message, and look whether an answer is there already."""

from datetime import datetime, timedelta

import httpx

from desk.errors import FateUnknown, SourceBusy, SourceError
from desk.source import Source
from listeners.access import needed
from listeners.contract import Receipt, ReplyTo
from listeners.discourse.posts import Forum, Options, to_mention
from listeners.http import Client
from listeners.paging import body_of, listed, pick
from listeners.plain import same_words

CHARACTERS = 32_000
"""The longest post, where the forum has not changed its setting max_post_length."""
_LAST = 50
"""How many posts at the end of a topic are looked through."""


def reply(client: Client, _source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Answer the post in its topic; a private message is answered in its own."""
    needed(client.secrets, "token")
    host, topic, number = to.native_id.rsplit("/", 2)
    body = {"topic_id": int(topic), "raw": text} | ({"reply_to_post_number": int(number)} if number != "1" else {})
    sent = body_of(client, client.send("POST", "/posts.json", json=body), sent=True)
    if sent.get("action") == "enqueued":
        advice = "approve it in the forum's review queue, or let the forum trust this user"
        raise FateUnknown("the forum holds the answer back until a moderator approves it", advice=advice)
    mention = to_mention(sent.get("post") or sent, client.base_url, host)
    return Receipt(mention.native_id, mention.url)


def look(client: Client, source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Look for our answer among the last posts of the topic."""
    host, topic, _ = to.native_id.rsplit("/", 2)
    forum = Forum(client.base_url, host, Options.model_validate(source.options))
    every = pick(client.get_json(f"/t/{topic}.json"), "post_stream.stream", [])
    asked = {"post_ids[]": every[-_LAST:], "include_raw": "true"}
    for post in listed(client, client.get_json(f"/t/{topic}/posts.json", asked), "post_stream.posts"):
        mention = to_mention(post, forum.url, host)
        said = post["raw"] if isinstance(post.get("raw"), str) else mention.text
        if forum.is_ours(post) and mention.said_at >= since and same_words(said, text):
            return Receipt(mention.native_id, mention.url)
    return None


def refusal(response: httpx.Response, now: datetime) -> SourceError | None:
    """Read what Discourse says to refuse: how many seconds to wait, or what is wrong with an answer."""
    try:
        body = response.json() if response.status_code in (422, 429) else None
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    said = f"the forum says: {' '.join(map(str, body.get('errors') or ()))}"
    wait = pick(body, "extras.wait_seconds")
    if wait is not None:
        return SourceBusy(said, retry_at=now + timedelta(seconds=float(wait)))
    if response.status_code == 422:
        return SourceError(said, advice="change the answer, or write it in the forum itself")
    return None
