"""What Facebook delivers: the fields `feed` (posts and comments) and `messages` of a page.

A delivery is brought into the shape that a pull gives, and read by the same functions. It does not say who wrote the post above a
comment: one on the page is ours unless Facebook calls it a post on somebody's wall (status_type "wall_post").
"""

from datetime import datetime
from functools import partial

from desk.source import Source
from listeners import meta_messages
from listeners.contract import Page, Push
from listeners.facebook.said import PLATFORM, comment_to_mention, post_to_mention, thread_of
from listeners.facebook.streams import Options
from listeners.meta_messages import is_us
from listeners.meta_push import COMES_AGAIN, Delivery, changes, entries, handshake, signed_within
from listeners.paging import Json, pick

_POSTS = ("post", "status", "photo", "video", "share", "album", "note")
_EDITED = ("edited", "edit", "update")
_SAID = ("add", *_EDITED)
"""Hiding and showing again, too, are delivered, without the words."""


def read(source: Source, body: bytes, _now: datetime) -> Page:
    """Return what a delivery holds for this page."""
    options, delivery = Options.model_validate(source.options), Delivery()
    for entry in entries(body, "page"):
        if str(entry.get("id")) != options.page:
            continue
        for _field, value in changes(entry, ("feed",)):
            _feed(delivery, options, {**value, "edited_at": entry.get("time") if value.get("verb") in _EDITED else None})
        for event in (entry.get("messaging") or []) if options.messages else []:
            delivery.gone(meta_messages.taken_back(event))
            read_message = partial(meta_messages.to_mention, platform=PLATFORM, us={options.page})
            delivery.read(meta_messages.delivered(event), read_message, "delivered message")
    return delivery.page()


def _feed(delivery: Delivery, options: Options, value: Json) -> None:
    if value.get("verb") == "remove":
        delivery.gone(value.get("comment_id") if value.get("item") == "comment" else value.get("post_id"))
    elif value.get("verb") not in _SAID:
        return
    elif value.get("item") == "comment" and options.comments:
        thread = thread_of({"id": value.get("post_id"), "from": _above(options, value)}, options.page)
        delivery.read(_comment(value), partial(comment_to_mention, page=options.page, thread=thread), "delivered comment")
    elif value.get("item") in _POSTS and options.visitors and not is_us(value.get("from") or {}, {options.page}):
        delivery.read(_post(value), partial(post_to_mention, page=options.page), "delivered post")


def _above(options: Options, value: Json) -> Json | None:
    """Return who wrote the post, as far as can be told: the page, or somebody else."""
    on_the_page = str(value.get("post_id")).partition("_")[0] == options.page
    return {"id": options.page} if on_the_page and pick(value, "post.status_type") != "wall_post" else None


def _comment(value: Json) -> Json:
    """Return a comment as a pull gives it."""
    above = value.get("parent_id")
    link = value.get("photo") or value.get("video")
    return {
        "id": value.get("comment_id"),
        "message": value.get("message"),
        "created_time": value.get("created_time"),
        "edited_at": value.get("edited_at"),
        "from": value.get("from"),
        "parent": {"id": above} if above and above != value.get("post_id") else None,
        "attachment": {"url": link} if link else None,
    }


def _post(value: Json) -> Json:
    links = [value.get("link"), *(value.get("photos") or ())]
    return {
        "id": value.get("post_id"),
        "message": value.get("message"),
        "created_time": value.get("created_time"),
        "edited_at": value.get("edited_at"),
        "from": value.get("from"),
        "permalink_url": pick(value, "post.permalink_url"),
        "attachments": {"data": [{"url": link} for link in links if link]},
    }


PUSH = Push(signed=signed_within(COMES_AGAIN), read=read, handshake=handshake)
