"""A bot's updates, fetched or delivered.

Telegram deletes what it takes for read: an update is confirmed by asking for a later one (Bot API, "getUpdates"). So nothing
later is ever asked for than what stands in the cursor, and the cursor is stored with the page that it follows (guarantee 1).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from desk.errors import SourceBusy, SourceDenied
from desk.mention import Mention
from desk.source import Source
from listeners.batches import Batch, understood
from listeners.contract import Cursor, Page, Push, Window
from listeners.http import Client
from listeners.paging import listed, pick
from listeners.signatures import same
from listeners.telegram.api import bot_of, method
from listeners.telegram.messages import CARRIED, Options, to_mention
from listeners.times import instant
from listeners.walks import onward

_PAGE = 100
_FORGOTTEN = timedelta(days=2)
"""Telegram keeps updates for 24 hours, and after a week without any it begins to count anew, anywhere ("Update")."""


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the updates that came since *cursor*, as they came: messages, and edited ones."""
    options = Options.model_validate(source.options)
    if options.webhook:
        return _delivered(client)
    return onward({"updates": partial(_updates, client, options)}, cursor, window)


def _updates(client: Client, options: Options, token: str) -> Iterator[Batch]:
    """Yield pages of updates; each question confirms what was kept before it, and nothing else."""
    read = partial(to_mention, bot=bot_of(client.secrets), options=options)
    while True:
        offset = _offset(token, client.now())
        asked = {"limit": _PAGE, "allowed_updates": json.dumps(CARRIED), **({"offset": offset} if offset else {})}
        items = listed(client, client.get_json(method(client, "getUpdates"), asked), "result")
        following = max([offset, *(int(item["update_id"]) + 1 for item in items if "update_id" in item)])
        token = f"{following}@{client.now():%Y-%m-%dT%H:%M:%SZ}" if following > offset else token
        yield replace(understood(items, read, "updates"), token=token, more=len(items) >= _PAGE)


def _offset(token: str, now: datetime) -> int:
    """Return from which update on is to be asked; 0 where all that was read has been forgotten there."""
    number, _, read_at = token.partition("@")
    last = instant(read_at)
    return int(number) if last and now - last < _FORGOTTEN else 0


def _delivered(client: Client) -> Iterator[Page]:
    """Hear nothing; raise where Telegram has nowhere to deliver to, or cannot."""
    state = pick(client.get_json(method(client, "getWebhookInfo")), "result", {})
    if not state.get("url"):
        raise SourceDenied("Telegram has no address to deliver to", advice="set the webhook, or set webhook = false")
    if state.get("pending_update_count") and state.get("last_error_message"):
        raise SourceBusy(f"Telegram cannot deliver ({state['pending_update_count']} wait): {state['last_error_message']}")
    yield from ()


def _signed(headers: Mapping[str, str], _body: bytes, secrets: Mapping[str, str], _now: datetime) -> bool:
    """Compare the secret that setWebhook was given (Bot API, "setWebhook", secret_token); it covers no time."""
    wanted = secrets.get("webhook_secret", "")
    return bool(wanted) and same(headers.get("x-telegram-bot-api-secret-token", ""), wanted)


def _delivery(source: Source, body: bytes, _now: datetime) -> Page:
    """Return the one update of a delivery."""
    options = Options.model_validate(source.options)
    found = understood([body], lambda raw: to_mention(json.loads(raw), "", options), "delivery").found
    return Page(
        tuple(one for one in found if isinstance(one, Mention)),
        broken=tuple(one for one in found if not isinstance(one, Mention)),
    )


PUSH = Push(signed=_signed, read=_delivery)
