"""Guarantee 11: what is erased is gone with all that hung on it, and no pull brings it back."""

import json
import sqlite3
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Engine, func, text
from sqlmodel import Session, SQLModel, select
from things import DAY, HOUR, MINUTE, NOW, SOURCE, Broken, kept, read, route, row, said

from desk.errors import Conflict, KummerkastenError
from desk.mention import Author as Who
from store import erasing, outbox, people, tickets, tombstones
from store.engine import connect
from store.engine import session as open_session
from store.erasing import Erasure
from store.removing import Erased, Graves, remove
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
    *others, quarantined = count(session, *HELD)
    assert (others, quarantined) == ([0] * len(others), 1)
    payload = session.exec(select(Quarantine)).one()
    assert (payload.raw, payload.reason, payload.place) == (b"", "", "")
    assert search(session, "PayPal") == []


def test_what_others_said_in_the_same_conversation_stays(session: Session) -> None:
    kept(session, said("1"), said("2", "Bei mir auch", conversation="1", by="nachbar", parent="1"), ours("3"))
    worked_on(session, "1", "2")
    done = erasing.account(session, account_of(session), by="Mira", now=SOON)
    assert done == Erased(mentions=1, answers=1, accounts=1)
    assert row(session, "2").text == "Bei mir auch"
    assert count(session, Mention, Conversation) == [1, 1]


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


def routed_again(session: Session, native_id: str, **more: Any) -> Ticket:
    """Let the rules decide about a mention that waits for them; return the ticket of its conversation."""
    assert row(session, native_id).routed_at is None
    route(session, native_id, now=SOON + MINUTE, **more)
    return session.exec(select(Ticket).execution_options(populate_existing=True)).one()


def test_what_else_waited_is_routed_anew_to_its_own_team(session: Session) -> None:
    kept(session, said("1"), said("2", "Wo ist mein Paket?", conversation="1", by="nachbar", said_at=NOW - HOUR / 2))
    worked_on(session, "1")
    read(session, "2")
    route(session, "2", team="logistics", priority=3, topic="delivery", rule="Lieferung", due_at=NOW + DAY)
    assert session.exec(select(Ticket)).one().team == "payments"
    erasing.account(session, account_of(session, "1"), by="Mira", now=SOON)
    assert count(session, Ticket, TicketEvent) == [0, 0]
    ticket = routed_again(session, "2", team="logistics", priority=3, topic="delivery", due_at=NOW + DAY)
    assert (ticket.team, ticket.topic, ticket.status, ticket.mention_id) == (
        "logistics",
        "delivery",
        "open",
        row(session, "2").id,
    )


def test_what_had_been_settled_before_is_not_asked_again(session: Session) -> None:
    kept(session, said("1", said_at=NOW - DAY), now=NOW - DAY)
    worked_on(session, "1")
    ticket = session.exec(select(Ticket)).one()
    tickets.set_status(session, ticket.id or 0, "answered", by="Mira", version=ticket.version, now=NOW - HOUR)
    kept(session, said("2", "Bei mir auch!", conversation="1", by="nachbar", said_at=NOW - MINUTE))
    worked_on(session, "2")
    erasing.account(session, account_of(session, "2"), by="Mira", now=SOON)
    assert (row(session, "1").routed_at is None, count(session, Ticket)) == (False, [0])


def test_a_question_that_nobody_has_routed_yet_still_opens_a_ticket(session: Session) -> None:
    kept(session, said("1"))
    worked_on(session, "1")
    ticket = session.exec(select(Ticket)).one()
    tickets.set_status(session, ticket.id or 0, "closed", by="Mira", version=ticket.version, now=NOW)
    kept(session, said("2", "Und ich?", conversation="1", by="nachbar", said_at=NOW + MINUTE / 2), now=SOON)
    erasing.account(session, account_of(session, "1"), by="Mira", now=SOON)
    read(session, "2", now=SOON)
    assert route(session, "2", now=SOON) == 1


def test_what_was_said_earlier_and_heard_later_is_asked_too(session: Session) -> None:
    kept(session, said("1", said_at=NOW - HOUR), now=NOW - HOUR)
    worked_on(session, "1")
    kept(session, said("2", "Schon lange!", conversation="1", by="ben", said_at=NOW - 2 * HOUR))
    worked_on(session, "2")
    erasing.account(session, account_of(session, "1"), by="Mira", now=SOON)
    assert row(session, "2").routed_at is None


