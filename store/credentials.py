"""When credentials die, as platforms said when they were asked last."""

from datetime import datetime, timedelta

from sqlmodel import Session, select

from store.tables import Credential
from store.writing import upsert


def asked_at(session: Session, platform: str, credential: str) -> datetime | None:
    """Return when a platform was asked last, None where it never was."""
    found = session.get(Credential, (platform, credential))
    return found.asked_at if found else None


def learn(session: Session, platform: str, credential: str, expires_at: datetime | None, now: datetime) -> None:
    """Remember when a credential dies (None: it does not, or the platform does not tell); commits."""
    row = {"platform": platform, "credential": credential, "expires_at": expires_at, "asked_at": now}
    upsert(session, Credential, row, key=("platform", "credential"))
    session.commit()


SOON = timedelta(days=14)
"""So long before a credential dies people are warned."""


def ends(session: Session) -> dict[tuple[str, str], datetime]:
    """Return when credentials die, by platform and credential; those that do not die are not there."""
    found = session.exec(select(Credential)).all()
    return {(one.platform, one.credential): one.expires_at for one in found if one.expires_at}
