"""What Google's interfaces have in common: who asks (OAuth with a refresh token, a service account), and how they refuse.

A daily quota that is spent is left alone until it begins anew (guarantee 5); no secret is ever part of a message.
"""

import base64
import binascii
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx
import jwt

from desk.errors import ConfigurationError, SourceBusy, SourceDenied, SourceError, SourceGone
from listeners.access import Minted, Strings, granted, needed, token_answer
from listeners.paging import pick

if TYPE_CHECKING:
    from listeners.http import Client

TOKENS = "https://oauth2.googleapis.com/token"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIVES = timedelta(hours=1)
"""The longest life that Google grants ("Using OAuth 2.0 for Server to Server Applications")."""
_PACIFIC = ZoneInfo("America/Los_Angeles")

_SPENT, _HURRIED, _SWITCHED_OFF, _REFUSED, _UNPERMITTED, _COMMENTS_OFF = range(6)
_MEANING = {
    "quotaExceeded": _SPENT,
    "dailyLimitExceeded": _SPENT,
    "rateLimitExceeded": _HURRIED,
    "userRateLimitExceeded": _HURRIED,
    "accessNotConfigured": _SWITCHED_OFF,
    "SERVICE_DISABLED": _SWITCHED_OFF,
    "authError": _REFUSED,
    "keyInvalid": _REFUSED,
    "API_KEY_INVALID": _REFUSED,
    "forbidden": _UNPERMITTED,
    "insufficientPermissions": _UNPERMITTED,
    "permissionDenied": _UNPERMITTED,
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": _UNPERMITTED,
    "commentsDisabled": _COMMENTS_OFF,
}
"""Google's words for its refusals: "YouTube Data API - Errors", "Global domain errors", google.rpc.ErrorInfo."""
_ADVICE = {
    _SWITCHED_OFF: "switch this API on in the Google Cloud console, under APIs & Services > Library",
    _REFUSED: "the credential is refused: make a new one, then run: kummerkasten check",
    _UNPERMITTED: "the credential lacks a permission: see the platform's page in the documentation",
}


class CommentsOff(SourceGone):
    """Nobody can comment there: the owner has switched comments off."""


def renewed(secrets: Strings) -> Minted:
    """Return access by a refresh token that a person has granted; raises ConfigurationError where a part is missing."""
    client_id, client_secret, refresh_token = needed(secrets, "client_id", "client_secret", "refresh_token")
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return granted(TOKENS, form | {"client_id": client_id, "client_secret": client_secret})


def service_account(key: str, scope: str) -> Minted:
    """Return access by the key of a service account (its JSON, or that in base64); raises ConfigurationError if it is none."""
    account = _account(key)

    def mint(client: "Client") -> tuple[str, float]:
        now = client.now()
        claims = {"iss": account["client_email"], "scope": scope, "aud": TOKENS, "iat": now, "exp": now + _LIVES}
        answer = token_answer(client, TOKENS, {"grant_type": _GRANT, "assertion": _signed(claims, account["private_key"])})
        return str(answer["access_token"]), float(answer.get("expires_in") or _LIVES.total_seconds())

    return Minted(mint)


def _account(key: str) -> dict[str, Any]:
    try:
        account = json.loads(key if key.lstrip().startswith("{") else base64.b64decode(key, validate=True))
    except (ValueError, binascii.Error):
        account = None
    if not isinstance(account, dict) or not {"client_email", "private_key"} <= account.keys():
        raise ConfigurationError(
            "the service account's key must be the whole JSON file that Google gave (with client_email and private_key), "
            "or that file in base64"
        )
    return account


def _signed(claims: dict[str, Any], private_key: str) -> str:
    try:
        return jwt.encode(claims, private_key, algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise ConfigurationError("the private_key in the service account's JSON is damaged: download a new key") from error


def refusal(response: httpx.Response, now: datetime) -> SourceError | None:
    """Return what a refusal in Google's words means; None where the status says enough."""
    if response.status_code < 400 or response.status_code == 429:
        return None
    reason = _reason(response)
    meaning = _MEANING.get(reason)
    what = f"{response.url.host} answered {response.status_code} to {response.request.method} {response.url.path}: {reason}"
    if meaning == _SPENT:
        return SourceBusy(f"{what}, today's quota is spent", retry_at=_midnight(now))
    if meaning == _HURRIED:
        return SourceBusy(what)
    if meaning == _COMMENTS_OFF:
        return CommentsOff(what, advice="comments are switched off there: allow them, or take this out of the source")
    return SourceDenied(what, advice=_ADVICE[meaning]) if meaning is not None else None


def _reason(response: httpx.Response) -> str:
    """Return Google's own word for a refusal; empty where there is none (a token endpoint, a proxy)."""
    try:
        body = json.loads(response.content)
    except ValueError:
        return ""
    details = pick(body, "error.details", [])
    words = [pick(one, "reason") for one in details if isinstance(details, list)] + [pick(body, "error.errors.0.reason")]
    return next((str(word) for word in words if word in _MEANING), str(words[-1] or ""))


def _midnight(now: datetime) -> datetime:
    """Return when daily quotas begin anew: midnight in California ("Quota and compliance audits")."""
    tomorrow = (now.astimezone(_PACIFIC) + timedelta(days=1)).date()
    return datetime.combine(tomorrow, datetime.min.time(), _PACIFIC).astimezone(now.tzinfo)
