"""Guarantee 12: what people took out, and who was turned away, is written down; and forgotten after a year."""

from datetime import datetime, timedelta

from sqlmodel import Session
from things import DAY, HOUR, NOW, kept, row, said

from store import audit, erasing
from store.audit import EXPORTED, REFUSED, AuditEntry, entries


def note(session: Session, what: str, who: str, *, now: datetime, again_after: timedelta | None = None, **more: str) -> None:
    audit.note(session, AuditEntry(at=now, who=who, what=what, **more), again_after)


def lines(session: Session) -> list[tuple[str, str, str]]:
    return [(one.who, one.what, f"{one.of} {one.where} {one.number or ''}".strip()) for one in entries(session)]


def test_the_newest_entry_stands_first_and_erasures_stand_among_them(session: Session) -> None:
    kept(session, said("1"))
    note(session, EXPORTED, "Mira", role="admin", of="quotes", now=NOW)
    erasing.mention(session, row(session).id or 0, by="Uta", now=NOW + HOUR)
    note(session, REFUSED, "eve@evil.example", now=NOW + DAY)
    assert lines(session) == [
        ("eve@evil.example", "refused", ""),
        ("Uta", "erased", "mention mastodon 1"),
        ("Mira", "exported", "quotes"),
    ]
    assert [one.who for one in entries(session, since=NOW + HOUR)] == ["eve@evil.example", "Uta"]
    assert [one.who for one in entries(session, most=1)] == ["eve@evil.example"]


def test_what_happens_again_and_again_is_written_once_in_a_while(session: Session) -> None:
    for minutes in (0, 10, 50, 70):
        note(session, REFUSED, "eve@evil.example", now=NOW + timedelta(minutes=minutes), again_after=HOUR)
    note(session, REFUSED, "mallory@evil.example", now=NOW + HOUR, again_after=HOUR)
    assert len(lines(session)) == 3


def test_an_entry_is_forgotten_after_a_year(session: Session) -> None:
    note(session, EXPORTED, "Mira", of="quotes", now=NOW)
    note(session, EXPORTED, "Jonas", of="quotes", now=NOW + audit.KEPT)
    assert [who for who, *_ in lines(session)] == ["Jonas", "Mira"]
    note(session, EXPORTED, "Uta", of="quotes", now=NOW + audit.KEPT + HOUR)
    assert [who for who, *_ in lines(session)] == ["Uta", "Jonas"]
