import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from desks import APP, Home
from sqlalchemy import Engine
from sqlmodel import Session, col, select
from streamlit.testing.v1 import AppTest

from dashboard import deeds
from desk.reading import Tags
from store.engine import connect
from store.engine import session as open_session
from store.ledger import start_pull
from store.tables import Conversation, Ticket
from store.tags import decide
from store.tickets import assign

LANGUAGES = pytest.mark.parametrize("language", ["de", "en"])
TITLES = {
    "today": ("Heute", "Today"),
    "inbox": ("Eingang", "Inbox"),
    "friction": ("Reibung", "Friction"),
    "sources": ("Quellen", "Sources"),
    "conversation": ("Gespräch", "Conversation"),
}


def opened(page: str, /, language: str = "de", me: str = "", **params: str) -> AppTest:
    """Open a page as its address says."""
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    app.session_state["lang"] = language
    app.session_state["me"] = me or None
    app.query_params.update(params)
    app.switch_page(f"views/{page}.py").run()
    assert not app.exception, app.exception
    return app


def shown(app: AppTest) -> str:
    """Return all that is written on a page, without its tags."""
    bodies = " ".join(str(element.value) for element in app.get("html"))
    return " ".join(re.sub(r"<[^>]+>", " ", bodies).split())


def links(app: AppTest, page: str) -> list[dict[str, list[str]]]:
    """Return the parameters of the links that lead to a page."""
    return [parse_qs(link.proto.query_string) for link in app.get("page_link") if link.proto.page.endswith(page)]


@contextmanager
def store_of(home: Home) -> Iterator[Session]:
    engine = connect(home.url)
    with open_session(engine) as session:
        yield session
    engine.dispose()


def open_ticket(home: Home, **wanted: object) -> Ticket:
    with store_of(home) as session:
        asked = select(Ticket).join(Conversation).where(Ticket.status == "open", col(Conversation.native_id).not_like("hostile%"))
        return session.exec(
            asked.where(*(getattr(Ticket, name) == value for name, value in wanted.items())).order_by(col(Ticket.due_at))
        ).first() or pytest.fail("no such ticket")


def ticket_now(home: Home, ticket: Ticket) -> Ticket:
    with store_of(home) as session:
        return session.get_one(Ticket, ticket.id)


@LANGUAGES
@pytest.mark.parametrize("page", TITLES)
@pytest.mark.usefixtures("home")
def test_each_page_speaks_the_chosen_language(page: str, language: str) -> None:
    assert TITLES[page][language == "en"] in shown(opened(page, language))


@LANGUAGES
@pytest.mark.parametrize("page", TITLES)
@pytest.mark.usefixtures("empty_home")
def test_a_desk_that_has_heard_nothing_shows_each_page(page: str, language: str) -> None:
    assert TITLES[page][language == "en"] in shown(opened(page, language))


@pytest.mark.usefixtures("empty_home")
def test_where_nothing_was_heard_the_commands_that_help_are_named() -> None:
    assert "kummerkasten pull" in opened("today").code[0].value


def test_a_demonstration_says_that_it_is_one_and_a_desk_does_not(empty_home: Home) -> None:
    said = "the shop “Kastanie” and its customers are invented"
    assert said in shown(opened("today", "en"))
    text = empty_home.config.read_text("utf-8")
    empty_home.config.write_text(text.replace("invented = true", ""), "utf-8")
    assert said not in shown(opened("today", "en"))


@pytest.mark.usefixtures("home")
def test_today_leads_to_the_queue_of_each_team() -> None:
    led = links(opened("today"), "inbox")
    assert {"team": ["payments"]} in led
    assert {"late": ["1"]} in led


def test_the_inbox_shows_what_its_address_asks_for(home: Home) -> None:
    ticket = open_ticket(home, team="logistics")
    app = opened("inbox", team="logistics")
    assert {"id": [str(ticket.conversation_id)]} in links(app, "conversation")
    with store_of(home) as session:
        others = set(session.exec(select(Ticket.conversation_id).where(Ticket.team != "logistics")))
    assert not {int(link["id"][0]) for link in links(app, "conversation")} & others


def test_a_filter_that_is_chosen_stands_in_the_address(home: Home) -> None:
    app = opened("inbox")
    team = next(box for box in app.selectbox if box.label == "Team")
    team.select("payments").run()
    assert app.query_params["team"] == "payments"
    assert home.desk.team("payments").name["de"] in shown(app)


