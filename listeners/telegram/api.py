"""How the Bot API is called and what its refusals mean; the address holds the token, so it is never part of a message."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from httpx import Response

from desk.errors import SourceBusy, SourceDenied, SourceError, SourceGone
from desk.source import Source
from listeners.access import NOTHING, Access, needed
from listeners.http import Client
from listeners.paging import pick


def method(client: Client, name: str) -> str:
    """Return the path of a method (Bot API, "Making requests")."""
    return f"/bot{client.secrets['token']}/{name}"


def bot_of(secrets: Mapping[str, str]) -> str:
    """Return the bot's number: its token begins with it."""
    return secrets.get("token", "").partition(":")[0]


def access(_source: Source, secrets: Mapping[str, str]) -> Access:
    """There is nothing to show beside the address; raises ConfigurationError where the token is missing."""
    needed(secrets, "token")
    return NOTHING


def refusal(response: Response, now: datetime) -> SourceError | None:
    """Say what Telegram's refusals mean. The address holds the token, so it is never part of a message."""
    status = response.status_code
    if status < 400 or status >= 500:
        return None
    body = _body(response)
    said = f"Telegram answers {status}: {body.get('description') or 'no reason given'}"
    if status == 429:
        seconds = pick(body, "parameters.retry_after")
        return SourceBusy(said, retry_at=now + timedelta(seconds=float(seconds))) if seconds else None
    if status == 409:
        return _taken(said, "webhook" in said)
    if status in (401, 403):
        advice = "check the token that @BotFather gave" if status == 401 else "the bot was blocked, or is not in this chat"
        return SourceDenied(said, advice=advice, partly=status == 403)
    if status == 404:
        return SourceGone(said, advice="Telegram knows no such bot: check the token that @BotFather gave")
    return SourceError(said, advice="look at the chat: does the message still exist, is the bot still in it?")


def _taken(said: str, by_webhook: bool) -> SourceError:
    """Return the error of updates that go elsewhere: a bot has one reader (Bot API, "getUpdates", note 1)."""
    if by_webhook:
        return SourceDenied(
            said, advice="Telegram delivers this bot's updates to a webhook: set webhook = true, or deleteWebhook"
        )
    return SourceBusy(said, advice="somebody else reads this bot's updates: one source per bot, and no other program")


def _body(response: Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
