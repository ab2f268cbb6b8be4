"""The page Conversation: what the tags say is confirmed in one press, and people see what became of it."""

from datetime import UTC, datetime

import pytest
from desks import Home
from sqlmodel import col, select, update
from streamlit.testing.v1 import AppTest
from test_pages import LANGUAGES, open_ticket, opened, shown, store_of

from store.corrections import corrections
from store.tables import Mention, Tag, Ticket
from store.tags import decide, tags_of

CONFIRMED = {"de": "Unverändert bestätigt", "en": "Confirmed as it was"}
CHECKED = {"de": "Geprüft von Anna", "en": "Checked by Anna"}


@pytest.fixture
def ticket(home: Home) -> Ticket:
    return open_ticket(home, topic="payment")


def looked_at(ticket: Ticket, language: str = "de", me: str = "Anna") -> AppTest:
    return opened("conversation", language, me, id=str(ticket.conversation_id))


def press(app: AppTest, name: str) -> AppTest:
    """Press the one button whose key begins so."""
    (button,) = [button for button in app.button if str(button.key).startswith(name)]
    return button.click().run()


def offered(app: AppTest) -> bool:
    return any(str(button.key).startswith("confirm-") for button in app.button)


def _saves(mention_id: int, changed: dict[str, bool]) -> None:
    """Save the dialog as Anna (AppTest cannot: it runs the page anew, and the dialog is gone)."""
    from dataclasses import replace

    import streamlit as st

    from dashboard import data, deeds

    reason = data.why(mention_id)
    assert reason
    deeds.correct(reason, replace(reason.said.tags, **changed), "Anna")
    st.html(str(deeds.notice()))


def saved(ticket: Ticket, **changed: bool) -> str:
    """Return the key of what is said after saving."""
    app = AppTest.from_function(_saves, args=(ticket.mention_id, changed)).run()
    assert not app.exception, app.exception
    return shown(app)


def said_by_people(home: Home) -> set[tuple[str, str, bool, str]]:
    with store_of(home) as session:
        tags = session.exec(select(Tag).where(col(Tag.person), col(Tag.stands))).all()
    assert len(tags) == len({(tag.aspect, tag.value) for tag in tags})
    return {(tag.aspect, tag.value, tag.holds, tag.by) for tag in tags}


def stated(home: Home, ticket: Ticket) -> set[tuple[str, str]]:
    """Return what stands about a ticket's mention, the language aside."""
    with store_of(home) as session:
        tags = session.exec(select(Tag).where(Tag.mention_id == ticket.mention_id, col(Tag.stands), col(Tag.holds))).all()
    return {(tag.aspect, tag.value) for tag in tags} - {("language", "de"), ("language", "en")}


def decided(home: Home, ticket: Ticket, aspect: str, value: str, holds: bool = True, by: str = "Mira") -> None:
    with store_of(home) as session:
        decide(session, ticket.mention_id, aspect, value, holds, by, datetime.now(UTC))  # type: ignore[arg-type]


def unread(home: Home, ticket: Ticket) -> None:
    with store_of(home) as session:
        session.execute(update(Mention).where(col(Mention.id) == ticket.mention_id).values(read_at=None))
        session.commit()


@LANGUAGES
def test_one_press_confirms_all_that_the_tags_say(home: Home, ticket: Ticket, language: str) -> None:
    before = stated(home, ticket)
    assert {"sentiment", "intent", "needs_reply", "urgent", "friction"} <= {aspect for aspect, _ in before}
    app = press(looked_at(ticket, language), "confirm-")
    assert CONFIRMED[language] in shown(app)
    assert said_by_people(home) == {(aspect, value, True, "person:Anna") for aspect, value in before}


@LANGUAGES
def test_what_is_checked_is_not_asked_for_again_but_says_who_checked_it(home: Home, ticket: Ticket, language: str) -> None:
    app = press(looked_at(ticket, language), "confirm-")
    assert not offered(app)
    assert CHECKED[language] in shown(app)
    assert not offered(looked_at(ticket, language, "Mira"))


