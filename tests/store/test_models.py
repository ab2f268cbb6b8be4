"""Versions are kept, one at most is live, and the way back is open; history is read anew without touching what people decided."""

from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import Session
from things import DAY, HOUR, NOW, kept, read, reading, row, said, waiting

from desk.errors import Conflict, KummerkastenError
from desk.source import Source
from store import models
from store.again import Which, how_many, set_unread
from store.corrections import corrections
from store.models import Taught
from store.tags import decide, save_readings, statements, tags_of

BASE = "kummerkasten-e5-small@2026.11"


def taught(session: Session, number: int, **more: object) -> str:
    live = models.live_for(session, BASE)
    version = Taught(f"{BASE}+{number}", BASE, "person:uta", b"\x00heads", {"name": "x"}, 12, True, live.name if live else "")
    return models.add(session, replace(version, **more), NOW + number * DAY).name  # type: ignore[arg-type]


def states(session: Session) -> dict[str, str]:
    return {one.name.removeprefix(BASE): one.state for one in models.versions(session)}


def test_a_version_comes_back_as_it_was_stored(session: Session) -> None:
    taught(session, 1, card={"report": {"good": True}})
    session.expire_all()
    (found,) = models.versions(session)
    assert (found.name, found.encoder, found.by, found.heads, found.card, found.corrections, found.created_at) == (
        *(f"{BASE}+1", BASE, "person:uta", b"\x00heads", {"report": {"good": True}}, 12, NOW + DAY),
    )


def test_the_newest_good_version_is_the_live_one_and_the_chain_is_listed(session: Session) -> None:
    assert models.next_name(session, BASE) == f"{BASE}+1"
    for number in (1, 2, 3):
        taught(session, number)
    assert states(session) == {"+3": "live", "+2": "kept", "+1": "kept"}
    assert [one.name for one in models.versions(session)] == [f"{BASE}+3", f"{BASE}+2", f"{BASE}+1"]
    assert models.next_name(session, BASE) == f"{BASE}+4"


def test_a_refused_version_is_kept_and_does_not_read(session: Session) -> None:
    taught(session, 1)
    taught(session, 2, good=False, card={"report": {"reason": "It is worse."}})
    assert states(session) == {"+2": "refused", "+1": "live"}
    with pytest.raises(KummerkastenError, match="was refused and cannot go live"):
        models.go_live(session, f"{BASE}+2", BASE)
    assert states(session) == {"+2": "refused", "+1": "live"}


def test_one_may_go_back_and_forth_again(session: Session) -> None:
    for number in (1, 2, 3):
        taught(session, number)
    models.go_live(session, f"{BASE}+1", BASE)
    assert states(session) == {"+3": "kept", "+2": "kept", "+1": "live"}
    assert models.back_to_shipped(session) is True
    assert models.back_to_shipped(session) is False
    assert models.live(session) is None
    models.go_live(session, f"{BASE}+3", BASE)
    models.go_live(session, f"{BASE}+3", BASE)
    assert states(session) == {"+3": "live", "+2": "kept", "+1": "kept"}


def test_a_version_of_another_encoder_does_not_read(session: Session) -> None:
    taught(session, 1)
    assert models.live_for(session, "kummerkasten-e5-small@2027.01") is None
    with pytest.raises(KummerkastenError, match="was taught on kummerkasten-e5-small"):
        models.go_live(session, f"{BASE}+1", "kummerkasten-e5-small@2027.01")
    assert models.next_name(session, "kummerkasten-e5-small@2027.01") == "kummerkasten-e5-small@2027.01+1"


def test_a_version_that_is_not_there_is_told(session: Session) -> None:
    with pytest.raises(KummerkastenError, match="no version"):
        models.go_live(session, f"{BASE}+7", BASE)


def test_who_was_judged_against_what_reads_no_more_does_not_go_live(session: Session) -> None:
    taught(session, 1)
    with pytest.raises(Conflict, match="teach again"):
        taught(session, 2, against="")
    with pytest.raises(Conflict, match="teach again"):
        taught(session, 1)
    assert states(session) == {"+1": "live"}


@pytest.fixture
def spoken(session: Session) -> int:
    """A mention that was read, and about which a person has spoken."""
    kept(session, said("1", "Wo bleibt mein Geld?", title="Retoure"), said("2"), said("3"))
    vector = {"embedding": b"\x01\x02", "model": "base@1"}
    read(session, "1", "2", **vector)
    mention = row(session, "1").id or 0
    decide(session, mention, "friction", "payment", False, "uta", NOW)
    decide(session, mention, "friction", "returns", True, "uta", NOW)
    decide(session, mention, "sentiment", "neutral", True, "ben", NOW)
    return mention


def test_what_people_said_is_given_out_with_text_and_vector(session: Session, spoken: int) -> None:
    (found,) = corrections(session)
    assert (found.mention_id, found.text, found.embedding, found.model) == (
        spoken,
        "Retoure\nWo bleibt mein Geld?",
        b"\x01\x02",
        "base@1",
    )
    assert [(one.aspect, one.value, one.holds, one.by) for one in found.answers] == [
        ("friction", "payment", False, "person:uta"),
        ("friction", "returns", True, "person:uta"),
        ("sentiment", "neutral", True, "person:ben"),
    ]