def test_what_a_person_has_closed_stays_closed_when_an_edit_had_reopened_it(session: Session) -> None:
    kept(
        session,
        said("1", said_at=NOW - 3 * HOUR),
        said("2", conversation="1", by="ben", said_at=NOW - 2 * HOUR),
        now=NOW - 2 * HOUR,
    )
    worked_on(session, "1", "2")
    ticket = session.exec(select(Ticket)).one()
    tickets.set_status(session, ticket.id or 0, "closed", by="Mira", version=ticket.version, now=NOW - HOUR)
    kept(session, said("1", "Doch noch was", said_at=NOW - 3 * HOUR, edited_at=NOW - MINUTE))
    worked_on(session, "1")
    assert session.exec(select(Ticket.status)).one() == "open"
    erasing.account(session, account_of(session, "1"), by="Mira", now=SOON)
    assert row(session, "2").routed_at is not None
    assert count(session, Ticket) == [0]


def test_a_correction_still_opens_a_ticket_after_an_erasure(session: Session) -> None:
    kept(session, said("1", said_at=NOW - 2 * HOUR), now=NOW - 2 * HOUR)
    worked_on(session, "1")
    ticket = session.exec(select(Ticket)).one()
    tickets.set_status(session, ticket.id or 0, "closed", by="Mira", version=ticket.version, now=NOW - HOUR)
    kept(session, said("2", "Hm", conversation="1", by="ben", said_at=NOW - MINUTE))
    read(session, "2")
    route(session, "2", answer=False)
    erasing.account(session, account_of(session, "1"), by="Mira", now=SOON)
    decide(session, row(session, "2").id or 0, "needs_reply", "yes", True, "Uta", SOON)
    assert route(session, "2", now=SOON + MINUTE) == 1


def test_a_ticket_that_a_person_has_taken_over_stays_theirs(session: Session) -> None:
    kept(session, said("1"), said("2", conversation="1", by="ben"))
    worked_on(session, "1", "2")
    ticket = session.exec(select(Ticket)).one()
    tickets.assign(session, ticket.id or 0, "Mira", by="Mira", version=ticket.version, now=NOW)
    gone = "1" if ticket.mention_id == row(session, "1").id else "2"
    erasing.account(session, account_of(session, gone), by="Uta", now=SOON)
    after = session.exec(select(Ticket).execution_options(populate_existing=True)).one()
    assert (after.assignee, after.status, after.topic) == ("Mira", "open", "")
    assert after.mention_id == row(session, "2" if gone == "1" else "1").id


def test_the_numbers_of_what_was_erased_are_given_to_nobody_else(session: Session) -> None:
    kept(session, said("1", by="uta"))
    worked_on(session, "1")
    outbox.write(session, row(session).id or 0, "Hallo", by="Mira", now=NOW)
    before = numbers(session)
    erasing.account(session, account_of(session), by="Mira", now=SOON)
    kept(session, said("2", by="ben", conversation="2", said_at=SOON), now=SOON)
    worked_on(session, "2")
    outbox.write(session, row(session, "2").id or 0, "Hallo", by="Mira", now=SOON)
    assert [two > one for one, two in zip(before, numbers(session), strict=True)] == [True] * 5


def numbers(session: Session) -> list[int]:
    """The greatest number of each kind of thing that a page or a button may name."""
    return [session.exec(select(func.max(kind.id))).one() or 0 for kind in (Author, Conversation, Mention, Ticket, Delivery)]


def test_a_ticket_that_has_ended_is_about_what_else_the_rules_have_seen(session: Session) -> None:
    kept(session, said("1"), said("2", "Ja, bitte", conversation="1", by="nachbar"), ours("3", said_at=NOW))
    worked_on(session, "1", "2")
    before = session.exec(select(Ticket)).one()
    assert before.status == "answered"
    gone = "1" if before.mention_id == row(session, "1").id else "2"
    erasing.account(session, account_of(session, gone), by="Mira", now=SOON)
    ticket = session.exec(select(Ticket).execution_options(populate_existing=True)).one()
    assert (ticket.status, ticket.mention_id) == ("answered", row(session, "2" if gone == "1" else "1").id)


def test_nothing_is_erased_while_an_answer_is_being_sent(session: Session) -> None:
    kept(session, said())
    worked_on(session, "1")
    outbox.write(session, row(session).id or 0, "Hallo", by="Mira", now=NOW)
    assert outbox.claim(session, "sender", NOW)
    with pytest.raises(Conflict, match="being sent"):
        erasing.account(session, account_of(session), by="Mira", now=SOON)
    assert count(session, Mention, tombstones.Tombstone, Erasure) == [1, 0, 0]


def test_our_answer_to_what_is_refused_is_refused_with_it(session: Session) -> None:
    kept(session, said("1"))
    erasing.account(session, account_of(session), by="Mira", now=SOON)
    page = (said("4", conversation="4"), ours("9", conversation="4", parent="4"))
    assert kept(session, *page, now=SOON + HOUR).refused == 2