@pytest.mark.usefixtures("home")
def test_search_finds_words_and_says_so_where_there_are_none() -> None:
    assert links(opened("inbox", search="paket", status="all"), "conversation")
    assert "Nichts passt zu diesen Filtern" in shown(opened("inbox", search="gibtesnichtxyz"))


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("params", [{"page": "99999"}, {"page": "x"}, {"team": "<b>"}, {"status": "nonsense"}, {"late": "2"}])
def test_an_address_that_makes_no_sense_shows_the_inbox_all_the_same(params: dict[str, str]) -> None:
    assert "Eingang" in shown(opened("inbox", **params))


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("number", ["", "0", "999999", "-1", "abc", "9" * 40, "²"])
def test_a_conversation_that_does_not_exist_leads_back(number: str) -> None:
    assert "Dieses Gespräch gibt es nicht" in shown(opened("conversation", id=number))


def test_taking_a_ticket_makes_it_mine(home: Home) -> None:
    ticket = open_ticket(home, assignee=None)
    app = opened("conversation", me="Anna", id=str(ticket.conversation_id))
    app.button(key="deed-take").click().run()
    assert ticket_now(home, ticket).assignee == "Anna"
    assert "Übernommen." in shown(app)


def test_a_deed_that_the_database_refuses_is_not_taken_for_done(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = open_ticket(home, assignee=None)
    app = opened("conversation", me="Anna", id=str(ticket.conversation_id))

    @contextmanager
    def refusing(engine: Engine, *, write: bool) -> Iterator[Session]:
        with open_session(engine, write=write) as session:
            connection = session.connection()
            connection.exec_driver_sql(f"PRAGMA query_only = {int(write)}")
            try:
                yield session
            finally:
                connection.exec_driver_sql("PRAGMA query_only = 0")

    monkeypatch.setattr("dashboard.data.engine.session", refusing)
    app.button(key="deed-take").click().run()
    assert "Das wurde nicht gespeichert. Die Datenbank meldet (auf Englisch): attempt to write a readonly database" in shown(app)
    assert ticket_now(home, ticket).assignee is None


@pytest.mark.parametrize(("deed", "status"), [("answered", "answered"), ("closed", "closed")])
def test_a_ticket_is_answered_or_closed_and_can_be_opened_again(home: Home, deed: str, status: str) -> None:
    ticket = open_ticket(home)
    app = opened("conversation", me="Anna", id=str(ticket.conversation_id))
    app.button(key=f"deed-{deed}").click().run()
    assert ticket_now(home, ticket).status == status
    app.button(key="deed-open").click().run()
    assert ticket_now(home, ticket).status == "open"


def test_who_comes_second_is_told_who_won_and_changes_nothing(home: Home) -> None:
    ticket = open_ticket(home, assignee=None)
    app = opened("conversation", me="Anna", id=str(ticket.conversation_id))
    with store_of(home) as session:
        assign(session, ticket.id or 0, "Mira", by="Mira", version=ticket.version, now=ticket.updated_at)
    app.button(key="deed-take").click().run()
    assert "Mira war schneller" in shown(app)
    assert ticket_now(home, ticket).assignee == "Mira"


def test_nobody_in_particular_may_change_nothing(home: Home) -> None:
    app = opened("conversation", id=str(open_ticket(home).conversation_id))
    assert all(button.disabled for button in app.button if (button.key or "").startswith(("deed-", "correct", "confirm-")))


def test_handing_over_moves_team_person_and_priority_at_once(home: Home) -> None:
    ticket = open_ticket(home, team="logistics")
    app = opened("conversation", me="Anna", id=str(ticket.conversation_id))
    next(box for box in app.selectbox if box.label == "Team").select("finance")
    next(box for box in app.selectbox if box.label == "Zuständig").select("Petra")
    next(button for button in app.button if button.label == "Übergeben").click().run()
    after = ticket_now(home, ticket)
    assert (after.team, after.assignee, after.manual) == ("finance", "Petra", True)


def test_what_a_person_has_denied_is_said_with_their_name(home: Home) -> None:
    ticket = open_ticket(home, topic="delivery")
    with store_of(home) as session:
        decide(session, ticket.mention_id, "friction", "delivery", False, "Anna", datetime.now(UTC))
    assert "Nicht Lieferung, sagt Anna." in shown(opened("conversation", id=str(ticket.conversation_id)))


def test_a_correction_says_only_what_differs() -> None:
    before = Tags(sentiment="neutral", friction={"delivery": 0.9, "price": 0.6}, praise={"quality": 0.8})
    after = Tags(sentiment="negative", urgent=True, friction={"price": 1.0, "order": 1.0}, praise={"quality": 1.0})
    assert deeds.corrections(before, before) == []
    assert deeds.corrections(before, after) == [
        ("sentiment", "negative", True),
        ("urgent", "yes", True),
        ("friction", "order", True),
        ("friction", "delivery", False),
    ]


def test_the_words_behind_a_tag_are_marked_in_the_text(home: Home) -> None:
    ticket = open_ticket(home, topic="payment")
    app = opened("conversation", id=str(ticket.conversation_id))
    assert any("<mark" in element.value for element in app.get("html"))


@LANGUAGES
@pytest.mark.usefixtures("home")
def test_friction_ranks_topics_and_quotes_people(language: str) -> None:
    app = opened("friction", language, topic="payment")
    assert ("Bezahlung", "Payment")[language == "en"] in shown(app)
    assert links(app, "conversation")
    assert app.get("arrow_vega_lite_chart") or app.get("vega_lite_chart")


@pytest.mark.usefixtures("home")
def test_sources_say_what_an_operator_must_know() -> None:
    said = shown(opened("sources"))
    for sentence in ("gesund", "wartet auf die Plattform bis", "braucht Hilfe: Zugang verweigert", "Quarantäne"):
        assert sentence in said


def test_a_missing_configuration_says_what_to_do(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUMMERKASTEN_CONFIG", str(home.folder / "nowhere.toml"))
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not app.exception
    assert any("kummerkasten init" in code.value for code in app.code)


def test_a_wrong_configuration_is_named_with_its_line(home: Home) -> None:
    home.config.write_text('langauge = "de"\n' + home.config.read_text("utf-8"), "utf-8")
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not app.exception
    assert any("langauge" in code.value and "line" in code.value for code in app.code)


def test_a_database_that_cannot_be_reached_is_no_traceback(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUMMERKASTEN_DATABASE", f"sqlite:///{home.folder / 'no' / 'such' / 'folder.db'}")
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not app.exception
    assert "Die Datenbank antwortet nicht." in shown(app)


def test_the_next_ticket_is_the_next_of_the_queue_and_the_address_says_so(home: Home) -> None:
    with store_of(home) as session:
        order = select(Ticket.conversation_id).where(Ticket.status == "open")
        queue = session.exec(order.order_by(col(Ticket.priority), col(Ticket.due_at), col(Ticket.id))).all()
    app = opened("conversation", id=str(queue[-2]), me="Anna")  # far behind the inbox' first page
    app.button(key="next").click().run()
    assert app.query_params["id"] == str(queue[-1])
    assert "mention" not in app.query_params
    last = opened("conversation", id=str(queue[-1]))
    assert not [one for one in last.button if one.key == "next"]


@pytest.mark.usefixtures("home")
def test_a_topic_that_is_chosen_stands_in_the_address_of_friction_and_stays_when_the_period_changes() -> None:
    app = opened("friction")
    app.button(key="go-topic-delivery").click().run()
    assert app.query_params["topic"] == "delivery"
    next(one for one in app.segmented_control if one.options == ["7 Tage", "28 Tage", "90 Tage"]).set_value("7").run()
    assert app.query_params["topic"] == "delivery"


def test_who_corrects_a_ticket_in_hand_is_told_that_it_stays(home: Home) -> None:
    ticket = open_ticket(home, assignee=None)
    app = opened("conversation", me="Anna", id=str(ticket.conversation_id))
    app.button(key="deed-take").click().run()
    next(one for one in app.button if (one.key or "").startswith("correct-")).click().run()
    assert [one for one in app.caption if "Das Ticket bleibt, wo es ist" in one.value]


def test_a_run_that_nobody_holds_any_more_is_called_broken_off(home: Home) -> None:
    source = home.desk.sources[0].name
    with store_of(home) as session:
        start_pull(session, home.desk.source(source), "who died", datetime.now(UTC) - timedelta(minutes=11))
    assert "abgebrochen; der nächste Lauf macht dort weiter" in shown(opened("sources"))


@pytest.mark.usefixtures("home")
def test_a_ranking_keeps_room_for_a_comparison_only_where_there_is_one() -> None:
    for days, there, missing in (("90", "k-calm", "k-topic-row"), ("7", "k-topic-row", "k-calm")):
        page = " ".join(str(element.value) for element in opened("friction", days=days).get("html"))
        assert f"k-load {there}" in page
        assert f"k-load {missing}" not in page
