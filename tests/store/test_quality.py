"""What people thought of the model's statements, and what it is unsure about, the most useful first."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select, update
from things import DAY, HOUR, MINUTE, NOW, kept, read, reading, route, row, said, waiting

from desk.errors import Conflict, KummerkastenError
from desk.shares import Share
from store import doubts
from store.engine import session as open_session
from store.quality import Agreement, agreement, last_model, unsure, unsure_counts
from store.review import answer, hold
from store.tables import Lease, Mention, Tag
from store.tags import decide, reading_of, save_readings, statements, tags_of

LATER = NOW + DAY


def judged(session: Session, since: datetime = NOW, until: datetime = LATER) -> Agreement:
    return agreement(session, since, until)


def mention(session: Session, native_id: str = "1", **more: Any) -> int:
    """Keep a mention and read it."""
    kept(session, said(native_id, **{name: more.pop(name) for name in ("said_at", "conversation", "by") if name in more}))
    read(session, native_id, **more)
    return row(session, native_id).id or 0


def doubtful(session: Session, native_id: str, *keys: str, **more: Any) -> int:
    return mention(session, native_id, unsure=keys, **more)


def asked(session: Session, **scope: Any) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.mention.native_id, one.keys) for one in unsure(session, **scope).rows]


def says(session: Session, mention_id: int, key: str, value: str, person: str = "uta") -> None:
    latest = reading_of(session, mention_id)
    answer(session, mention_id, (latest.id or 0) if latest else 0, key, value, person, NOW)


# agreement


def test_where_nobody_has_decided_there_is_no_agreement(session: Session) -> None:
    mention(session)
    assert judged(session) == Agreement()


@pytest.mark.parametrize(
    ("aspect", "value", "holds", "label", "shared", "missed"),
    [
        pytest.param("friction", "payment", True, "friction:payment", 1, 0, id="a stated topic is confirmed"),
        pytest.param("friction", "payment", False, "friction:payment", 0, 0, id="a stated topic is denied"),
        pytest.param("friction", "price", True, "friction:price", 0, 1, id="a topic is added: a miss"),
        pytest.param("friction", "price", False, "friction:price", 1, 0, id="a topic that was not stated is denied: shared"),
        pytest.param("praise", "payment", True, "praise:payment", 0, 1, id="praise is not friction"),
        pytest.param("sentiment", "negative", True, "sentiment", 1, 0, id="the same mood"),
        pytest.param("sentiment", "positive", True, "sentiment", 0, 0, id="another mood"),
        pytest.param("intent", "question", True, "intent", 0, 0, id="another intent"),
        pytest.param("urgent", "no", True, "urgent", 1, 0, id="not urgent, both say"),
        pytest.param("needs_reply", "no", True, "needs_reply", 0, 0, id="needs no reply after all"),
        pytest.param("language", "de", True, "language", 1, 0, id="the same language"),
    ],
)
def test_a_persons_word_shares_the_models_or_does_not(
    session: Session, aspect: Any, value: str, holds: bool, label: str, shared: int, missed: int
) -> None:
    decide(session, mention(session), aspect, value, holds, "uta", NOW)
    found = judged(session)
    assert (found.all, found.labels) == (Share(shared, 1), {label: Share(shared, 1)})
    assert found.missed == ({label: 1} if missed else {})


def test_agreement_is_counted_by_label_and_by_language(session: Session) -> None:
    for number, (language, sentiment) in enumerate([("de", "negative"), ("de", "neutral"), ("en", "negative")]):
        one = mention(session, str(number), language=language)
        decide(session, one, "sentiment", sentiment, True, "uta", NOW)
        decide(session, one, "friction", "payment", True, "uta", NOW)
    found = judged(session)
    assert found.labels == {"sentiment": Share(2, 3), "friction:payment": Share(3, 3)}
    assert found.languages == {"de": Share(3, 4), "en": Share(2, 2)}
    assert found.all == Share(5, 6)


def test_who_changes_their_mind_counts_once_with_the_last_word(session: Session) -> None:
    one = mention(session)
    decide(session, one, "friction", "payment", False, "uta", NOW)
    read(session, "1", now=NOW + MINUTE, model="base@2")
    decide(session, one, "friction", "payment", True, "ben", NOW + HOUR)
    assert judged(session).labels == {"friction:payment": Share(1, 1)}


def test_a_word_is_held_against_the_reading_that_was_in_force(session: Session) -> None:
    one = mention(session, model="base@1", friction=("payment",))
    read(session, "1", now=NOW + MINUTE, model="base@2", friction=("delivery",))
    decide(session, one, "friction", "payment", False, "uta", NOW + HOUR)
    decide(session, one, "friction", "delivery", True, "uta", NOW + HOUR)
    read(session, "1", now=NOW + 2 * HOUR, model="base@3", friction=("payment", "price"))
    assert judged(session).labels == {"friction:payment": Share(1, 1), "friction:delivery": Share(1, 1)}


def test_what_was_decided_before_any_reading_is_left_out(session: Session) -> None:
    kept(session, said())
    decide(session, row(session).id or 0, "friction", "payment", True, "uta", NOW)
    read(session, "1")
    assert judged(session).all == Share()


def test_only_the_time_asked_for_counts(session: Session) -> None:
    one = mention(session)
    decide(session, one, "sentiment", "negative", True, "uta", NOW - MINUTE)
    decide(session, one, "urgent", "no", True, "uta", NOW)
    decide(session, one, "intent", "complaint", True, "uta", LATER)
    assert set(judged(session).labels) == {"urgent"}


# what it is unsure about


def test_nothing_unsure_is_nothing_to_ask(session: Session) -> None:
    mention(session)
    assert (unsure(session).rows, unsure(session).total, unsure_counts(session)) == ([], 0, {})


def test_the_most_useful_doubts_come_first_and_the_newest_within(session: Session) -> None:
    doubtful(session, "old praise", "praise:service", said_at=NOW - 2 * DAY)
    doubtful(session, "new praise", "praise:service", said_at=NOW)
    doubtful(session, "mood", "sentiment", said_at=NOW)
    doubtful(session, "filed", "friction:price", said_at=NOW)
    doubtful(session, "old ticket", "praise:service", "needs_reply", said_at=NOW - 9 * DAY)
    doubtful(session, "new ticket", "friction:price", "urgent", "sentiment", said_at=NOW - 3 * DAY)
    route(session, "old ticket", "new ticket")
    assert asked(session) == [
        ("new ticket", ("friction:price", "urgent", "sentiment")),
        ("old ticket", ("needs_reply", "praise:service")),
        ("filed", ("friction:price",)),
        ("mood", ("sentiment",)),
        ("new praise", ("praise:service",)),
        ("old praise", ("praise:service",)),
    ]


def test_a_page_of_doubts_and_how_many_wait_in_all(session: Session) -> None:
    for number in range(5):
        doubtful(session, str(number), "urgent", said_at=NOW - number * HOUR)
    assert [name for name, _ in asked(session, limit=2, offset=2)] == ["2", "3"]
    assert unsure(session, limit=2).total == 5


def test_doubts_are_found_by_aspect_language_and_team(session: Session) -> None:
    doubtful(session, "1", "urgent", "praise:service", language="de")
    doubtful(session, "2", "friction:price", language="en")
    route(session, "2", team="finance")
    assert asked(session, aspect="praise") == [("1", ("praise:service",))]
    assert asked(session, language="en") == [("2", ("friction:price",))]
    assert asked(session, team="finance") == [("2", ("friction:price",))]
    assert asked(session, team="nobody") == []


def test_what_a_person_has_decided_is_not_asked_again_and_the_rest_is(session: Session) -> None:
    one = doubtful(session, "1", "friction:price", "friction:payment", "sentiment")
    decide(session, one, "friction", "price", False, "uta", NOW)
    decide(session, one, "sentiment", "neutral", True, "uta", NOW)
    assert asked(session) == [("1", ("friction:payment",))]
    decide(session, one, "friction", "payment", True, "uta", NOW)
    assert asked(session) == []


def test_only_the_latest_reading_is_asked_about(session: Session) -> None:
    doubtful(session, "1", "urgent")
    read(session, "1", model="base@2", unsure=("sentiment",))
    assert asked(session) == [("1", ("sentiment",))]
    read(session, "1", model="base@3", unsure=())
    assert asked(session) == []


def test_ours_deleted_and_just_edited_words_are_not_asked_about(session: Session) -> None:
    for name in ("ours", "deleted", "edited"):
        doubtful(session, name, "urgent")
    session.execute(update(Mention).where(col(Mention.native_id) == "ours").values(ours=True))
    session.commit()
    kept(session, deleted=["deleted"])
    kept(session, said("edited", "Ganz anders.", edited_at=NOW))
    assert asked(session) == []


def test_some_can_be_left_out_and_one_can_go_first(session: Session) -> None:
    ids = [doubtful(session, str(number), "urgent", said_at=NOW - number * HOUR) for number in range(3)]
    assert [name for name, _ in asked(session, without={ids[0]}, first=ids[2])] == ["2", "1"]
    assert unsure(session, without={ids[0]}).total == 2


def test_counts_say_which_questions_are_open(session: Session) -> None:
    doubtful(session, "1", "urgent", "sentiment")
    one = doubtful(session, "2", "urgent", "friction:price")
    decide(session, one, "friction", "price", True, "uta", NOW)
    assert unsure_counts(session) == {"urgent": 2, "sentiment": 1}


def test_looking_walks_back_over_what_is_decided(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubts, "_WINDOW", 3)
    for number in range(10):
        one = doubtful(session, str(number), "urgent", said_at=NOW + number * MINUTE)
        if number >= 2:
            decide(session, one, "urgent", "no", True, "uta", NOW)
    assert [name for name, _ in asked(session)] == ["1", "0"]


def test_a_desk_that_never_answers_is_not_searched_to_its_end(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubts, "_WINDOW", 2)
    monkeypatch.setattr(doubts, "MOST", 4)
    for number in range(9):
        doubtful(session, str(number), "urgent", said_at=NOW + number * MINUTE)
    assert (unsure(session).total, [name for name, _ in asked(session)]) == (4, ["8", "7", "6", "5"])


def test_the_last_model_is_the_one_that_reads_now(session: Session) -> None:
    assert last_model(session) == ""
    mention(session, model="base@1")
    mention(session, "2", model="base@2")
    assert last_model(session) == "base@2"


def test_indexes_serve_both_questions(sqlite_url: str) -> None:
    from store.engine import connect

    engine = connect(sqlite_url)
    with open_session(engine) as session:
        plans = _plans(session, str(doubts.window(None).select().compile(engine, compile_kwargs={"literal_binds": True})))
        decided = select(Tag.id).where(col(Tag.person), col(Tag.stands), col(Tag.at) >= NOW).order_by(col(Tag.mention_id))
        plans += _plans(session, str(decided.compile(engine, compile_kwargs={"literal_binds": True})))
    engine.dispose()
    assert "ix_reading_unsure" in plans
    assert "ix_tag_decided" in plans


def _plans(session: Session, question: str) -> str:
    return str(session.execute(text(f"EXPLAIN QUERY PLAN {question}")).all())


# a person's answer


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("friction:price", "yes", ("friction", "price", True)),
        ("friction:payment", "no", ("friction", "payment", False)),
        ("urgent", "yes", ("urgent", "yes", True)),
        ("needs_reply", "no", ("needs_reply", "no", True)),
        ("sentiment", "positive", ("sentiment", "positive", True)),
        ("intent", "question", ("intent", "question", True)),
    ],
)
def test_an_answer_is_that_persons_and_stands(session: Session, key: str, value: str, expected: tuple[Any, ...]) -> None:
    one = doubtful(session, "1", key)
    says(session, one, key, value)
    (tag,) = [tag for tag in statements(session, one) if tag.person]
    assert (tag.aspect, tag.value, tag.holds, tag.by) == (*expected, "person:uta")
    assert asked(session) == []
    assert waiting(session) == ([], ["1"]), "it is routed again"


def test_whoever_answers_second_is_told_who_was_first_and_changes_nothing(session: Session) -> None:
    one = doubtful(session, "1", "friction:payment")
    says(session, one, "friction:payment", "no", "mira")
    with pytest.raises(Conflict) as lost:
        says(session, one, "friction:payment", "yes", "uta")
    session.rollback()
    assert lost.value.winner == "mira"
    assert tags_of(session, [one])[one].friction == {}


def test_of_two_answers_at_once_one_stands(engine: Engine) -> None:
    with open_session(engine) as session:
        one = doubtful(session, "1", "urgent")
        latest = reading_of(session, one)
    start = threading.Barrier(2)

    def work(person: str) -> str:
        with open_session(engine) as session:
            start.wait(timeout=30)
            try:
                answer(session, one, (latest.id or 0) if latest else 0, "urgent", "yes", person, NOW)
            except Conflict as lost:
                return lost.winner
            return ""

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(work, ["uta", "mira"]))
    assert sorted(map(bool, told)) == [False, True]
    assert told in (["", "uta"], ["mira", ""])


def test_an_answer_about_words_that_were_changed_since_is_refused(session: Session) -> None:
    one = doubtful(session, "1", "urgent")
    before = reading_of(session, one)
    kept(session, said("1", "Ganz anders.", edited_at=NOW))
    for again in (False, True):
        if again:
            save_readings(session, {one: reading(unsure=("urgent",))}, NOW)
        with pytest.raises(Conflict) as lost:
            answer(session, one, (before.id or 0) if before else 0, "urgent", "yes", "uta", NOW)
        session.rollback()
        assert lost.value.winner == ""
    assert not any(tag.person for tag in statements(session, one))


@pytest.mark.parametrize(("key", "value"), [("friction:payment", "perhaps"), ("urgent", "perhaps"), ("sentiment", "yes")])
def test_a_word_that_is_no_answer_is_refused(session: Session, key: str, value: str) -> None:
    one = doubtful(session, "1", key)
    with pytest.raises(KummerkastenError, match="is no answer about"):
        says(session, one, key, value)


def test_an_answer_about_no_mention_is_refused(session: Session) -> None:
    with pytest.raises(KummerkastenError, match="no mention 99"):
        answer(session, 99, 1, "urgent", "yes", "uta", NOW)


def held(session: Session) -> Sequence[tuple[str, str]]:
    return sorted(session.exec(select(Lease.name, Lease.holder)).all())


def test_two_people_are_asked_about_different_mentions(session: Session) -> None:
    assert hold(session, [1, 2], "uta", NOW) == 1
    assert hold(session, [1, 2], "uta", NOW) == 1
    assert hold(session, [1, 2], "mira", NOW) == 2
    assert hold(session, [1, 2], "ben", NOW) is None


def test_a_person_holds_one_mention_and_nobody_for_ever(session: Session) -> None:
    hold(session, [1], "uta", NOW)
    hold(session, [2], "uta", NOW)
    assert held(session) == [("review:2", "person:uta")]
    assert hold(session, [2, 3], "mira", NOW + HOUR) == 2
    assert held(session) == [("review:2", "person:mira")]