def test_our_answers_to_others_stay_although_they_stand_below_the_first_post(session: Session) -> None:
    """On many platforms everything in a thread stands below its first post, whoever is answered."""
    kept(session, said("1", said_at=NOW - 3 * HOUR), said("2", conversation="1", by="ben", parent="1", said_at=NOW - 2 * HOUR))
    kept(session, ours("6", parent="1", said_at=NOW - HOUR))
    assert erasing.account(session, account_of(session), by="Mira", now=SOON).answers == 0
    later = ours("7", parent="1", said_at=SOON + HOUR)
    assert kept(session, later, now=SOON + HOUR).new == 1


def test_an_answer_in_two_parts_goes_whole(session: Session) -> None:
    kept(session, said("1", said_at=NOW - 3 * HOUR), said("2", conversation="1", by="ben", parent="1", said_at=NOW - MINUTE))
    kept(session, ours("3", said_at=NOW - 2 * HOUR), ours("4", parent="3", said_at=NOW - 2 * HOUR))
    assert erasing.account(session, account_of(session), by="Mira", now=SOON).answers == 2


def test_a_post_of_ours_stays_when_its_only_commenter_goes(session: Session) -> None:
    kept(session, ours("0", conversation="0", parent=None, said_at=NOW - DAY), said("1", conversation="0", parent="0"))
    kept(session, ours("2", conversation="0", said_at=NOW))
    assert erasing.account(session, account_of(session), by="Mira", now=SOON) == Erased(1, 1, 0, 1)
    assert row(session, "0").ours
    assert kept(session, said("5", conversation="0", by="ben", parent="0"), now=SOON).new == 1


def test_our_answer_goes_too_where_the_platform_shows_it_below_something_else(session: Session) -> None:
    kept(session, said("1"), said("2", conversation="1", by="nachbar"))
    worked_on(session, "1")
    number = outbox.write(session, row(session).id or 0, "Liebe Anna", by="Mira", now=NOW)
    assert outbox.claim(session, "sender", NOW)
    kept(session, ours("o1", parent="2"))
    outbox.sent(session, number, "o1", None, NOW)
    done = erasing.account(session, account_of(session), by="Mira", now=SOON + HOUR)
    assert (done.answers, count(session, Delivery, Mention)) == (1, [0, 1])
    assert kept(session, ours("o1", parent="2"), now=SOON + HOUR).refused == 1


def test_an_answer_of_ours_is_erased_with_its_words_in_the_outbox(session: Session) -> None:
    kept(session, said("1"))
    worked_on(session, "1")
    number = outbox.write(session, row(session).id or 0, "Liebe Anna", by="Mira", now=NOW)
    assert outbox.claim(session, "sender", NOW)
    outbox.sent(session, number, "o1", None, NOW)
    erasing.mention(session, row(session, "o1").id or 0, by="Mira", now=SOON + HOUR)
    assert count(session, Delivery, Mention) == [0, 1]


def test_who_objects_is_not_answered_in_our_books_either(session: Session) -> None:
    kept(session, said("1", kind="dm"))
    erasing.account(session, account_of(session), by="Mira", now=SOON, for_ever=True)
    assert kept(session, ours("7", parent=None, kind="dm", said_at=SOON + DAY), now=SOON + DAY).refused == 1


def test_an_objection_keeps_off_nobody_else_below_a_public_post(session: Session) -> None:
    kept(session, said("1", conversation="post"))
    erasing.account(session, account_of(session), by="Mira", now=SOON, for_ever=True)
    page = (
        said("2", conversation="post", by="ben", said_at=SOON + DAY),
        ours("3", conversation="post", parent="2", said_at=SOON + 2 * DAY),
    )
    assert kept(session, *page, now=SOON + 2 * DAY).new == 2


NAMED = {
    "umlaut": ("jürgen.müller", json.dumps({"user": "jürgen.müller"}).encode()),
    "emoji": ("anna😀", json.dumps({"from": {"acct": "anna😀"}}).encode()),
    "capitals": ("anna@web.de", b"From: Anna@Web.de\r\n\r\nHallo"),
    "short": ("ab", b'{"user": "ab", "text": 1}'),
    "number": ("4711", b'{"author": {"id": 4711}}'),
    "mentioned": ("kundin", b'{"text": "wie @kundin schon sagt"}'),
    "address": ("anna@web.de", b'{"from": "Anna M. <Anna@web.de>"}'),
    "uri": ("did:plc:abc", b'{"uri": "at://did:plc:abc/app.bsky.feed.post/1"}'),
    "key": ("did:plc:abc", b'{"did:plc:abc": {"text": "x"}}'),
}


@pytest.mark.parametrize(("handle", "payload"), NAMED.values(), ids=NAMED)
def test_a_payload_that_names_the_account_is_emptied_for_good(session: Session, handle: str, payload: bytes) -> None:
    kept(session, said("1", author=Who(native_id=handle, handle=handle)), broken=[Broken(payload)])
    assert erasing.account(session, account_of(session), by="Mira", now=SOON).quarantined == 1
    assert kept(session, broken=[Broken(payload)], now=SOON).quarantined == 0
    assert session.exec(select(Quarantine.raw)).one() == b""


