"""A person finds right what a model says: it is their word from then on, whole or not at all, and nobody is written over."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, event, text
from sqlmodel import Session
from things import DAY, HOUR, MINUTE, NOW, kept, read, route, row, said, waiting

from desk.errors import Conflict, KummerkastenError
from desk.shares import Share
from store.corrections import corrections
from store.engine import connect
from store.engine import session as open_session
from store.quality import agreement
from store.review import confirm
from store.tags import decide, decide_all, reading_of, statements, tags_of

SHOWN = frozenset(
    {
        ("sentiment", "negative"),
        ("intent", "complaint"),
        ("needs_reply", "yes"),
        ("urgent", "no"),
        ("friction", "payment"),
        ("praise", "service"),
    }
)
"""What the reading of `tagged` says, the language aside."""


@pytest.fixture
def tagged(session: Session) -> int:
    kept(session, said())
    read(session, "1", praise=("service",))
    return row(session).id or 0


def reading_id(session: Session, mention_id: int) -> int:
    latest = reading_of(session, mention_id)
    return (latest.id or 0) if latest else 0


def confirmed(session: Session, mention_id: int, person: str = "uta") -> int:
    return confirm(session, mention_id, reading_id(session, mention_id), SHOWN, person, NOW)


def words(session: Session, mention_id: int) -> dict[tuple[str, str], tuple[str, bool]]:
    """Return who says what by a person's word that stands, and whether it holds."""
    return {(tag.aspect, tag.value): (tag.by, tag.holds) for tag in statements(session, mention_id) if tag.stands and tag.person}


def test_all_that_the_reading_says_becomes_that_persons_word(session: Session, tagged: int) -> None:
    assert confirmed(session, tagged) == 6
    assert words(session, tagged) == dict.fromkeys(SHOWN, ("person:uta", True))
    standing = [(tag.aspect, tag.by) for tag in statements(session, tagged) if tag.stands and not tag.person]
    assert standing == [("language", "base@1")]


def test_what_was_confirmed_stands_whatever_any_model_says_later(session: Session, tagged: int) -> None:
    confirmed(session, tagged)
    read(session, "1", model="base@2", sentiment="neutral", intent="other", needs_reply=False, urgent=True, friction=())
    assert words(session, tagged) == dict.fromkeys(SHOWN, ("person:uta", True))
    found = tags_of(session, [tagged])[tagged]
    assert (found.sentiment, found.urgent, found.friction) == ("negative", False, {"payment": 1.0})


def test_a_confirmation_counts_as_agreement_for_each_tag(session: Session, tagged: int) -> None:
    decide(session, tagged, "sentiment", "neutral", True, "mira", NOW)
    assert agreement(session, NOW, NOW + DAY).all == Share(0, 1)
    confirm(
        session, tagged, reading_id(session, tagged), SHOWN ^ {("sentiment", "negative"), ("sentiment", "neutral")}, "uta", NOW
    )
    found = agreement(session, NOW, NOW + DAY)
    assert (found.all, found.missed) == (Share(5, 6), {})
    assert (found.labels["friction:payment"], found.labels["urgent"]) == (Share(1, 1), Share(1, 1))


def test_a_confirmation_is_an_example_to_learn_from(session: Session, tagged: int) -> None:
    confirmed(session, tagged)
    (found,) = corrections(session)
    assert {(one.aspect, one.value, one.holds, one.by) for one in found.answers} == {
        (aspect, value, True, "person:uta") for aspect, value in SHOWN
    }


def test_what_was_confirmed_is_routed_again(session: Session, tagged: int) -> None:
    route(session, "1")
    assert waiting(session) == ([], [])
    confirmed(session, tagged)
    assert waiting(session) == ([], ["1"])


@pytest.mark.parametrize("second", ["uta", "mira"])
def test_confirming_twice_stores_nothing_new(session: Session, tagged: int, second: str) -> None:
    confirmed(session, tagged)
    route(session, "1")
    before = [tag.id for tag in statements(session, tagged)]
    assert confirmed(session, tagged, second) == 0
    assert [tag.id for tag in statements(session, tagged)] == before
    assert set(words(session, tagged).values()) == {("person:uta", True)}
    assert waiting(session) == ([], []), "nor is it routed again"


def test_what_people_have_said_already_stays_theirs(session: Session, tagged: int) -> None:
    decide(session, tagged, "urgent", "no", True, "mira", NOW)
    decide(session, tagged, "friction", "price", False, "ben", NOW)
    assert confirmed(session, tagged) == 5
    found = words(session, tagged)
    assert (found["urgent", "no"], found["friction", "price"]) == (("person:mira", True), ("person:ben", False))
    assert len([tag for tag in statements(session, tagged) if tag.aspect == "urgent"]) == 2


