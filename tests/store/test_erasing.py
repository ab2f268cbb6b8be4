"""Guarantee 11: what is erased is gone with all that hung on it, and no pull brings it back."""

import sqlite3
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Session, SQLModel, col, select
from things import DAY, HOUR, MINUTE, NOW, SOURCE, Broken, kept, read, route, row, said

from desk.errors import Conflict, KummerkastenError
from desk.mention import Author as Who
from store import erasing, outbox, people, tombstones
from store.engine import connect
from store.engine import session as open_session
from store.erasing import Erased, Erasure
from store.search import search
from store.tables import (
    Author,
    Conversation,
    Delivery,
    Mention,
    MentionVersion,
    Quarantine,
    Reading,
    Routing,
    Tag,
    Ticket,
    TicketEvent,
)
from store.tags import decide

HELD = (Author, Conversation, Mention, MentionVersion, Reading, Routing, Tag, Ticket, TicketEvent, Delivery, Quarantine)
SOON = NOW + MINUTE


def count(session: Session, *kinds: type[SQLModel]) -> list[int]:
    found = [session.exec(select(func.count()).select_from(kind)).one() for kind in kinds]
    session.commit()
    return found


def account_of(session: Session, native_id: str = "1") -> int:
    found = row(session, native_id).author_id
    assert found
    return found


def worked_on(session: Session, *native_ids: str) -> None:
    read(session, *native_ids)
    route(session, *native_ids)


def ours(native_id: str, conversation: str = "1", parent: str | None = "1", **more: Any) -> Any:
    return said(native_id, "Das tut uns leid, Anna!", conversation=conversation, parent=parent, ours=True, by="shop", **more)


def test_an_account_is_erased_with_all_that_hangs_on_it(session: Session) -> None:
    kept(session, said(), broken=[Broken(b'{"account": {"acct": "kundin"}}')])
    kept(session, said(text="Jetzt geht PayPal.", edited_at=NOW - MINUTE))
    worked_on(session, "1")
    decide(session, row(session).id or 0, "friction", "payment", True, "Mira", NOW)
    outbox.write(session, row(session).id or 0, "Liebe Anna, das tut uns leid.", by="Mira", now=NOW)
    assert 0 not in count(session, *HELD)
    done = erasing.account(session, account_of(session), by="Mira", now=SOON)
    assert done == Erased(mentions=1, conversations=1, accounts=1, quarantined=1)
    assert count(session, *HELD) == [0] * len(HELD)
    assert search(session, "PayPal") == []


def test_what_others_said_in_the_same_conversation_stays(session: Session) -> None:
    kept(session, said("1"), said("2", "Bei mir auch", conversation="1", by="nachbar", parent="1"), ours("3"))
    worked_on(session, "1", "2")
    done = erasing.account(session, account_of(session), by="Mira", now=SOON)
    assert done == Erased(mentions=1, answers=1, accounts=1)
    assert row(session, "2").text == "Bei mir auch"
    assert count(session, Mention, Conversation, Ticket) == [1, 1, 1]


def test_the_next_pull_does_not_bring_it_back(session: Session) -> None:
    page = [said("1"), ours("2"), said("3", conversation="1", by="nachbar")]
    kept(session, *page)
    erasing.account(session, account_of(session), by="Mira", now=SOON)
    again = kept(session, *page, said("4", "Auch das von früher", conversation="4"), now=SOON + HOUR)
    assert (again.new, again.refused) == (0, 3)
    assert count(session, Mention, Author) == [1, 1]


def test_a_mention_whose_author_the_platform_hides_later_stays_away_too(session: Session) -> None:
    kept(session, said())
    erasing.account(session, account_of(session), by="Mira", now=SOON)
    assert kept(session, said(by=None), now=SOON).refused == 1


def test_who_writes_again_is_heard_again(session: Session) -> None:
    kept(session, said())
    erasing.account(session, account_of(session), by="Mira", now=SOON)
    later = said("5", "Ich habe da noch eine Frage", said_at=SOON + MINUTE)
    assert kept(session, later, now=SOON + HOUR).new == 1


def test_who_objects_is_not_heard_again(session: Session) -> None:
    kept(session, said())
    erasing.account(session, account_of(session), by="Mira", now=SOON, for_ever=True)
    later = said("5", "Ich habe da noch eine Frage", said_at=SOON + MINUTE)
    assert kept(session, later, now=SOON + HOUR).refused == 1


def test_an_objection_outlives_a_later_erasure(session: Session) -> None:
    kept(session, said())
    platform, who = "mastodon", "kundin"
    tombstones.bury(session, "account", platform, who, None, NOW)
    tombstones.bury(session, "account", platform, who, NOW, SOON)
    session.commit()
    assert kept(session, said("9", said_at=SOON + DAY), now=SOON + DAY).refused == 1


