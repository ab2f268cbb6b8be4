"""One question to the API: `backoff` and the day's quota are obeyed as limits (guarantee 5), refusals come in its own words."""

import re
from datetime import datetime, timedelta

import httpx

from desk.errors import SourceBusy, SourceDenied, SourceError, SourceGarbled, SourceGone
from listeners.http import Client
from listeners.paging import Json, pick
from listeners.stack_exchange.posts import PLATFORM


def ask(client: Client, site: str, path: str, asked: Json) -> Json:
    """Ask the API, and let the next question wait as long as the answer says (api.stackexchange.com/docs/throttle)."""
    body = client.get_json(f"/2.3{path}", {"site": site, **asked})
    if not isinstance(body, dict) or "items" not in body:
        raise SourceGarbled(f"{client.host} sent something else than was asked for")
    _learn(client, body)
    return body


def _learn(client: Client, body: Json) -> None:
    now = client.now()
    if isinstance(body.get("backoff"), int | float):
        client.limits.block(PLATFORM, client.credential, now + timedelta(seconds=body["backoff"]))
    if body.get("quota_remaining") == 0:
        client.limits.block(PLATFORM, client.credential, _midnight(now))


def _midnight(now: datetime) -> datetime:
    """Return when the day's quota begins anew."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def me(client: Client, site: str) -> frozenset[str]:
    """Return the number of the user whose token we have."""
    if "token" not in client.secrets:
        return frozenset()
    return frozenset({str(pick(ask(client, site, "/me", {}), "items.0.user_id", ""))})


def refusal(response: httpx.Response, now: datetime) -> SourceError | None:
    """Read the API's own errors, which come with status 400 (api.stackexchange.com/docs/error-handling)."""
    try:
        body = response.json() if response.status_code >= 400 else {}
    except ValueError:
        return None
    if not isinstance(body, dict) or "error_id" not in body:
        return None
    number, said = body["error_id"], f"Stack Exchange says: {body.get('error_message') or body.get('error_name')}"
    if number in (500, 502, 503):
        wait = re.search(r"(\d+) seconds", said)
        return SourceBusy(said, retry_at=now + timedelta(seconds=int(wait[1])) if wait else None, uncertain=number != 502)
    if number in (401, 402, 403, 405, 406):
        return SourceDenied(said, advice="make a new key or token on stackapps.com, then run: kummerkasten check")
    if number in (400, 404):
        return SourceGone(said, advice="check the source's settings: is the site named as its API names it, is the post there?")
    return SourceError(said, advice="change the answer (a comment has 15 to 600 characters), or comment on the site itself")
