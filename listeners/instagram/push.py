"""What Instagram delivers: the fields `comments`, `mentions` and `messages`, read by the same functions as what is pulled.

A mention is delivered as a number only; its words come with the next pull.
"""

from datetime import datetime
from functools import partial

from desk.mention import Mention
from desk.source import Source
from listeners import meta_messages
from listeners.contract import Page, Push
from listeners.graph import when
from listeners.instagram.options import Options
from listeners.instagram.said import PLATFORM, comment_to_mention, media_to_mention, mentioned_comment, us
from listeners.meta_push import COMES_AGAIN, Delivery, changes, entries, handshake, signed_within
from listeners.paging import Json, pick

_COMMENTS = ("comments", "live_comments")


def read(source: Source, body: bytes, now: datetime) -> Page:
    """Return what a delivery holds for this account."""
    options, delivery = Options.model_validate(source.options), Delivery()
    for entry in entries(body, "instagram"):
        account = str(entry.get("id"))
        if options.account not in ("me", account):
            continue
        ours = us(options) | {account}
        for field, value in changes(entry, (*_COMMENTS, "mentions")):
            said = {**value, "timestamp": entry.get("time") or now.timestamp()}
            if field == "mentions":
                delivery.read(said, _mention, "delivered mention")
            elif options.comments:
                delivery.read(said, partial(comment_to_mention, media=pick(value, "media", {}), ours=ours), "delivered comment")
        for event in (entry.get("messaging") or []) if options.messages else []:
            delivery.gone(meta_messages.taken_back(event))
            read_message = partial(meta_messages.to_mention, platform=PLATFORM, us=ours)
            delivery.read(meta_messages.delivered(event), read_message, "delivered message")
    return delivery.page()


def _mention(value: Json) -> Mention:
    """Return a mention without words: in a comment, or in what is written below a picture."""
    when(value["timestamp"])
    if value.get("comment_id"):
        return mentioned_comment({**value, "id": value["comment_id"]}, {"id": value.get("media_id")})
    return media_to_mention({**value, "id": value["media_id"]})


PUSH = Push(signed=signed_within(COMES_AGAIN), read=read, handshake=handshake)
