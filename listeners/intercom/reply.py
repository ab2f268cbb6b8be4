"""Answer in Intercom as a teammate, and look whether that was done already."""

import html
from datetime import datetime
from typing import Any

from desk.source import Source
from listeners.contract import Receipt, ReplyTo
from listeners.http import Client
from listeners.intercom.api import Here, at, here_of
from listeners.intercom.conversations import native
from listeners.intercom.streams import whole_of
from listeners.paging import body_of, pick
from listeners.plain import plain
from listeners.times import instant

Json = dict[str, Any]


def reply(client: Client, source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Send *text* to the customer, in the name of the teammate whose token it is."""
    here = here_of(client, source)
    body = {"message_type": "comment", "type": "admin", "admin_id": here.admin, "body": _as_html(text)}
    address = at(client, here.region, f"/conversations/{to.conversation}/reply")
    sent = body_of(client, client.send("POST", address, json=body))
    return Receipt(native(to.conversation, _ours(sent, here)[-1]["id"]), here.link(to.conversation))


def look(client: Client, source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Return our own answer *text* of *since* or later, None where there is none."""
    here = here_of(client, source)
    whole = whole_of(client, here, {"id": to.conversation}) or {}
    for part in reversed(_ours(whole, here)):
        said_at = instant(part.get("created_at"))
        if said_at and said_at >= since.replace(microsecond=0) and plain(part.get("body") or "").split() == text.split():
            return Receipt(native(to.conversation, part["id"]), here.link(to.conversation))
    return None


def _ours(conversation: Json, here: Here) -> list[Json]:
    parts = pick(conversation, "conversation_parts.conversation_parts", [])
    return [part for part in parts if str(pick(part, "author.id")) == here.admin and not part["part_type"].startswith("note")]


def _as_html(text: str) -> str:
    return html.escape(text, quote=False).replace("\n", "<br>")
