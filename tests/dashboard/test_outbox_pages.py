"""Answering on the pages: what the platform allows is known before anybody presses send, and nothing stuck is hidden."""

from datetime import UTC, datetime, timedelta

import pytest
from desks import Home
from test_pages import open_ticket, opened, shown, store_of, ticket_now

from desk.answering import ReplyRules
from desk.source import Source
from store import outbox, reply_rules
from store.tables import Author, Delivery, Mention, Ticket

KINDS = ("comment", "post", "dm", "review")


def allow(home: Home, ticket: Ticket, **rules: object) -> None:
    with store_of(home) as session:
        mention = session.get_one(Mention, ticket.mention_id)
        source = Source(name=mention.source, platform=mention.platform)
        allowed = ReplyRules(**rules).model_dump(mode="json")  # type: ignore[arg-type]
        reply_rules.learn_rules(session, source, dict.fromkeys(KINDS, allowed))


def deliveries(home: Home) -> list[Delivery]:
    with store_of(home) as session:
        return outbox.deliveries(session)


def answering(home: Home, ticket: Ticket, text: str, me: str = "Anna") -> str:
    app = opened("conversation", me=me, id=str(ticket.conversation_id))
    app.text_area[0].input(text)
    next(button for button in app.button if button.label == "Senden").click().run()
    return shown(app)


def test_an_answer_goes_into_the_outbox_and_the_page_says_so(home: Home) -> None:
    ticket = open_ticket(home)
    allow(home, ticket)
    page = answering(home, ticket, "Wir kümmern uns.")
    assert "wartet auf den Versand" in page
    (one,) = deliveries(home)
    assert (one.text, one.by, one.state, one.mention_id) == ("Wir kümmern uns.", "Anna", "waiting", ticket.mention_id)
    assert "Wir kümmern uns." in shown(opened("outbox", me="Anna"))


def test_an_answer_that_was_begun_is_there_when_one_comes_back(home: Home) -> None:
    ticket = open_ticket(home)
    allow(home, ticket)
    app = opened("conversation", me="Anna", id=str(ticket.conversation_id))
    app.text_area[0].input("Liebe Mira, wir").run()
    app.switch_page("views/inbox.py").run()
    app.query_params["id"] = str(ticket.conversation_id)
    app.switch_page("views/conversation.py").run()
    assert app.text_area[0].value == "Liebe Mira, wir"


def test_an_answer_in_the_outbox_stands_with_what_it_answers(home: Home) -> None:
    ticket = open_ticket(home)
    allow(home, ticket)
    answering(home, ticket, "Wir kümmern uns.")
    with store_of(home) as session:
        asked = session.get_one(Mention, ticket.mention_id)
    words = " ".join(f"{asked.title} {asked.text}".split())  # whichever ticket is the first open one at this hour
    assert f"Antwort auf: {words[:40].strip()}" in shown(opened("outbox", me="Anna"))


def test_where_the_platform_takes_no_answers_there_is_no_field_for_one(home: Home) -> None:
    app = opened("conversation", me="Anna", id=str(open_ticket(home).conversation_id))
    assert not app.text_area
    assert "Von hier aus kann nicht geantwortet werden" in shown(app)


def test_a_time_that_has_passed_is_said_before_anybody_writes(home: Home) -> None:
    ticket = open_ticket(home)
    allow(home, ticket, within=timedelta(seconds=1))
    app = opened("conversation", me="Anna", id=str(ticket.conversation_id))
    assert not app.text_area
    assert "die ist vorbei" in shown(app)


def test_the_field_takes_no_more_than_the_platform(home: Home) -> None:
    ticket = open_ticket(home)
    allow(home, ticket, characters=280)
    assert opened("conversation", me="Anna", id=str(ticket.conversation_id)).text_area[0].proto.max_chars == 280


