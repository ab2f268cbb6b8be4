"""Topics over the whole history: a person's word is never overruled, and doing anything twice is doing it once."""

from dataclasses import replace

import pytest
from sqlmodel import Session, col, select
from things import DAY, HOUR, NOW, kept, read, reading, route, row, said

from store.tables import Tag, Ticket
from store.tags import decide, save_readings, statements, tags_of
from store.topics import Found, apply, denied, marked, met, read_after, restate

VECTOR = b"\x00\x3c\x00\x40"


@pytest.fixture
def tagged(session: Session) -> list[int]:
    """Three mentions that a model holds to be about payment."""
    kept(session, said("1"), said("2"), said("3"))
    read(session, "1", "2", "3", embedding=VECTOR)
    return [row(session, one).id or 0 for one in ("1", "2", "3")]


def friction(session: Session, mention_id: int) -> dict[str, float]:
    return dict(tags_of(session, [mention_id])[mention_id].friction)


def standing(session: Session, mention_id: int, topic: str) -> Tag | None:
    about = (Tag.mention_id == mention_id, Tag.value == topic, col(Tag.stands))
    found = session.exec(select(Tag).where(*about).execution_options(populate_existing=True)).first()
    session.commit()
    return found


def everything(session: Session) -> list[tuple[object, ...]]:
    rows = session.exec(select(Tag).order_by(col(Tag.id)).execution_options(populate_existing=True)).all()
    session.commit()
    return [(one.id, one.value, one.stands, one.by, one.probability) for one in rows]


def about(topic: str, odds: dict[int, float], *, merged: bool = False, model: str = "base@1") -> Found:
    return Found(topic, {one: (chance, model) for one, chance in odds.items()}, 0.5, merged)


def test_a_merged_topic_stands_under_its_new_key_with_the_same_signature(session: Session, tagged: list[int]) -> None:
    before = standing(session, tagged[0], "payment")
    assert restate(session, "payment", "billing") == 3
    after = standing(session, tagged[0], "billing")
    assert before is not None
    assert after is not None
    assert (after.by, after.probability, after.at, after.person) == (before.by, before.probability, before.at, False)
    assert friction(session, tagged[0]) == {"billing": 0.93}
    assert [one.value for one in statements(session, tagged[0]) if not one.stands] == ["payment"]


def test_merging_twice_is_merging_once(session: Session, tagged: list[int]) -> None:
    restate(session, "payment", "billing")
    before = everything(session)
    assert restate(session, "payment", "billing") == 0
    assert everything(session) == before


def of_billing(session: Session, mention_id: int) -> tuple[str, bool] | None:
    """Merge payment into billing; return who says what about billing then."""
    restate(session, "payment", "billing")
    found = standing(session, mention_id, "billing")
    return (found.by, found.holds) if found else None


def test_a_persons_yes_about_what_is_merged_is_that_persons_yes_about_the_other(session: Session, tagged: list[int]) -> None:
    decide(session, tagged[0], "friction", "payment", True, "uta", NOW)
    assert of_billing(session, tagged[0]) == ("person:uta", True)
    assert standing(session, tagged[0], "payment") is None


def test_a_persons_no_about_what_is_merged_says_nothing_about_the_other_and_stays(session: Session, tagged: list[int]) -> None:
    decide(session, tagged[0], "friction", "payment", False, "uta", NOW)
    assert of_billing(session, tagged[0]) is None
    kept_as_it_was = standing(session, tagged[0], "payment")
    assert kept_as_it_was is not None
    assert (kept_as_it_was.by, kept_as_it_was.holds) == ("person:uta", False)
    before = everything(session)
    assert restate(session, "payment", "billing") == 0
    assert everything(session) == before


def test_a_persons_no_about_what_is_merged_takes_no_tag_from_the_other(session: Session, tagged: list[int]) -> None:
    read(session, "1", friction=("payment", "billing"))
    decide(session, tagged[0], "friction", "payment", False, "uta", NOW)
    assert of_billing(session, tagged[0]) == ("base@1", True)


@pytest.mark.parametrize(("topic", "holds"), [("payment", True), ("billing", True), ("billing", False)])
def test_where_both_stand_the_person_wins(session: Session, tagged: list[int], topic: str, holds: bool) -> None:
    read(session, "1", friction=("payment", "billing"))
    decide(session, tagged[0], "friction", topic, holds, "uta", NOW)
    assert of_billing(session, tagged[0]) == ("person:uta", holds)
    assert standing(session, tagged[0], "payment") is None


@pytest.mark.parametrize(("late", "early"), [("payment", "billing"), ("billing", "payment")])
def test_of_two_persons_yes_the_later_counts(session: Session, tagged: list[int], late: str, early: str) -> None:
    decide(session, tagged[0], "friction", early, True, "uta", NOW)
    decide(session, tagged[0], "friction", late, True, "ben", NOW + HOUR)
    assert of_billing(session, tagged[0]) == ("person:ben", True)


