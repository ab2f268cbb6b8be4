"""Answer a status, as public or as private as it was said."""

from desk.source import Source
from listeners.contract import Receipt, ReplyTo
from listeners.http import Client

CHARACTERS = 500


def reply(client: Client, _source: Source, to: ReplyTo, text: str, key: str) -> Receipt:
    """Send *text* below the mention; the same *key* again is the same status again (Mastodon's Idempotency-Key)."""
    status_id = to.native_id.rpartition("/")[2]
    visibility = client.get_json(f"/api/v1/statuses/{status_id}").get("visibility", "public")
    greeting = "" if not to.handle or text.startswith(f"@{to.handle}") else f"@{to.handle} "
    body = {"status": greeting + text, "in_reply_to_id": status_id, "visibility": visibility}
    sent = client.post_json("/api/v1/statuses", body, key=key)
    return Receipt(f"{to.native_id.rpartition('/')[0]}/{sent['id']}", sent.get("url"), body["status"])
