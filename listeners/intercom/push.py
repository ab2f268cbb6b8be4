"""What Intercom delivers by itself: signed, no older than minutes, and the same mentions as a pull would bring."""

import json
from collections.abc import Mapping
from datetime import datetime

from desk.mention import Mention
from desk.source import Source
from listeners.contract import Broken, Page, Push
from listeners.intercom.api import Here, Options
from listeners.intercom.conversations import mentions_of
from listeners.paging import pick
from listeners.signatures import fresh, matches


def _signed(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: datetime) -> bool:
    """Check X-Hub-Signature, the HMAC-SHA1 of the body under the app's client secret ("Webhook notifications")."""
    given = headers.get("x-hub-signature", "").removeprefix("sha1=")
    if not matches(given, secrets.get("client_secret", "").encode(), body, digest="sha1"):
        return False
    try:
        return fresh(json.loads(body).get("created_at"), now)
    except (ValueError, AttributeError):
        return False


def _delivery(source: Source, body: bytes, _now: datetime) -> Page:
    """Return what was said in the conversation of a delivery; a ping says nothing."""
    options = Options.model_validate(source.options)
    event = json.loads(body)
    item = pick(event, "data.item", {})
    if item.get("type") != "conversation":
        return Page()
    here = Here(workspace=str(event.get("app_id", "")), region=options.region, ratings=options.ratings)
    batch = mentions_of(item, here)
    broken = tuple(one for one in batch.found if isinstance(one, Broken))
    return Page(tuple(one for one in batch.found if isinstance(one, Mention)), deleted=batch.deleted, broken=broken)


PUSH = Push(signed=_signed, read=_delivery)
