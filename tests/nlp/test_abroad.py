"""Where a text is in another language than those the tagger is made for, topics are trusted more, and nothing else changes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp.calibrate import trusted_more
from nlp.heads import COLUMNS, FIRST, YES_OR_NO, Heads, Numbers
from nlp.tagger import OnnxTagger, tagger
from nlp.versions import named, packed, unpacked

MORE = {"friction": 0.75, "praise": 1.25}


@pytest.fixture(scope="module")
def heads() -> Heads:
    chance = np.random.default_rng(5)
    weights, bias = (chance.normal(size=size).astype(np.float32) for size in ((6, len(COLUMNS)), len(COLUMNS)))
    return Heads(weights, bias, dict.fromkeys(YES_OR_NO, 0.5), {"name": "tiny", "version": "1"}, MORE)


def test_topics_abroad_get_more_and_nothing_else_does(heads):
    vectors, home = np.ones((2, 6), np.float32), np.array([True, False])
    at_home, abroad = heads.logits(vectors, home)
    added = abroad - at_home
    assert added == pytest.approx([MORE.get(key.split(":")[0], 0) for key in COLUMNS], abs=1e-6)
    assert at_home.tolist() == heads.logits(vectors)[0].tolist()


def test_heads_that_were_kept_before_there_was_such_a_thing_add_nothing(heads):
    data, card = packed(heads)
    old = unpacked(data, {key: value for key, value in card.items() if key != "abroad"})
    vectors = np.ones((1, 6), np.float32)
    assert old.logits(vectors, np.array([False])).tolist() == old.logits(vectors).tolist()


def test_it_is_kept_with_a_version_and_under_another_name(heads):
    back = unpacked(*packed(named(heads, "tiny@1+desk.2")))
    assert (back.abroad, back.model) == (MORE, "tiny@1+desk.2")


def test_it_is_kept_in_a_folder(heads, tmp_path: Path):
    heads.save(tmp_path)
    assert Heads.load(tmp_path).abroad == MORE


@pytest.fixture(scope="module")
def readers() -> tuple[OnnxTagger, OnnxTagger]:
    """The shipped tagger without additions, and with large ones."""
    shipped = tagger()
    plain, more = (replace(shipped.heads, abroad=dict.fromkeys(MORE, added)) for added in (0.0, 2.0))
    return replace(shipped, heads=plain), replace(shipped, heads=more)


@pytest.mark.parametrize(
    "text", ["PayPal geht nicht", "Checkout is broken", "ok", "12345 !!!"], ids=["de", "en", "und", "digits"]
)
def test_at_home_and_where_the_language_is_not_clear_readings_stay(readers, text):
    plain, more = readers
    assert plain.tag([text]) == more.tag([text])


def test_in_another_language_topics_alone_become_likelier(readers):
    before, after = (reader.tag(["Le paiement ne fonctionne pas depuis hier"])[0] for reader in readers)
    assert before.language == after.language == "fr"
    changed = {key for key in COLUMNS if after.probabilities[key] != before.probabilities[key]}
    assert {key.split(":")[0] for key in changed} == {"friction", "praise"}
    assert all(after.probabilities[key] > before.probabilities[key] for key in changed)
    assert after.probabilities["friction:payment"] > before.probabilities["friction:payment"]
    assert set(before.friction) <= set(after.friction)


def test_a_text_is_read_by_its_own_language_among_others(readers):
    texts = ["PayPal geht nicht", "Le paiement ne fonctionne pas depuis hier", "ok"]
    assert readers[1].tag(texts) == [reading for text in texts for reading in readers[1].tag([text])]


def told(positive: float, negative: float) -> tuple[Numbers, Numbers, Numbers]:
    """Return log-odds, truth and mask of texts: *positive* is said of what is true, *negative* of the rest."""
    truth = np.random.default_rng(3).integers(0, 2, (40, len(COLUMNS))).astype(np.float32)
    return np.where(truth > 0.5, positive, negative).astype(np.float32), truth, np.ones_like(truth)


EVEN = dict.fromkeys(YES_OR_NO, 0.5)


def test_what_is_added_brings_right_topics_over_their_threshold():
    assert trusted_more(*told(-0.45, -2), EVEN) == {"friction": 0.9, "praise": 0.9}  # the middle of 0.5 to 1.2, all equally good


def test_nothing_is_added_where_wrong_topics_would_come():
    assert trusted_more(*told(1, -0.05), EVEN) == {"friction": 0, "praise": 0}


def test_nothing_is_added_where_nothing_is_known():
    logits, truth, mask = told(-0.45, -2)
    columns = [FIRST + place for place, key in enumerate(YES_OR_NO) if key.startswith("praise")]
    mask[:, columns[0]] = 0
    assert trusted_more(logits, truth, mask, EVEN) == {"friction": 0.9, "praise": 0}
    assert trusted_more(logits[:0], truth[:0], mask[:0], EVEN) == {"friction": 0, "praise": 0}