@pytest.mark.parametrize("other", ["uta", "ben"])
@pytest.mark.parametrize(("yes", "no"), [(0, 0), (0, 1), (1, 0)])
def test_about_the_one_and_not_about_the_other_is_about_either(
    session: Session, tagged: list[int], yes: int, no: int, other: str
) -> None:
    decide(session, tagged[0], "friction", "payment", True, "uta", NOW + yes * HOUR)
    decide(session, tagged[0], "friction", "billing", False, other, NOW + no * HOUR)
    assert of_billing(session, tagged[0]) == ("person:uta", True)


def test_who_denies_the_merged_topic_afterwards_is_not_overruled_by_merging_again(session: Session, tagged: list[int]) -> None:
    decide(session, tagged[0], "friction", "payment", True, "uta", NOW)
    restate(session, "payment", "billing")
    decide(session, tagged[0], "friction", "billing", False, "ben", NOW + HOUR)
    assert of_billing(session, tagged[0]) == ("person:ben", False)


def test_what_people_have_denied_is_known_mention_by_mention(session: Session, tagged: list[int]) -> None:
    decide(session, tagged[0], "friction", "payment", False, "uta", NOW)
    decide(session, tagged[0], "praise", "price", False, "uta", NOW)
    decide(session, tagged[1], "friction", "payment", True, "uta", NOW)
    assert denied(session, tagged, ["payment", "price"]) == {
        tagged[0]: {("friction", "payment"), ("praise", "price")},
        tagged[1]: set(),
        tagged[2]: set(),
    }


@pytest.mark.parametrize(("old", "new"), [(0.9, 0.6), (0.6, 0.9)])
def test_of_two_models_words_the_likelier_counts(session: Session, tagged: list[int], old: float, new: float) -> None:
    odds = {"friction:payment": old, "friction:billing": new}
    read(session, "1", friction=("payment", "billing"), probabilities=odds)
    restate(session, "payment", "billing")
    assert friction(session, tagged[0]) == {"billing": 0.9}


def test_praise_is_merged_too_and_stays_praise(session: Session, tagged: list[int]) -> None:
    read(session, "1", friction=("payment",), praise=("payment",))
    restate(session, "payment", "billing")
    tags = tags_of(session, [tagged[0]])[tagged[0]]
    assert (list(tags.friction), list(tags.praise)) == (["billing"], ["billing"])


@pytest.mark.usefixtures("tagged")
def test_tickets_follow_a_merged_topic(session: Session) -> None:
    route(session, "1", topic="payment")
    restate(session, "payment", "billing")
    ticket = session.exec(select(Ticket).execution_options(populate_existing=True)).one()
    assert ticket.topic == "billing"


def test_a_new_topic_stands_where_it_is_likely_and_nowhere_else(session: Session, tagged: list[int]) -> None:
    assert apply(session, about("widget", {tagged[0]: 0.8, tagged[1]: 0.49, tagged[2]: 0.5}), NOW) == (2, 0)
    assert [friction(session, one).get("widget") for one in tagged] == [0.8, None, 0.5]
    assert friction(session, tagged[0])["payment"] == 0.93
    found = standing(session, tagged[0], "widget")
    assert found is not None
    assert (found.by, found.person) == ("base@1", False)


def test_applying_twice_is_applying_once(session: Session, tagged: list[int]) -> None:
    found = about("widget", {tagged[0]: 0.8, tagged[1]: 0.1})
    apply(session, found, NOW)
    before = everything(session)
    assert apply(session, found, NOW + DAY) == (0, 0)
    assert everything(session) == before


def test_with_other_examples_tags_come_and_go(session: Session, tagged: list[int]) -> None:
    apply(session, about("widget", {tagged[0]: 0.8, tagged[1]: 0.1, tagged[2]: 0.9}), NOW)
    assert apply(session, about("widget", {tagged[0]: 0.3, tagged[1]: 0.7, tagged[2]: 0.8}), NOW) == (1, 1)
    assert [friction(session, one).get("widget") for one in tagged] == [None, 0.7, 0.8]


@pytest.mark.parametrize(("chance", "holds"), [(0.99, False), (0.01, True)])
def test_what_a_person_said_is_never_overruled(session: Session, tagged: list[int], chance: float, holds: bool) -> None:
    decide(session, tagged[0], "friction", "widget", holds, "uta", NOW)
    assert apply(session, about("widget", {tagged[0]: chance}), NOW) == (0, 0)
    assert friction(session, tagged[0]).get("widget") == (1.0 if holds else None)


