"""Who works on what, until when: an expired lease holds nothing, so a dead worker stops nobody."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_
from sqlmodel import Session, col, delete, update

from store.tables import Lease
from store.writing import affected, insert_new

TTL = timedelta(minutes=2)


@dataclass(frozen=True)
class Held:
    """A lease in hand: its name and its holder."""

    name: str
    holder: str


def of_source(source: str) -> str:
    """Return the name of the lease on a source."""
    return f"source:{source}"


def take(session: Session, name: str, holder: str, now: datetime, ttl: timedelta = TTL) -> bool:
    """Take a lease if it is free, expired or already *holder*'s; commits. Return whether it is held now."""
    insert_new(session, Lease, [{"name": name, "holder": holder, "expires_at": now + ttl}])
    free = update(Lease).where(col(Lease.name) == name, or_(col(Lease.holder) == holder, col(Lease.expires_at) <= now))
    taken = affected(session.execute(free.values(holder=holder, expires_at=now + ttl))) == 1
    session.commit()
    return taken


def renew(session: Session, held: Held, now: datetime, ttl: timedelta = TTL) -> bool:
    """Prolong a lease within the caller's transaction; False where it has been lost."""
    ours = update(Lease).where(col(Lease.name) == held.name, col(Lease.holder) == held.holder, col(Lease.expires_at) > now)
    return affected(session.execute(ours.values(expires_at=now + ttl))) == 1


def give_back(session: Session, held: Held) -> None:
    """End a lease early, if it is still held; commits."""
    session.execute(delete(Lease).where(col(Lease.name) == held.name, col(Lease.holder) == held.holder))
    session.commit()