def test_what_we_said_in_an_erased_dialogue_stays_away_and_what_others_say_there_does_not(session: Session) -> None:
    kept(session, said("1", conversation="dialogue"))
    erasing.account(session, account_of(session), by="Mira", now=SOON)
    from_the_app = said("7", "Hallo Anna", conversation="dialogue", ours=True, by="shop", parent=None)
    bystander = said("8", "Und bei mir?", conversation="dialogue", by="nachbar")
    again = kept(session, from_the_app, bystander, now=SOON)
    assert (again.new, again.refused) == (1, 1)


def test_one_mention_is_erased_alone(session: Session) -> None:
    kept(session, said("1"), said("2", "Und die Hotline?", conversation="2"))
    assert erasing.mention(session, row(session).id or 0, by="Mira", now=SOON) == Erased(mentions=1, conversations=1)
    assert kept(session, said("1", "neu gefasst", edited_at=SOON), now=SOON + HOUR).refused == 1
    assert count(session, Mention, Author) == [1, 1]


def test_a_ticket_goes_on_waiting_for_what_else_asked(session: Session) -> None:
    kept(session, said("1"), said("2", "Bei mir auch!", conversation="1", by="nachbar", said_at=NOW - 2 * HOUR))
    worked_on(session, "1", "2")
    erasing.account(session, account_of(session, "2"), by="Mira", now=SOON)
    ticket = session.exec(select(Ticket)).one()
    assert (ticket.mention_id, ticket.status) == (row(session, "1").id, "open")


def test_a_ticket_that_waits_for_nothing_more_is_closed_and_says_why(session: Session) -> None:
    kept(session, said("1"), said("2", "Schöner Beitrag", conversation="1", by="nachbar"))
    worked_on(session, "1")
    erasing.account(session, account_of(session), by="Mira", now=SOON)
    ticket = session.exec(select(Ticket)).one()
    assert (ticket.status, ticket.mention_id, ticket.updated_by) == ("closed", row(session, "2").id, "erasure")
    event = session.exec(select(TicketEvent).order_by(col(TicketEvent.id).desc())).first()
    assert event is not None
    assert (event.what, event.after, event.by) == ("status", "closed", "erasure")


def test_a_closed_ticket_stays_closed(session: Session) -> None:
    kept(session, said("1"), said("2", "Schöner Beitrag", conversation="1", by="nachbar"), ours("3", said_at=NOW))
    worked_on(session, "1", "2")
    ticket = session.exec(select(Ticket)).one()
    before = ticket.status
    waited_for = "1" if ticket.mention_id == row(session, "1").id else "2"
    erasing.account(session, account_of(session, waited_for), by="Mira", now=SOON)
    assert session.exec(select(Ticket.status)).one() == before


def test_nothing_is_erased_while_an_answer_is_being_sent(session: Session) -> None:
    kept(session, said())
    worked_on(session, "1")
    outbox.write(session, row(session).id or 0, "Hallo", by="Mira", now=NOW)
    assert outbox.claim(session, "sender", NOW)
    with pytest.raises(Conflict, match="being sent"):
        erasing.account(session, account_of(session), by="Mira", now=SOON)
    assert count(session, Mention, tombstones.Tombstone, Erasure) == [1, 0, 0]


def test_the_ledger_says_how_much_was_erased_and_nothing_else(session: Session) -> None:
    kept(session, said())
    erasing.account(session, account_of(session), by="Mira", now=SOON)
    entry = erasing.erasures(session)[0]
    assert (entry.what, entry.of, entry.by, entry.mentions, entry.accounts) == ("account", "mastodon", "Mira", 1, 1)
    graves = session.exec(select(tombstones.Tombstone)).all()
    assert {one.kind for one in graves} == {"account", "mention", "conversation"}
    assert "kundin" not in str([one.model_dump() for one in graves]) + str(entry.model_dump())


def test_what_is_not_there_cannot_be_erased(session: Session) -> None:
    with pytest.raises(KummerkastenError):
        erasing.account(session, 99, by="Mira", now=NOW)
    with pytest.raises(KummerkastenError):
        erasing.mention(session, 99, by="Mira", now=NOW)


def test_what_is_too_old_is_neither_kept_nor_stored(session: Session) -> None:
    old, young = said("1", said_at=NOW - 40 * DAY), said("2", conversation="2", said_at=NOW - DAY)
    edited = said("3", conversation="3", said_at=NOW - 40 * DAY, edited_at=NOW - DAY)
    kept(session, old, young, edited, broken=[Broken(b"?")], now=NOW - 40 * DAY)
    done = erasing.outdated(session, SOURCE.name, NOW - 30 * DAY, by="schedule", now=NOW)
    assert done == Erased(mentions=1, conversations=1, quarantined=1)
    assert erasing.outdated(session, SOURCE.name, NOW - 30 * DAY, by="schedule", now=NOW) == Erased()
    page = erasing_page(old, young, edited)
    again = keep_for(session, page, 30 * DAY)
    assert (again.new, again.refused) == (0, 1)
    assert count(session, tombstones.Tombstone) == [0]


def erasing_page(*mentions: Any) -> Any:
    from things import Page

    return Page(mentions=mentions)


def keep_for(session: Session, page: Any, retention: timedelta) -> Any:
    from store.mentions import keep

    return keep(session, SOURCE, page, now=NOW, retention=retention)


