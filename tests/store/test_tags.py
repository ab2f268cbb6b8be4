"""Guarantee 8: a person's decision beats a model's, for ever."""

import pytest
from sqlmodel import Session, select
from things import HOUR, MINUTE, NOW, kept, read, reading, row, said, unread, waiting

from desk.errors import KummerkastenError
from desk.reading import Tags
from store.tables import Tag
from store.tags import decide, reading_of, save_readings, statements, tags_of


@pytest.fixture
def tagged(session: Session) -> int:
    kept(session, said())
    read(session, "1")
    return row(session).id or 0


def tags(session: Session, mention_id: int) -> Tags:
    return tags_of(session, [mention_id])[mention_id]


def test_a_reading_stands_as_tags_with_their_probabilities(session: Session, tagged: int) -> None:
    assert tags(session, tagged) == Tags("negative", "complaint", True, False, "de", {"payment": 0.93}, {})
    odds = {(one.aspect, one.value): one.probability for one in statements(session, tagged)}
    assert (odds["sentiment", "negative"], odds["urgent", "no"], odds["language", "de"]) == (0.97, 0.9, None)
    assert waiting(session) == ([], ["1"])


def test_a_reading_is_kept_whole(session: Session, tagged: int) -> None:
    found = reading_of(session, tagged)
    assert found is not None
    assert (found.model, found.probabilities["friction:payment"], found.unsure) == ("base@1", 0.93, [])


def test_a_newer_reading_retires_the_older(session: Session, tagged: int) -> None:
    read(session, "1", model="base@2", friction=("delivery",), sentiment="neutral")
    assert tags(session, tagged).friction == {"delivery": 1.0}
    assert [one.by for one in statements(session, tagged) if not one.stands] == ["base@1"] * 6


def test_a_persons_word_stands_whatever_any_model_says_later(session: Session, tagged: int) -> None:
    decide(session, tagged, "sentiment", "positive", True, "uta", NOW)
    decide(session, tagged, "friction", "payment", False, "uta", NOW)
    decide(session, tagged, "friction", "price", True, "uta", NOW)
    decide(session, tagged, "needs_reply", "no", True, "uta", NOW)
    for model in ("base@2", "base@3"):
        read(session, "1", model=model)
    found = tags(session, tagged)
    assert (found.sentiment, found.friction, found.needs_reply, found.intent) == ("positive", {"price": 1.0}, False, "complaint")
    standing = [(one.aspect, one.value) for one in statements(session, tagged) if one.stands]
    assert len(standing) == len(set(standing))


def test_a_person_may_change_their_mind(session: Session, tagged: int) -> None:
    decide(session, tagged, "friction", "payment", False, "uta", NOW)
    decide(session, tagged, "friction", "payment", True, "ben", NOW)
    assert tags(session, tagged).friction == {"payment": 1.0}
    assert statements(session, tagged)[0].by == "person:ben"


def test_a_correction_is_routed_again(session: Session, tagged: int) -> None:
    decide(session, tagged, "urgent", "yes", True, "uta", NOW)
    assert waiting(session) == ([], ["1"])


def test_the_language_a_person_names_is_the_one_filters_see(session: Session, tagged: int) -> None:
    decide(session, tagged, "language", "en", True, "uta", NOW)
    read(session, "1", model="base@2")
    assert (row(session).language, tags(session, tagged).language) == ("en", "en")


@pytest.mark.parametrize(("aspect", "value"), [("sentiment", "angry"), ("urgent", "vielleicht"), ("mood", "x")])
def test_a_word_that_is_no_answer_is_refused(session: Session, tagged: int, aspect: str, value: str) -> None:
    with pytest.raises(KummerkastenError, match="is no answer about"):
        decide(session, tagged, aspect, value, True, "uta", NOW)


def test_a_decision_about_no_mention_is_refused(session: Session) -> None:
    with pytest.raises(KummerkastenError, match="no mention 99"):
        decide(session, 99, "urgent", "yes", True, "uta", NOW)


def test_a_mention_edited_while_it_was_read_is_read_again(session: Session) -> None:
    kept(session, said("1"), said("2"))
    first, second = unread(session)
    kept(session, said("1", "anders", edited_at=NOW))
    save_readings(session, {first: reading(), second: reading()}, NOW, worker="w1")
    assert waiting(session) == (["1"], ["2"])
    assert session.exec(select(Tag).where(Tag.mention_id == first)).all() == []


def test_a_reading_that_comes_after_its_claim_has_passed_on_is_dropped(session: Session) -> None:
    kept(session, said("1"))
    (mention_id,) = unread(session, "w1")
    assert unread(session, "w2", NOW + HOUR) == [mention_id]
    save_readings(session, {mention_id: reading()}, NOW + HOUR + MINUTE, worker="w1")
    assert waiting(session) == (["1"], [])


def test_tags_of_nothing_are_nothing(session: Session) -> None:
    assert tags_of(session, []) == {}
