"""What platforms still allow each credential, shared by all sources and workers that use it."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, select

from store.tables import Quota
from store.writing import upsert


def load(session: Session) -> dict[tuple[str, str], Quota]:
    """Return what is known, by platform and credential."""
    return {(quota.platform, quota.credential): quota for quota in session.exec(select(Quota))}


def save(session: Session, quotas: Iterable[Quota], now: datetime) -> None:
    """Remember *quotas*; commits."""
    for quota in quotas:
        upsert(session, Quota, quota.model_dump() | {"at": now}, key=("platform", "credential"))
    session.commit()