@pytest.mark.parametrize("handle", ["text", "user", "1234", "anna", "5", "wrote", "annab"])
def test_payloads_of_others_stay_whatever_an_account_is_called(session: Session, handle: str) -> None:
    others = b'{"text": "anna wrote 12345 to @annabell, info@annab.de", "stars": 5, "user": {"id": 12345, "name": "annabell"}}'
    kept(session, said("1", author=Who(native_id=handle, handle=handle)), broken=[Broken(others)])
    assert erasing.account(session, account_of(session), by="Mira", now=SOON).quarantined == 0
    assert session.exec(select(Quarantine.raw)).one() == others


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
    assert kept(session, broken=[Broken(b"?")]).quarantined == 0


def test_younger_answers_of_ours_do_not_come_back_alone(session: Session) -> None:
    kept(session, said("1", said_at=NOW - 40 * DAY), ours("2", said_at=NOW - DAY), now=NOW)
    worked_on(session, "1")
    assert erasing.outdated(session, SOURCE.name, NOW - 30 * DAY, by="schedule", now=NOW) == Erased(1, 1, 1, 1)
    again = kept(session, ours("2", said_at=NOW - DAY), ours("3", parent=None, said_at=NOW - DAY))
    assert (again.new, again.refused) == (0, 2)


def test_what_nobody_has_read_yet_waits_a_week(session: Session) -> None:
    kept(session, said("1", said_at=NOW - 40 * DAY), now=NOW - DAY)
    assert erasing.outdated(session, SOURCE.name, NOW - 30 * DAY, by="schedule", now=NOW) == Erased()
    assert erasing.outdated(session, SOURCE.name, NOW - 30 * DAY, by="schedule", now=NOW + 7 * DAY).mentions == 1


def test_news_of_what_is_here_is_seen_however_old_it_is(session: Session) -> None:
    old = said("1", said_at=NOW - 40 * DAY)
    kept(session, old, now=NOW - 40 * DAY)
    edited = said("1", "Hat sich erledigt", said_at=NOW - 40 * DAY)
    assert keep_for(session, erasing_page(edited), 30 * DAY).changed == 1


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
    assert erasing.count_spared(session, SOURCE.name, NOW - 30 * DAY, NOW) == 1
    ticket = session.exec(select(Ticket)).one()
    tickets.set_status(session, ticket.id or 0, "closed", by="Mira", version=ticket.version, now=NOW)
    assert erasing.count_outdated(session, SOURCE.name, NOW - 30 * DAY, NOW) == 1
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


def test_a_conversation_with_more_in_it_than_postgresql_takes_parameters(postgres_url: str) -> None:
    engine = connect(postgres_url)
    with open_session(engine) as session:
        kept(session, said("0"), *(said(f"n{n}", "auch", conversation="0", by=f"k{n % 50}") for n in range(400)))
        worked_on(session, "0")
        session.execute(text(_MANY), {"conversation": row(session, "0").conversation_id})
        session.commit()
        assert erasing.account(session, account_of(session, "0"), by="Mira", now=SOON).mentions == 1
    engine.dispose()


_MANY = """INSERT INTO mention
        (platform, native_id, source, conversation_id, kind, title, text, search, ours, attachments, said_at, heard_at)
    SELECT 'mastodon', 'm' || n, 'garten', :conversation, 'comment', '', 'auch', '', false, '[]', now(), now()
    FROM generate_series(1, 66000) AS n"""


def test_an_answer_that_is_written_while_its_mention_is_erased_says_so(postgres_url: str) -> None:
    engine = connect(postgres_url)
    with open_session(engine) as session:
        kept(session, said(), said("2", conversation="1", by="nachbar"))
        author, number = account_of(session), row(session).id or 0
    with open_session(engine) as erasing_now:
        tombstones.hold(erasing_now)
        remove(erasing_now, [number], SOON, Graves())
        told: list[str] = []
        writer = Thread(target=_answer, args=(engine, number, told))
        writer.start()
        writer.join(0.5)
        assert writer.is_alive(), "it waits for the erasure"
        erasing_now.commit()
        writer.join(20)
    assert told == [f"there is no mention {number}"]
    assert author
    engine.dispose()


def _answer(engine: Engine, number: int, told: list[str]) -> None:
    with open_session(engine) as session:
        try:
            outbox.write(session, number, "Hallo", by="Mira", now=SOON)
        except KummerkastenError as error:
            told.append(str(error))


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
    for nobody in ("%", "@", " ", ""):
        assert people.accounts(session, nobody) == []
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
