"""How TikTok delivers by itself: comment.update ("Subscribe to comment updates", "Verify webhook signatures").

A delivery does not say whether the account itself speaks, so that replies, most of which are ours, wait for the next reading.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from desk.errors import NotUnderstood
from desk.mention import Mention
from desk.source import Source
from listeners.batches import understood
from listeners.contract import Broken, Page, Push
from listeners.paging import Json
from listeners.signatures import fresh, matches
from listeners.tiktok.comments import native, to_mention
from listeners.tiktok.streams import Options
from listeners.times import instant

_SHOWN = ("insert", "set_to_public")


def signed(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: datetime) -> bool:
    """Say whether a delivery is genuine and fresh: "t=<seconds>,s=<HMAC of seconds, a dot and the body>"."""
    parts = dict(part.strip().partition("=")[::2] for part in headers.get("tiktok-signature", "").split(","))
    said, given = parts.get("t", ""), parts.get("s", "")
    secret = secrets.get("client_secret", "").encode()
    return matches(given, secret, f"{said}.".encode() + body) and fresh(said, now)


def read(source: Source, body: bytes, _now: datetime) -> Page:
    """Turn a genuine delivery into a page: a new comment, or one that is gone."""
    told = _told(body)
    if told.get("event") != "comment.update" or told.get("user_openid") != Options.model_validate(source.options).business_id:
        return Page()
    about = _object(told.get("content"))
    if about.get("comment_action") == "delete":
        return Page(deleted=(native(about["video_id"], about["comment_id"]),))
    found = understood([about], _new_comment, "delivery").found
    return Page(
        tuple(one for one in found if isinstance(one, Mention)), broken=tuple(one for one in found if isinstance(one, Broken))
    )


def _new_comment(about: Json) -> Mention | None:
    if about["comment_action"] not in _SHOWN or about.get("comment_type") != "comment" or not about.get("text"):
        return None
    moment = instant(about["timestamp"])
    return to_mention({**about, "create_time": moment.replace(microsecond=0) if moment else None})


def _told(body: bytes) -> Json:
    try:
        return _object(body)
    except ValueError as error:
        raise NotUnderstood("a delivery that is no JSON") from error


def _object(text: object) -> Json:
    """Return the object in a text: TikTok puts what happened into the delivery as a text of its own."""
    found = json.loads(text) if isinstance(text, str | bytes) else text
    return found if isinstance(found, dict) else {}


PUSH = Push(signed=signed, read=read)
