"""Who may ask X: an app by its bearer token, or a person by OAuth 2 tokens that are renewed and replaced (kept, guarantee 5)."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from httpx import Response

from desk.errors import SourceBusy, SourceDenied, SourceError
from desk.source import Source
from listeners.access import Access, Minted, bearer, granted, needed
from listeners.http import Client
from listeners.paging import pick
from listeners.times import instant

KEPT = "access"
TOKENS = "https://api.x.com/2/oauth2/token"
_A_DAY = timedelta(days=1)


def access(_source: Source, secrets: Mapping[str, str]) -> Access:
    """Return access for a person where a refresh token is given, for an app otherwise."""
    if not secrets.get("refresh_token"):
        return bearer(*needed(secrets, "token"))
    (client_id,) = needed(secrets, "client_id")
    form = {"grant_type": "refresh_token", "refresh_token": secrets["refresh_token"], "client_id": client_id}
    secret = secrets.get("client_secret", "")
    renewed = granted(TOKENS, form, user=client_id if secret else "", password=secret)

    def mint(client: Client) -> tuple[str, float]:
        token, lives = renewed.mint(client)
        client.keep_secret(KEPT, json.dumps({"token": token, "ends": (client.now() + timedelta(seconds=lives)).isoformat()}))
        return token, lives

    return _recalled(Minted(mint), secrets.get(KEPT, ""))


def _recalled(minted: Minted, kept: str) -> Minted:
    """Go on with the token of an earlier run: each renewal replaces the refresh token, so the fewer the better."""
    try:
        before = json.loads(kept)
        minted.token, minted.ends = str(before["token"]), instant(before["ends"])
    except (ValueError, TypeError, KeyError):
        pass
    return minted


def refusal(response: Response, now: datetime) -> SourceError | None:
    """Say what X's problems mean (RFC 7807: title, detail, type); a count that is used up comes as 429 or 402."""
    status = response.status_code
    if status not in (400, 402, 403, 429):
        return None
    try:
        body = response.json()
    except ValueError:
        return None
    if not pick(body, "detail") and not pick(body, "errors"):
        return None
    said = f"X refuses: {pick(body, 'detail') or pick(body, 'errors.0.message') or pick(body, 'title')}"
    if status == 429 and "cap" in f"{pick(body, 'title')} {pick(body, 'type')}".lower():
        return SourceBusy(
            said, retry_at=now + _A_DAY, advice="this month's posts are used up: wait, or buy more at console.x.com"
        )
    if status == 429:
        return None
    if status == 402:
        return SourceDenied(said, advice="the app's credits are used up: add some at console.x.com, then run: kummerkasten check")
    if status == 403:
        advice = "see what the app's access level allows, and which scopes the account has granted"
        return SourceDenied(said, advice=advice, partly=True)
    return SourceError(said, advice="look at the query: is it in X's search language, and short enough?")