def test_everybody_who_checked_some_of_it_is_named(home: Home, ticket: Ticket) -> None:
    decided(home, ticket, "urgent", "no")
    app = looked_at(ticket)
    assert "Geprüft von" not in shown(app)
    said = shown(press(app, "confirm-"))
    assert "Geprüft von Anna, Mira" in said or "Geprüft von Mira, Anna" in said
    assert ("urgent", "no", True, "person:Mira") in said_by_people(home)


def test_who_has_not_said_who_they_are_confirms_nothing(ticket: Ticket) -> None:
    (button,) = [button for button in looked_at(ticket, me="").button if str(button.key).startswith("confirm-")]
    assert button.disabled


def test_pressing_twice_stores_nothing_new_and_says_so(home: Home, ticket: Ticket) -> None:
    first, second = looked_at(ticket), looked_at(ticket, me="Mira")
    press(first, "confirm-")
    assert "Nichts Neues gespeichert" in shown(press(second, "confirm-"))
    assert {by for *_, by in said_by_people(home)} == {"person:Anna"}
    with store_of(home) as session:
        assert all(tag.stands for tag in session.exec(select(Tag).where(col(Tag.person))))


def test_who_is_second_is_told_who_decided_otherwise_and_sees_how_it_stands(home: Home, ticket: Ticket) -> None:
    app = looked_at(ticket)
    decided(home, ticket, "friction", "payment", holds=False)
    said = shown(press(app, "confirm-"))
    assert "Mira war schneller und hat hier anders entschieden" in said
    assert "Nicht Bezahlung, sagt Mira." in said
    assert said_by_people(home) == {("friction", "payment", False, "person:Mira")}


def test_words_that_were_edited_meanwhile_are_not_confirmed(home: Home, ticket: Ticket) -> None:
    app = looked_at(ticket)
    unread(home, ticket)
    app = press(app, "confirm-")
    assert "Der Text wurde inzwischen geändert" in shown(app)
    assert said_by_people(home) == set()
    assert not offered(app), "until they are read again"


def test_what_was_not_read_yet_offers_nothing_to_confirm(home: Home, ticket: Ticket) -> None:
    unread(home, ticket)
    with store_of(home) as session:
        session.execute(update(Tag).where(col(Tag.mention_id) == ticket.mention_id).values(stands=False))
        session.commit()
    app = looked_at(ticket)
    assert "Noch nicht gelesen" in shown(app)
    assert not offered(app)
    assert "'deed.nothing'" in saved(ticket)
    assert said_by_people(home) == set()


def test_saving_without_a_change_confirms_it_as_it_was(home: Home, ticket: Ticket) -> None:
    before = stated(home, ticket)
    assert "'deed.confirmed'" in saved(ticket)
    assert said_by_people(home) == {(aspect, value, True, "person:Anna") for aspect, value in before}
    assert "'deed.confirmed_already'" in saved(ticket)


def test_saving_a_change_stores_the_change_alone_and_one_press_confirms_the_rest(home: Home, ticket: Ticket) -> None:
    assert "'deed.corrected'" in saved(ticket, urgent=("urgent", "no") in stated(home, ticket))
    (urgent,) = said_by_people(home)
    assert urgent[0] == "urgent"
    press(looked_at(ticket), "confirm-")
    assert {(aspect, value) for aspect, value, *_ in said_by_people(home)} == stated(home, ticket)


def test_a_confirmation_shows_on_quality_and_is_taught_next_time(home: Home, ticket: Ticket) -> None:
    count = len(stated(home, ticket))
    assert "hat niemand etwas bestätigt oder korrigiert" in shown(opened("quality", days="7"))
    press(looked_at(ticket), "confirm-")
    assert f"Erst {count} Urteile" in shown(opened("quality", days="28"))
    with store_of(home) as session:
        (found,) = corrections(session)
        tags = tags_of(session, [ticket.mention_id])[ticket.mention_id]
    assert found.mention_id == ticket.mention_id
    assert {answer.value for answer in found.answers if answer.aspect == "friction"} == set(tags.friction)


def test_the_page_quality_says_that_a_press_counts() -> None:
    from dashboard.words import texts

    for language, name in (("de", "Stimmt so"), ("en", "Right as it is")):
        said = texts(language)  # type: ignore[arg-type]
        assert said["correct.confirm"] == name
        assert name in said["quality.people_lead"]