@pytest.mark.parametrize(
    ("aspect", "value", "holds"),
    [
        pytest.param("sentiment", "positive", True, id="another mood"),
        pytest.param("urgent", "yes", True, id="urgent after all"),
        pytest.param("friction", "payment", False, id="a shown topic is denied"),
        pytest.param("friction", "delivery", True, id="a topic is added"),
    ],
)
def test_who_comes_second_is_told_who_decided_otherwise_and_stores_nothing(
    session: Session, tagged: int, aspect: str, value: str, holds: bool
) -> None:
    decide(session, tagged, "praise", "service", True, "ben", NOW)
    decide(session, tagged, aspect, value, holds, "mira", NOW)  # type: ignore[arg-type]
    with pytest.raises(Conflict) as lost:
        confirmed(session, tagged)
    session.rollback()
    assert lost.value.winner == "mira"
    assert "person:uta" not in {who for who, _ in words(session, tagged).values()}


def edited(session: Session) -> None:
    kept(session, said("1", "Ganz anders.", edited_at=NOW))


def edited_and_read(session: Session) -> None:
    edited(session)
    read(session, "1", praise=("service",))


def read_anew(session: Session) -> None:
    read(session, "1", now=NOW + MINUTE, model="base@2", friction=("delivery",))


@pytest.mark.parametrize("changed", [edited, edited_and_read, read_anew])
def test_words_that_were_edited_or_read_anew_meanwhile_are_not_confirmed(
    session: Session, tagged: int, changed: Callable[[Session], None]
) -> None:
    before = reading_id(session, tagged)
    changed(session)
    with pytest.raises(Conflict) as lost:
        confirm(session, tagged, before, SHOWN, "uta", NOW)
    session.rollback()
    assert lost.value.winner == ""
    assert words(session, tagged) == {}


def test_a_topic_that_a_later_model_names_can_be_confirmed_in_its_turn(session: Session, tagged: int) -> None:
    confirmed(session, tagged)
    read(session, "1", now=NOW + HOUR, model="base@2", friction=("payment", "delivery"))
    assert confirm(session, tagged, reading_id(session, tagged), SHOWN | {("friction", "delivery")}, "mira", NOW) == 1
    assert words(session, tagged)["friction", "delivery"] == ("person:mira", True)


def test_of_two_who_confirm_at_once_one_stores_it_and_nobody_is_in_the_wrong(engine: Engine) -> None:
    with open_session(engine) as session:
        kept(session, said())
        read(session, "1", praise=("service",))
        one = row(session).id or 0
        latest = reading_id(session, one)
    start = threading.Barrier(2)

    def work(person: str) -> int:
        with open_session(engine) as session:
            start.wait(timeout=30)
            return confirm(session, one, latest, SHOWN, person, NOW)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(work, ["uta", "mira"])) == [0, 6]
    with open_session(engine) as session:
        assert len({who for who, _ in words(session, one).values()}) == 1
        assert len([tag for tag in statements(session, one) if tag.person]) == 6


def test_who_confirms_anew_after_giving_way_to_another_sees_what_the_other_has_said(postgres_url: str) -> None:
    """Two transactions that wait for each other: PostgreSQL ends the confirmation, which begins again from its beginning."""
    engine = connect(postgres_url)
    with open_session(engine) as session:
        kept(session, said())
        read(session, "1", praise=("service",))
        one = row(session).id or 0
        latest = reading_id(session, one)
    locked = threading.Event()

    def confirming() -> int:
        impatient = connect(f"{postgres_url}?options=-cdeadlock_timeout%3D10ms")
        event.listen(impatient, "after_cursor_execute", lambda *said: locked.set() if "FOR UPDATE" in said[2] else None)
        try:
            with open_session(impatient) as session:
                return confirm(session, one, latest, SHOWN, "uta", NOW)
        finally:
            impatient.dispose()

    with open_session(engine) as session, ThreadPoolExecutor(1) as pool:
        session.execute(text("SET deadlock_timeout = '1min'"))
        session.execute(text("UPDATE tag SET stands = stands"))
        done = pool.submit(confirming)
        assert locked.wait(30)
        decide(session, one, "sentiment", "positive", True, "mira", NOW)
        with pytest.raises(Conflict) as lost:
            done.result(30)
        assert lost.value.winner == "mira"
        assert words(session, one) == {("sentiment", "positive"): ("person:mira", True)}
    engine.dispose()


def test_nothing_can_be_confirmed_about_no_mention(session: Session) -> None:
    with pytest.raises(KummerkastenError, match="no mention 99"):
        confirm(session, 99, 1, SHOWN, "uta", NOW)


def test_of_several_words_all_are_stored_or_none(session: Session, tagged: int) -> None:
    with pytest.raises(KummerkastenError, match="is no answer about urgent"):
        decide_all(session, tagged, [("sentiment", "neutral", True), ("urgent", "perhaps", True)], "uta", NOW)
    assert words(session, tagged) == {}
    decide_all(session, tagged, [], "uta", NOW)
    assert words(session, tagged) == {}
    decide_all(session, tagged, [("sentiment", "neutral", True), ("friction", "payment", False)], "uta", NOW)
    assert words(session, tagged) == {
        ("sentiment", "neutral"): ("person:uta", True),
        ("friction", "payment"): ("person:uta", False),
    }