def test_a_name_with_a_picture_in_it_is_a_name_and_no_picture(home: Home) -> None:
    ticket = open_ticket(home)
    allow(home, ticket)
    with store_of(home) as session:
        author = session.get_one(Author, session.get_one(Mention, ticket.mention_id).author_id)
        author.name = "![x](https://evil.example/x.png)\n# Chef"
        session.commit()
    label = opened("conversation", me="Anna", id=str(ticket.conversation_id)).text_area[0].label
    assert r"\!\[x\]\(https\:\/\/evil\.example\/x\.png\) \# Chef" in label.replace("\u2060", "")


def test_an_empty_answer_is_not_sent(home: Home) -> None:
    ticket = open_ticket(home)
    allow(home, ticket)
    assert "noch leer" in answering(home, ticket, "   ")
    assert deliveries(home) == []


def test_who_answers_second_is_told_who_won_and_keeps_the_words(home: Home) -> None:
    ticket = open_ticket(home)
    allow(home, ticket)
    app = opened("conversation", me="Anna", id=str(ticket.conversation_id))
    app.text_area[0].input("Von Anna")
    with store_of(home) as session:
        outbox.write(session, ticket.mention_id, "Von Tom", by="Tom", now=datetime.now(UTC), version=ticket.version)
    next(button for button in app.button if button.label == "Senden").click().run()
    assert "Tom war schneller" in shown(app)
    assert [one.text for one in deliveries(home)] == ["Von Tom"]
    assert [block.value for block in app.code] == ["Von Anna"]


def test_the_words_are_kept_although_the_customer_has_asked_something_else_meanwhile(home: Home) -> None:
    ticket = open_ticket(home)
    allow(home, ticket)
    app = opened("conversation", me="Anna", id=str(ticket.conversation_id))
    app.text_area[0].input("Von Anna")
    with store_of(home) as session:
        asked = session.get_one(Mention, ticket.mention_id)
        more = Mention(**asked.model_dump(exclude={"id"}) | {"native_id": "asked again"})
        session.add(more)
        session.flush()
        waiting = session.get_one(Ticket, ticket.id)
        waiting.mention_id = more.id or 0
        session.commit()
        outbox.write(session, waiting.mention_id, "Von Tom", by="Tom", now=datetime.now(UTC))
    next(button for button in app.button if button.label == "Senden").click().run()
    assert [block.value for block in app.code] == ["Von Anna"]


@pytest.mark.parametrize(("label", "state"), [("Noch einmal senden", "waiting"), ("Verwerfen", "dropped")])
def test_what_could_not_be_sent_shows_its_reason_and_is_sent_again_or_dropped(home: Home, label: str, state: str) -> None:
    ticket = open_ticket(home)
    with store_of(home) as session:
        now = datetime.now(UTC)
        number = outbox.write(session, ticket.mention_id, "Wir kümmern uns.", by="Anna", now=now)
        outbox.claim(session, "a sender", now)
        outbox.bury(session, number, "the token is refused", "make a new one", now)
    app = opened("outbox", me="Anna")
    page = shown(app)
    assert "Was zu tun ist: Den Grund beheben, dann noch einmal senden. Oder verwerfen." in page
    assert "Technische Meldung (auf Englisch): the token is refused · make a new one" in page
    next(button for button in app.button if button.label == label).click().run()
    assert deliveries(home)[0].state == state


def test_nobody_in_particular_sends_nothing(home: Home) -> None:
    ticket = open_ticket(home)
    allow(home, ticket)
    app = opened("conversation", id=str(ticket.conversation_id))
    assert next(button for button in app.button if button.label == "Senden").disabled
    assert ticket_now(home, ticket).version == ticket.version


def test_what_was_sent_or_dropped_meanwhile_is_said_in_the_language_of_the_page(home: Home) -> None:
    ticket = open_ticket(home)
    with store_of(home) as session:
        now = datetime.now(UTC)
        number = outbox.write(session, ticket.mention_id, "Wir kümmern uns.", by="Anna", now=now)
    app = opened("outbox", me="Anna")
    with store_of(home) as session:
        outbox.drop(session, number, by="Tom", now=now)
    next(button for button in app.button if button.label == "Verwerfen").click().run()
    assert "Zu spät: Diese oder eine andere Antwort ist inzwischen unterwegs, gesendet oder verworfen." in shown(app)
