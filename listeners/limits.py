"""What platforms still allow: learned from their headers, shared by all sources and threads that use one credential.

Guarantee 5: limits are respected. The store keeps a snapshot between runs, so that the next worker knows them too.
"""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

_ALL = 100
"""Percent."""
_SLIDES = 5.0
"""Minutes to wait for an hour that slides."""


class Known(Protocol):
    """A limit as somebody remembers it."""

    platform: str
    credential: str
    remaining: int | None
    resets_at: datetime | None
    blocked_until: datetime | None


@dataclass(frozen=True)
class Limit:
    """What a platform allows one credential: requests left until ``resets_at``, none at all before ``blocked_until``."""

    platform: str
    credential: str
    remaining: int | None = None
    resets_at: datetime | None = None
    blocked_until: datetime | None = None

    def free_at(self, now: datetime) -> datetime | None:
        """Return when the next request may be sent, None where it may be sent at once."""
        spent = self.resets_at if self.remaining is not None and self.remaining <= 0 else None
        until = max((moment for moment in (spent, self.blocked_until) if moment), default=None)
        return until if until and until > now else None


class Limits:
    """The limits of all platforms and credentials, for all threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._limits: dict[tuple[str, str], Limit] = {}

    def of(self, platform: str, credential: str) -> Limit:
        """Return what is known of one credential."""
        with self._lock:
            return self._limits.get((platform, credential), Limit(platform, credential))

    def learn(self, platform: str, credential: str, headers: Mapping[str, str], now: datetime) -> None:
        """Take over what an answer's headers say."""
        remaining, resets_at = read_headers(headers, now)
        if remaining is None and resets_at is None:
            return
        with self._lock:
            known = self._limits.get((platform, credential), Limit(platform, credential))
            self._limits[platform, credential] = replace(known, remaining=remaining, resets_at=resets_at)

    def block(self, platform: str, credential: str, until: datetime) -> None:
        """Let nobody ask before *until*."""
        with self._lock:
            known = self._limits.get((platform, credential), Limit(platform, credential))
            later = max(until, known.blocked_until) if known.blocked_until else until
            self._limits[platform, credential] = replace(known, blocked_until=later)

    def snapshot(self) -> list[Limit]:
        """Return all that is known."""
        with self._lock:
            return list(self._limits.values())

    def restore(self, known: Iterable[Known]) -> None:
        """Begin with what was known before."""
        with self._lock:
            for one in known:
                limit = Limit(one.platform, one.credential, one.remaining, one.resets_at, one.blocked_until)
                self._limits[one.platform, one.credential] = limit


def read_headers(headers: Mapping[str, str], now: datetime) -> tuple[int | None, datetime | None]:
    """Return requests left and when the count begins anew, as X-RateLimit-*, RateLimit-* or Meta's usage headers say it.

    Reset comes as seconds from now, as seconds since 1970, or as an ISO time (Mastodon, Yelp), depending on the platform.
    """
    low = {name.lower(): value for name, value in headers.items()}
    counts = ("x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining", "rate-limit-remaining")
    left = next((low[name] for name in counts if name in low), "")
    resets = ("x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset", "ratelimit-resettime", "rate-limit-reset")
    reset = next((low[name] for name in resets if name in low), "")
    try:
        remaining = int(float(left))
    except ValueError:
        remaining = None
    if remaining is None and (until := _used_up(low, now)):
        return 0, until
    return remaining, _moment(reset, now)


def _used_up(low: Mapping[str, str], now: datetime) -> datetime | None:
    """Return when Meta lets somebody in again who has used up a share (docs "Graph API: Rate Limits").

    X-Business-Use-Case-Usage counts the minutes; X-App-Usage only tells percentages of an hour that slides.
    """
    businesses = _json(low.get("x-business-use-case-usage", ""))
    uses = [use for some in businesses.values() if isinstance(some, list) for use in some if isinstance(use, dict)]
    minutes = max((float(use.get("estimated_time_to_regain_access") or 0) for use in uses), default=0.0)
    shares = [share for share in _json(low.get("x-app-usage", "")).values() if isinstance(share, int | float)]
    minutes = minutes or (_SLIDES if shares and max(shares) >= _ALL else 0.0)
    return now + timedelta(minutes=minutes) if minutes else None


def _json(value: str) -> dict[str, Any]:
    try:
        found = json.loads(value) if value else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return when the platform wants to be asked again: Retry-After in seconds or as a date (RFC 9110, 10.2.3)."""
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    if value.replace(".", "", 1).isdigit():
        return now + timedelta(seconds=min(float(value), 86_400))
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(value: str, now: datetime) -> datetime | None:
    try:
        number = float(value)
    except ValueError:
        return _iso(value)
    if number < 0 or number > 4e9:
        return None
    return now + timedelta(seconds=number) if number < 1e8 else datetime.fromtimestamp(number, UTC)


def _iso(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
