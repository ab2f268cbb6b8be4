"""Versions of the tagger: what was taught, which one is live, and the way back. Tags keep the name of the one that made them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select, update

from desk.errors import Conflict, KummerkastenError
from store.tables import ModelVersion
from store.writing import affected

LIVE, KEPT, REFUSED = "live", "kept", "refused"
_NUMBER = re.compile(r"\+(\d+)$")


@dataclass(frozen=True)
class Taught:
    """A version as it comes from teaching. ``against`` is the one it was compared with; empty for the shipped one."""

    name: str
    encoder: str
    by: str
    heads: bytes
    card: Mapping[str, Any]
    corrections: int
    good: bool
    against: str = ""


def live(session: Session) -> ModelVersion | None:
    """Return the version that is live, whatever encoder it belongs to; None where the shipped one is."""
    return session.exec(select(ModelVersion).where(ModelVersion.state == LIVE)).first()


def live_for(session: Session, encoder: str) -> ModelVersion | None:
    """Return the live version if it belongs to *encoder*; None where the shipped heads are to be used."""
    found = live(session)
    return found if found and found.encoder == encoder else None


def versions(session: Session) -> list[ModelVersion]:
    """Return all versions, the newest first."""
    return list(session.exec(select(ModelVersion).order_by(col(ModelVersion.id).desc())))


def version(session: Session, name: str) -> ModelVersion | None:
    """Return the version that signs as *name*, None where there is none (any more)."""
    return session.exec(select(ModelVersion).where(ModelVersion.name == name)).first()


def next_name(session: Session, encoder: str) -> str:
    """Return the name of the next version for *encoder*: ``name@version+1``, ``+2`` ..."""
    names = session.exec(select(ModelVersion.name).where(ModelVersion.encoder == encoder))
    numbers = [int(found[1]) for name in names if (found := _NUMBER.search(name))]
    return f"{encoder}+{max(numbers, default=0) + 1}"


def add(session: Session, taught: Taught, now: datetime) -> ModelVersion:
    """Store a version, and let it go live where it is good; commits.

    Raises Conflict, with nothing stored, where another version has gone live since, or has taken the name.
    """
    row = ModelVersion(
        name=taught.name,
        encoder=taught.encoder,
        created_at=now,
        by=taught.by,
        heads=taught.heads,
        card=dict(taught.card),
        corrections=taught.corrections,
        state=KEPT if taught.good else REFUSED,
    )
    try:
        session.add(row)
        session.flush()
        if taught.good:
            against = live_for(session, taught.encoder)
            if (against.name if against else "") != taught.against:
                raise _late()
            _switch(session, row)
        session.commit()
    except IntegrityError as error:
        session.rollback()
        raise _late() from error
    except Conflict:
        session.rollback()
        raise
    return row


def _late() -> Conflict:
    return Conflict(
        "Somebody else has taught or changed the live version meanwhile; look at `kummerkasten models`, then teach again"
    )


def go_live(session: Session, name: str, encoder: str) -> ModelVersion:
    """Make one version the live one, forwards or back; commits. Raises KummerkastenError where it may not be."""
    found = version(session, name)
    if found is None:
        raise KummerkastenError(f'There is no version "{name}". `kummerkasten models` lists them')
    if found.encoder != encoder:
        said = f"{name} was taught on {found.encoder}, and {encoder} is what reads now. Teach it: kummerkasten teach"
        raise KummerkastenError(said)
    if found.state == REFUSED:
        reason = found.card.get("report", {}).get("reason", "")
        raise KummerkastenError(f"{name} was refused and cannot go live. {reason}".rstrip())
    try:
        _switch(session, found)
        session.commit()
    except IntegrityError as error:
        session.rollback()
        raise _late() from error
    return found


def back_to_shipped(session: Session) -> bool:
    """Make the heads that ship with the product the live ones; commits. Return whether others were until now."""
    stopped = affected(session.execute(update(ModelVersion).where(col(ModelVersion.state) == LIVE).values(state=KEPT)))
    session.commit()
    return stopped > 0


def _switch(session: Session, row: ModelVersion) -> None:
    others = update(ModelVersion).where(col(ModelVersion.state) == LIVE, col(ModelVersion.id) != row.id)
    session.execute(others.values(state=KEPT))
    row.state = LIVE
    session.add(row)
    session.flush()
