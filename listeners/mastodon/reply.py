"""Answer a status, as public or as private as it was said."""

from datetime import datetime
from typing import Any

from desk.errors import FateUnknown
from desk.source import Source
from listeners.contract import Receipt, ReplyTo
from listeners.http import Client
from listeners.paging import listed, pick
from listeners.plain import plain
from listeners.times import instant

CHARACTERS = 500


def reply(client: Client, _source: Source, to: ReplyTo, text: str, key: str) -> Receipt:
    """Send *text* below the mention; the same *key* again is the same status again (Mastodon's Idempotency-Key)."""
    status_id = to.native_id.rpartition("/")[2]
    visibility = client.get_json(f"/api/v1/statuses/{status_id}").get("visibility", "public")
    body = {"status": _worded(to, text), "in_reply_to_id": status_id, "visibility": visibility}
    sent = client.post_json("/api/v1/statuses", body, key=key)
    return _receipt(to, sent, body["status"])


def look(client: Client, _source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Return our answer below the mention since then: needed where the server has forgotten the key, after an hour.

    Raises FateUnknown where we answered in other words: the server may show ours otherwise, or somebody else wrote there.
    """
    status_id = to.native_id.rpartition("/")[2]
    us = str(client.get_json("/api/v1/accounts/verify_credentials")["id"])
    below = listed(client, client.get_json(f"/api/v1/statuses/{status_id}/context"), "descendants")
    ours = [one for one in below if str(pick(one, "account.id")) == us and str(one.get("in_reply_to_id")) == status_id]
    later = [one for one in ours if (said_at := instant(one.get("created_at"))) and said_at >= since]
    for one in later:
        shown = plain(one.get("content") or "")
        if _words(shown) == _words(text):
            return _receipt(to, one, shown)
    if later:
        raise FateUnknown("there is an answer of this account in other words")
    return None


def _worded(to: ReplyTo, text: str) -> str:
    return text if not to.handle or text.startswith(f"@{to.handle}") else f"@{to.handle} {text}"


def _words(text: str) -> list[str]:
    """Return the words after the greeting: a server shows the account that it names without its own server."""
    words = text.split()
    while words and words[0].startswith("@"):
        del words[0]
    return words


def _receipt(to: ReplyTo, status: dict[str, Any], text: str) -> Receipt:
    return Receipt(f"{to.native_id.rpartition('/')[0]}/{status['id']}", status.get("url"), text)