def test_who_changes_their_mind_is_taken_at_their_last_word(session: Session, spoken: int) -> None:
    decide(session, spoken, "sentiment", "negative", True, "uta", NOW)
    (found,) = corrections(session)
    assert [one.value for one in found.answers if one.aspect == "sentiment"] == ["negative"]


def edited(session: Session, hours: int, text: str, **more: Any) -> None:
    """Let the customer write something else."""
    when = NOW + hours * HOUR
    kept(session, said("1", text, title="Retoure", edited_at=when, **more), now=when)


def test_the_vector_is_of_the_latest_reading(session: Session, spoken: int) -> None:
    read(session, "1", embedding=b"\x03\x04", model="base@2")
    assert [(one.embedding, one.model) for one in corrections(session)] == [(b"\x03\x04", "base@2")]


def test_what_was_said_before_an_edit_is_taught_with_the_words_it_was_said_about(session: Session, spoken: int) -> None:
    edited(session, 1, "Geld ist da, danke!")
    read(session, "1", embedding=b"\x03\x04", model="base@2")
    (found,) = corrections(session)
    assert (found.mention_id, found.text, found.embedding) == (spoken, "Retoure\nWo bleibt mein Geld?", None)
    assert [one.value for one in found.answers] == ["payment", "returns", "neutral"]


def test_what_is_said_after_an_edit_is_about_the_new_words_and_the_rest_about_the_old(session: Session, spoken: int) -> None:
    edited(session, 1, "Geld ist da, danke!")
    decide(session, spoken, "sentiment", "positive", True, "uta", NOW + 2 * HOUR)
    edited(session, 3, "Geld ist wieder weg")
    decide(session, spoken, "urgent", "yes", True, "uta", NOW + 4 * HOUR)
    read(session, "1", embedding=b"\x03\x04", model="base@2")
    found = [(one.text, {answer.value for answer in one.answers}, one.embedding) for one in corrections(session)]
    assert found == [
        ("Retoure\nWo bleibt mein Geld?", {"payment", "returns"}, None),
        ("Retoure\nGeld ist da, danke!", {"positive"}, None),
        ("Retoure\nGeld ist wieder weg", {"yes"}, b"\x03\x04"),
    ]


def test_words_that_stay_or_come_back_are_the_words_that_people_spoke_about(session: Session, spoken: int) -> None:
    edited(session, 1, "Wo bleibt mein Geld?", stars=1.0)
    edited(session, 2, "Geld ist da, danke!", stars=1.0)
    edited(session, 3, "Wo bleibt mein Geld?", stars=1.0)
    read(session, "1", embedding=b"\x03\x04", model="base@2")
    assert [(one.text, one.embedding) for one in corrections(session)] == [("Retoure\nWo bleibt mein Geld?", b"\x03\x04")]


@pytest.mark.usefixtures("spoken")
def test_what_its_platform_no_longer_shows_is_no_example(session: Session) -> None:
    kept(session, deleted=["1"])
    assert corrections(session) == []
    kept(session, said("1", "Wo bleibt mein Geld?", title="Retoure"))
    assert len(corrections(session)) == 1


def test_nobody_has_spoken_yet(session: Session) -> None:
    kept(session, said())
    read(session, "1")
    assert corrections(session) == []


def test_what_people_decided_survives_being_read_again(session: Session, spoken: int) -> None:
    decided = [one.model_dump() for one in statements(session, spoken) if one.person]
    assert set_unread(session, Which()) == 2
    assert sorted(waiting(session)[0]) == ["1", "2", "3"]
    read(session, "1", "2", "3", model="base@2", friction=("payment", "delivery"))
    assert [one.model_dump() for one in statements(session, spoken) if one.person] == decided
    found = tags_of(session, [spoken])[spoken]
    assert (found.sentiment, set(found.friction)) == ("neutral", {"returns", "delivery"})


def test_tags_stand_until_they_are_read_anew_and_old_ones_keep_their_version(session: Session, spoken: int) -> None:
    before = tags_of(session, [spoken])
    set_unread(session, Which())
    assert tags_of(session, [spoken]) == before
    read(session, "1", model="base@2")
    signed = {(one.by, one.stands) for one in statements(session, spoken) if not one.person}
    assert signed == {("base@1", False), ("base@2", True)}


@pytest.mark.parametrize(
    ("which", "found"),
    [
        (Which(), ["1", "2", "4"]),
        (Which(source="laden"), ["4"]),
        (Which(since=NOW - 2 * HOUR), ["1", "2"]),
        (Which(model="base@1"), ["1", "4"]),
        (Which(model="base@2"), ["2"]),
        (Which(source="laden", model="base@2"), []),
    ],
)
def test_only_what_is_meant_is_read_again(session: Session, which: Which, found: list[str]) -> None:
    kept(session, said("1"), said("2"), said("3", ours=True))
    kept(session, said("4", said_at=NOW - DAY), source=Source(name="laden", platform="mastodon"))
    read(session, "1", "2", "4", model="base@1")
    save_readings(session, {row(session, "2").id or 0: reading(model="base@2")}, NOW)
    assert how_many(session, which) == len(found)
    assert set_unread(session, which) == len(found)
    assert sorted(waiting(session)[0]) == found
