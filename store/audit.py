"""The audit log: who came in, who was turned away, and what left the desk or was erased by whose hand (guarantee 12).

What somebody does to tickets, tags and answers bears their name where it is done. Who merely looks at what is not recorded:
that would be a log of how people work. An entry names no customer: our number of an account says nothing once it is erased.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Field, Session, SQLModel, col, select

from store.erasing import Erasure
from store.tables import Utc

KEPT = timedelta(days=365)
"""How long an entry is kept: it is about people, too."""
CAME, LEFT, REFUSED, FORBIDDEN, EXPORTED, DISCLOSED, ERASED = (
    *("signed in", "signed out", "refused", "not allowed", "exported", "disclosed", "erased"),
)


class AuditEntry(SQLModel, table=True):
    """What somebody did, or wanted to do: ``who`` is a person's name, or an address that no person of the desk has.

    ``of`` is what it was about: a kind of file, a deed that was not allowed, or a mention or account, whose ``number`` follows.
    """

    __tablename__ = "audit_entry"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=Utc, index=True)
    who: str
    role: str = ""
    what: str
    of: str = ""
    number: int | None = None


@dataclass(frozen=True)
class Entry:
    """One line of the audit log. Of an erasure ``number`` counts the mentions, and ``where`` is the platform or source."""

    at: datetime
    who: str
    role: str
    what: str
    of: str
    number: int | None = None
    where: str = ""


def note(session: Session, entry: AuditEntry, again_after: timedelta | None = None) -> None:
    """Write an entry; commits. Nothing is written where the same stands there since less than *again_after*."""
    same = (AuditEntry.who == entry.who, AuditEntry.role == entry.role, AuditEntry.what == entry.what, AuditEntry.of == entry.of)
    if again_after and session.exec(select(AuditEntry.id).where(*same, AuditEntry.at > entry.at - again_after).limit(1)).first():
        session.rollback()
        return
    session.execute(delete(AuditEntry).where(col(AuditEntry.at) < entry.at - KEPT))
    session.add(entry)
    session.commit()


def entries(session: Session, since: datetime | None = None, most: int = 1_000) -> list[Entry]:
    """Return the latest entries, erasures among them, the newest first."""
    noted = select(AuditEntry).order_by(col(AuditEntry.at).desc(), col(AuditEntry.id).desc()).limit(most)
    erased = select(Erasure).order_by(col(Erasure.at).desc(), col(Erasure.id).desc()).limit(most)
    if since:
        noted, erased = noted.where(AuditEntry.at >= since), erased.where(Erasure.at >= since)
    found = [Entry(one.at, one.who, one.role, one.what, one.of, one.number) for one in session.exec(noted)]
    found += [Entry(one.at, one.by, "", ERASED, one.what, one.mentions, one.of) for one in session.exec(erased)]
    return sorted(found, key=lambda one: one.at, reverse=True)[:most]
