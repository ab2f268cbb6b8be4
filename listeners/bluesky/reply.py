"""Answer on Bluesky, publicly below a post or in a direct conversation, and look whether that was done already."""

import re
from datetime import datetime
from typing import Any

from desk.errors import SourceGone
from desk.source import Source
from listeners.bluesky.chat import asked, native
from listeners.bluesky.posts import author_of, key_of, link
from listeners.bluesky.session import CHAT, Me, me
from listeners.contract import Receipt, ReplyTo
from listeners.http import Client
from listeners.paging import body_of, listed, pick
from listeners.times import instant

Json = dict[str, Any]
CHARACTERS, CHARACTERS_DIRECT = 300, 1000
"""Graphemes that a post and a direct message hold (app.bsky.feed.post, chat.bsky.convo.defs); characters are never fewer."""
_LATEST = 50


def reply(client: Client, _source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Send *text* below a post, or into a direct conversation."""
    who = me(client)
    return _write(client, who, to, text) if to.kind == "dm" else _post(client, who, to, text)


def look(client: Client, _source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Return our own answer *text* of *since* or later, None where there is none."""
    who = me(client)
    return _written(client, who, to, text, since) if to.kind == "dm" else _posted(client, who, to, text, since)


def _post(client: Client, who: Me, to: ReplyTo, text: str) -> Receipt:
    """An answer names the post above it and the one that began the thread (app.bsky.feed.post, "replyRef")."""
    wanted = {"repo": author_of(to.native_id), "collection": "app.bsky.feed.post", "rkey": key_of(to.native_id)}
    try:
        above = client.get_json("/xrpc/com.atproto.repo.getRecord", wanted)
    except SourceGone as error:
        advice = "it was deleted; close the ticket"
        raise SourceGone("the post that is to be answered is not there any more", advice=advice) from error
    parent = {"uri": above["uri"], "cid": above["cid"]}
    record: Json = {
        "$type": "app.bsky.feed.post",
        "text": text,
        "createdAt": client.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "reply": {"root": pick(above, "value.reply.root") or parent, "parent": parent},
    }
    record |= {"facets": facets} if (facets := _links(text)) else {}
    body = {"repo": who.did, "collection": "app.bsky.feed.post", "record": record}
    sent = body_of(client, client.send("POST", "/xrpc/com.atproto.repo.createRecord", json=body))
    return Receipt(sent["uri"], link(sent["uri"], who.handle))


def _links(text: str) -> list[Json]:
    """Return what makes the addresses in *text* clickable; positions count bytes of UTF-8 (app.bsky.richtext.facet)."""
    found = []
    for match in re.finditer(r"https?://[^\s<>]*[^\s<>.,;:!?\"')\]]", text):
        start = len(text[: match.start()].encode())
        feature = {"$type": "app.bsky.richtext.facet#link", "uri": match[0]}
        found.append({"index": {"byteStart": start, "byteEnd": start + len(match[0].encode())}, "features": [feature]})
    return found


def _posted(client: Client, who: Me, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Look into our own repository, which knows a post at once (app.bsky's lists come later)."""
    wanted = {"repo": who.did, "collection": "app.bsky.feed.post", "limit": _LATEST}
    for record in listed(client, client.get_json("/xrpc/com.atproto.repo.listRecords", wanted), "records"):
        value = record.get("value") or {}
        written = instant(value.get("createdAt"))
        below = pick(value, "reply.parent.uri") == to.native_id
        if (
            below
            and (value.get("text") or "").strip() == text.strip()
            and written
            and written >= since
            and author_of(record["uri"]) == who.did
        ):
            return Receipt(record["uri"], link(record["uri"], who.handle))
    return None


def _write(client: Client, who: Me, to: ReplyTo, text: str) -> Receipt:
    convo = to.conversation.removeprefix("dm/")
    body = {"convoId": convo, "message": {"text": text}}
    address = client.at(f"{who.home}/xrpc/chat.bsky.convo.sendMessage")
    sent = body_of(client, client.send("POST", address, json=body, headers=CHAT))
    return Receipt(native(convo, sent["id"]), f"https://bsky.app/messages/{convo}")


def _written(client: Client, who: Me, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    convo = to.conversation.removeprefix("dm/")
    for message in listed(client, asked(client, who, "getMessages", convoId=convo, limit=_LATEST), "messages"):
        sent_at = instant(message.get("sentAt"))
        ours = pick(message, "sender.did") == who.did
        if ours and (message.get("text") or "").strip() == text.strip() and sent_at and sent_at >= since:
            return Receipt(native(convo, message["id"]), f"https://bsky.app/messages/{convo}")
    return None
