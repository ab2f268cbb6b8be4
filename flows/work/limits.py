"""Platforms' limits from run to run: taken from the store before the first request, given back after each turn."""

from datetime import datetime

from sqlmodel import Session

from desk.source import Source
from flows.settings import Settings
from listeners.limits import Limits
from store import quotas
from store.tables import Quota


def restored(settings: Settings) -> Limits:
    """Return what earlier runs and other workers learned about limits."""
    limits = Limits()
    with settings.session(write=False) as session:
        limits.restore(quotas.load(session).values())
    return limits


def save(session: Session, limits: Limits, source: Source, now: datetime) -> None:
    """Remember what *source*'s credential may still ask; other credentials are other turns' to save."""
    limit = limits.of(source.platform, source.credential)
    if limit.remaining is None and limit.resets_at is None and limit.blocked_until is None:
        return
    quota = Quota(
        platform=limit.platform,
        credential=limit.credential,
        remaining=limit.remaining,
        resets_at=limit.resets_at,
        blocked_until=limit.blocked_until,
        at=now,
    )
    quotas.save(session, [quota], now)