def test_what_somebody_waits_for_is_spared_until_its_ticket_is_closed(session: Session) -> None:
    kept(session, said("1", said_at=NOW - 40 * DAY), now=NOW - 40 * DAY)
    worked_on(session, "1")
    assert erasing.outdated(session, SOURCE.name, NOW - 30 * DAY, by="schedule", now=NOW) == Erased()
    assert erasing.count_spared(session, SOURCE.name, NOW - 30 * DAY) == 1
    ticket = session.exec(select(Ticket)).one()
    from store import tickets

    tickets.set_status(session, ticket.id or 0, "closed", by="Mira", version=ticket.version, now=NOW)
    assert erasing.count_outdated(session, SOURCE.name, NOW - 30 * DAY) == 1
    assert erasing.outdated(session, SOURCE.name, NOW - 30 * DAY, by="schedule", now=NOW).mentions == 1


def test_a_large_account_is_erased_whole(session: Session) -> None:
    kept(session, *(said(f"{n}", f"Nummer {n}", conversation=f"{n % 40}") for n in range(1_200)))
    assert erasing.account(session, account_of(session, "7"), by="Mira", now=SOON) == Erased(1_200, 0, 40, 1)
    assert count(session, Mention, Conversation, Author) == [0, 0, 0]


def test_a_sqlite_file_holds_nothing_of_it_afterwards(sqlite_url: str, tmp_path: Path) -> None:
    engine = connect(sqlite_url)
    with open_session(engine) as session:
        many = [said(f"n{n}", f"Unauffälliges über Lieferung {n}", conversation=f"n{n}", by="andere") for n in range(300)]
        kept(session, *many, said("1", "Quastenflosserin kam nie an", author=Who(native_id="78787878", handle="zwirbelwurz")))
        kept(
            session, said("1", "Quastenflosserin kam doch", edited_at=NOW, author=Who(native_id="78787878", handle="zwirbelwurz"))
        )
        worked_on(session, "1")
        erasing.account(session, account_of(session), by="Mira", now=SOON)
    erasing.sweep(engine)
    engine.dispose()
    files = b"".join(path.read_bytes() for path in tmp_path.glob("kummerkasten.db*"))
    for trace in (b"Quastenflosserin", b"quastenfloss", b"zwirbelwurz", b"78787878"):
        assert trace not in files
    assert sqlite3.connect(tmp_path / "kummerkasten.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_page_that_is_being_stored_cannot_slip_past_an_erasure(postgres_url: str) -> None:
    engine = connect(postgres_url)
    with open_session(engine) as session:
        kept(session, said())
        author = account_of(session)
    with open_session(engine) as storing:
        tombstones.let_in(storing, [said("2")])  # looked through, and not stored yet
        eraser = Thread(target=_erase, args=(engine, author))
        eraser.start()
        eraser.join(0.5)
        assert eraser.is_alive(), "it waits for what is being stored"
        kept(storing, said("2"))
        eraser.join(20)
    with open_session(engine) as session:
        assert count(session, Mention) == [0]
    engine.dispose()


def _erase(engine: Engine, author: int) -> None:
    with open_session(engine) as session:
        erasing.account(session, author, by="Mira", now=SOON)


def test_an_account_is_found_by_its_handle_its_name_or_its_id(session: Session) -> None:
    kept(session, said(author=Who(native_id="4711", handle="anna@example.social", name="Anna B.")))
    kept(session, said("2", platform="bluesky", author=Who(native_id="did:x", handle="other", name="anna b.")))
    for name in ("4711", "@Anna@example.social", "anna@EXAMPLE.social"):
        assert [one.native_id for one in people.accounts(session, name)] == ["4711"]
    assert len(people.accounts(session, "Anna B.")) == 2
    assert [one.platform for one in people.accounts(session, "Anna B.", "bluesky")] == ["bluesky"]
    assert people.accounts(session, "%") == []
    kept(session, said("3", author=Who(native_id="9", name="Özlem Übelacker")))
    for name in ("Özlem Übelacker", "özlem übelacker"):
        assert [one.native_id for one in people.accounts(session, name)] == ["9"]


def test_all_that_is_stored_about_an_account_is_told(session: Session) -> None:
    kept(session, said())
    kept(session, said(text="Jetzt geht PayPal.", edited_at=NOW - MINUTE))
    worked_on(session, "1")
    outbox.write(session, row(session).id or 0, "Liebe Anna", by="Mira", now=NOW)
    found = people.everything(session, account_of(session))
    assert found["account"]["handle"] == "kundin"
    mention = found["mentions"][0]
    assert (mention["text"], mention["before"][0]["text"]) == ("Jetzt geht PayPal.", "PayPal geht wieder nicht.")
    assert {one["aspect"] for one in mention["statements"]} >= {"sentiment", "friction"}
    assert mention["readings"][0]["model"] == "base@1"
    assert mention["routings"][0]["team"] == found["tickets"][0]["team"] == "payments"
    assert found["answers"][0]["text"] == "Liebe Anna"
