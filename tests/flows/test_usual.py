"""What a desk usually hears is no mark of a topic of its own; and what people say in a word or two is about none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from flows.settings import Settings, load
from flows.work.read import read
from flows.work.topics import learned, likeliest
from nlp.own import _background
from nlp.tagger import tagger
from nlp.topics import Background, background_rows, vector
from nlp.train_data import authored, part_of
from store import topics as kept

TOPIC = """
[[topics]]
key = "assembly"
name = { de = "Aufbauanleitung", en = "Assembly instructions" }
description = "Instructions for putting things together: missing, wrong, or impossible to follow"
stage = "post-purchase"
team = "support"
examples = [
    "Schritt 7 und 8 widersprechen sich, welcher stimmt denn nun?",
    "Im Karton lag der Plan von einem ganz anderen Regal",
    "step 6 shows a bracket that isn't in my model",
    "Anleitung nur auf Chinesisch",
    "the pictures are so dark you cannot tell front from back",
]
"""
SHORT = ("Basst scho.", "yes", "Joa", "danke dir", "👍", "ok cool", "Passt")
SAID = [row["text"] for row in authored() if part_of(row) == "test" and row["lang"] in ("de", "en")][:260]
ABOUT = "Die Aufbauanleitung springt von Schritt 3 auf Schritt 9, so kann das keiner zusammenbauen"


@pytest.fixture
def desk(config: Path) -> Settings:
    config.write_text(config.read_text("utf-8") + TOPIC, encoding="utf-8")
    return load(config, environ={})


def test_what_was_heard_stands_beside_the_background_and_moves_with_every_hundred(
    desk: Settings, say: Callable[..., None]
) -> None:
    assert len(learned(desk, tagger()).background.vectors) == len(_background(tagger()).vectors)
    say({str(number): text for number, text in enumerate(SAID)})
    assert read(desk) == len(SAID)
    with desk.session(write=False) as session:
        found = kept.heard(session, tagger().model)
        assert kept.heard(session, "another@1") == []
    assert 150 < len(found) <= 200, "of the last full hundred, those in German and English"
    usual = learned(desk, tagger()).background
    assert len(usual.vectors) == len(_background(tagger()).vectors) + len(found)
    assert learned(desk, tagger()).background is usual, "reckoned once"
    assert vector(found[0].embedding).tolist() in usual.vectors.tolist()
    desk.close()


def test_a_topic_is_what_differs_from_what_is_usually_heard(desk: Settings, say: Callable[..., None]) -> None:
    say({str(number): text for number, text in enumerate(SAID)} | {"about": ABOUT})
    read(desk)
    shown = likeliest(desk, tagger(), "assembly", len(SAID))
    assert shown[0].text == ABOUT
    assert sum(one.probability >= 0.5 for one in shown) <= 10
    desk.close()


def test_small_talk_is_about_nothing(desk: Settings, say: Callable[..., None]) -> None:
    say(dict(zip("abcdefg", SHORT, strict=True)))
    read(desk)
    assert max(one.probability for one in likeliest(desk, tagger(), "assembly")) < 0.5
    desk.close()


def test_the_background_that_ships_is_that_of_its_texts() -> None:
    assert len(Background.load().vectors) == len(background_rows())
