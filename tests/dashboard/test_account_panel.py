"""Guarantee 11 on the page Conversation: what is stored about an account, and the way to erase it."""

import json
from datetime import UTC, datetime

from desks import Home
from sqlmodel import col, delete, func, select
from test_pages import LANGUAGES, open_ticket, opened, shown, store_of

from dashboard import data, deeds
from desk.taxonomy import Language
from store import erasing, outbox, people
from store.tables import Author, Mention, Ticket


def account_of(home: Home, ticket: Ticket) -> Author:
    with store_of(home) as session:
        return session.get_one(Author, session.get_one(Mention, ticket.mention_id).author_id)


def known_of(home: Home, author: Author) -> people.Known:
    with store_of(home) as session:
        found = people.known(session, author.id or 0)
    assert found is not None
    return found


def mentions(home: Home, author_id: int | None = None) -> int:
    with store_of(home) as session:
        asked = select(func.count()).select_from(Mention)
        return session.exec(asked.where(Mention.author_id == author_id) if author_id else asked).one()


@LANGUAGES
def test_the_page_says_how_much_is_stored_about_who_spoke(home: Home, language: Language) -> None:
    ticket = open_ticket(home)
    page = shown(opened("conversation", language, "Anna", id=str(ticket.conversation_id)))
    n = mentions(home, account_of(home, ticket).id)
    assert f"{'hat' if language == 'de' else 'has'} {n} {'Beitr' if language == 'de' else 'mention'}" in page


def test_the_file_for_the_person_holds_all_of_it(home: Home) -> None:
    author = account_of(home, open_ticket(home))
    found = json.loads(data.everything_about(author.id or 0))
    assert found["account"]["native_id"] == author.native_id
    assert len(found["mentions"]) == mentions(home, author.id)


def test_an_account_is_erased_with_its_tickets(home: Home) -> None:
    ticket = open_ticket(home)
    author = account_of(home, ticket)
    assert deeds.forget_account(known_of(home, author), "Anna", for_ever=False)
    assert mentions(home, author.id) == 0
    with store_of(home) as session:
        assert session.get(Ticket, ticket.id) is None
        assert erasing.erasures(session)[0].by == "Anna"


def test_one_mention_is_erased_alone(home: Home) -> None:
    ticket, before = open_ticket(home), mentions(home)
    assert deeds.forget_mention(ticket.mention_id, "Anna")
    assert mentions(home) == before - 1
    assert not deeds.forget_mention(ticket.mention_id, "Tom"), "it is gone already"


def test_nobody_erases_without_a_name(home: Home) -> None:
    app = opened("conversation", id=str(open_ticket(home).conversation_id))
    assert app.button(key="account-erase").disabled


def test_what_is_being_answered_just_now_stays(home: Home) -> None:
    ticket = open_ticket(home)
    now = datetime.now(UTC)
    with store_of(home) as session:
        outbox.write(session, ticket.mention_id, "Hallo", by="Anna", now=now)
        assert outbox.claim(session, "sender", now)
    assert not deeds.forget_account(known_of(home, account_of(home, ticket)), "Anna", for_ever=False)
    assert (notice := deeds.notice()) is not None
    assert (notice.text, notice.good) == ("deed.sending", False)
    assert mentions(home, account_of(home, ticket).id)


@LANGUAGES
def test_what_was_erased_meanwhile_is_said_in_the_language_of_the_page(home: Home, language: Language) -> None:
    ticket = open_ticket(home, assignee=None)
    app = opened("conversation", language, "Anna", id=str(ticket.conversation_id))
    with store_of(home) as session:
        erasing.mention(session, ticket.mention_id, by="Tom", now=datetime.now(UTC))
        session.execute(delete(Ticket).where(col(Ticket.id) == ticket.id))
        session.commit()
    app.button(key="deed-take").click().run()
    said = {"de": "Das gibt es nicht mehr: Inzwischen wurde es gelöscht.", "en": "That is not there any more: it was erased"}
    assert said[language] in shown(app)