def test_what_was_read_anew_while_topics_were_asked_keeps_what_that_reading_says(session: Session, tagged: list[int]) -> None:
    asked = {one.mention_id: one.reading_id for one in read_after(session, 0)}
    save_readings(session, {tagged[0]: reading(model="base@2", friction=("widget",), embedding=VECTOR)}, NOW + HOUR)
    before = everything(session)
    found = replace(about("widget", {tagged[0]: 0.2}), readings=asked)
    assert apply(session, found, NOW + DAY) == (0, 0)
    assert everything(session) == before
    assert apply(session, replace(about("widget", {tagged[1]: 0.8}), readings=asked), NOW + DAY) == (1, 0)


def test_a_tag_that_came_from_a_merged_topic_stays(session: Session, tagged: list[int]) -> None:
    restate(session, "payment", "widget")
    assert apply(session, about("widget", dict.fromkeys(tagged, 0.1), merged=True), NOW) == (0, 0)
    assert [friction(session, one) for one in tagged] == [{"widget": 0.93}] * 3


def test_marked_mentions_come_with_their_words_and_vectors(session: Session, tagged: list[int]) -> None:
    decide(session, tagged[0], "friction", "widget", True, "uta", NOW)
    decide(session, tagged[1], "friction", "widget", False, "uta", NOW)
    decide(session, tagged[2], "praise", "widget", True, "uta", NOW)
    found = marked(session, ["widget", "points"])
    assert [(one.mention_id, one.holds, one.embedding, one.model) for one in found["widget"]] == [
        (tagged[1], False, VECTOR, "base@1"),
        (tagged[0], True, VECTOR, "base@1"),
    ]
    assert found["widget"][0].text == "PayPal geht wieder nicht."
    assert found["points"] == []


def test_a_mark_that_was_taken_back_is_no_example(session: Session, tagged: list[int]) -> None:
    decide(session, tagged[0], "friction", "widget", True, "uta", NOW)
    decide(session, tagged[0], "friction", "widget", False, "ben", NOW)
    assert [one.holds for one in marked(session, ["widget"])["widget"]] == [False]


def test_a_mark_is_an_example_in_the_words_that_were_marked(session: Session, tagged: list[int]) -> None:
    decide(session, tagged[0], "friction", "widget", True, "uta", NOW)
    kept(session, said("1", "anders", edited_at=NOW + HOUR), now=NOW + HOUR)
    decide(session, tagged[1], "friction", "widget", True, "uta", NOW)
    read(session, "1", embedding=VECTOR)
    found = marked(session, ["widget"])["widget"]
    assert [(one.mention_id, one.text, one.embedding) for one in found] == [
        (tagged[1], "PayPal geht wieder nicht.", VECTOR), (tagged[0], "PayPal geht wieder nicht.", None)
    ]  # fmt: skip


def test_the_vector_of_older_words_is_not_the_vector_of_new_ones(session: Session, tagged: list[int]) -> None:
    kept(session, said("1", "anders", edited_at=NOW), now=NOW)
    decide(session, tagged[0], "friction", "widget", True, "uta", NOW + HOUR)
    (found,) = marked(session, ["widget"])["widget"]
    assert (found.text, found.embedding) == ("anders", None)


def test_a_marked_mention_that_its_platform_no_longer_shows_is_no_example(session: Session, tagged: list[int]) -> None:
    decide(session, tagged[0], "friction", "widget", True, "uta", NOW)
    kept(session, deleted=["1"])
    assert marked(session, ["widget"]) == {"widget": []}


def test_a_model_s_tag_is_no_example(session: Session, tagged: list[int]) -> None:
    apply(session, about("widget", {tagged[0]: 0.9}), NOW)
    assert marked(session, ["widget"]) == {"widget": []}


def test_mentions_that_were_read_come_in_pages_with_their_latest_vector(session: Session, tagged: list[int]) -> None:
    save_readings(session, {tagged[0]: reading(model="base@2", embedding=b"\x00\x44")}, NOW)
    kept(session, said("4"), said("5", ours=True))
    first = read_after(session, 0, limit=2)
    second = read_after(session, first[-1].mention_id, limit=2)
    assert [(one.mention_id, one.model) for one in [*first, *second]] == [
        (tagged[0], "base@2"), (tagged[1], "base@1"), (tagged[2], "base@1")
    ]  # fmt: skip
    assert first[0].embedding == b"\x00\x44"
    assert read_after(session, second[-1].mention_id) == []


def test_what_was_deleted_is_asked_no_more(session: Session, tagged: list[int]) -> None:
    kept(session, deleted=["1"])
    assert [one.mention_id for one in read_after(session, 0)] == tagged[1:]


def test_each_topic_is_counted_by_the_mentions_it_was_met_in(session: Session, tagged: list[int]) -> None:
    read(session, "1", friction=("payment",), praise=("payment", "price"))
    decide(session, tagged[1], "friction", "payment", False, "uta", NOW)
    assert met(session, NOW - DAY) == {"payment": 2, "price": 1}
    assert met(session, NOW) == {}
