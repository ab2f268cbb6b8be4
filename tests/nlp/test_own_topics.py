"""A topic of a desk's own works with five examples at once, gets better with more, and says nothing where it cannot know."""

import json
from dataclasses import replace
from hashlib import sha256
from shutil import copytree

import numpy as np
import pytest

from bench.topics import TOPICS, Data, data, figures, others
from desk.reading import Reading
from nlp import train_data
from nlp.tagger import tagger
from nlp.topics import Background, Examples, OwnTopic, OwnTopics, background_rows, vector, vectors_of, with_own
from nlp.train_data import AUTHORED, CORPUS, authored, digest, lines

KEYS = list(TOPICS)


@pytest.fixture(scope="module")
def background() -> Background:
    return Background.of(tagger())


@pytest.fixture(scope="module")
def measured() -> dict[str, Data]:
    """The three topics of the benchmark, each among texts about anything else."""
    negatives = [row["text"] for row in others()]
    vectors = vectors_of(tagger(), negatives)
    return {key: data(key, negatives, vectors) for key in KEYS}


@pytest.fixture(scope="module")
def widget(background: Background, measured: dict[str, Data]) -> OwnTopics:
    one = measured["app_widget"]
    return OwnTopics(background, {"widget": OwnTopic.learn(Examples(one.examples[:10], one.counters[:0], one.named), background)})


def quality(one: Data, background: Background, count: int, draws: int = 4) -> float:
    found = []
    for draw in range(draws):
        chosen = np.random.default_rng(draw).permutation(len(one.examples))[:count]
        own = OwnTopic.learn(Examples(one.examples[chosen], one.counters[:0], one.named), background)
        found.append(figures(one.truth, own.log_odds(background.place(one.asked)) >= 0)[0])
    return float(np.mean(found))


@pytest.mark.parametrize("key", KEYS)
def test_five_examples_find_more_than_matching_the_words_of_the_name(key, background, measured):
    one = measured[key]
    words = [word.lower() for name in TOPICS[key][0] for word in name.replace("-", " ").split()]
    by_name = figures(one.truth, np.array([any(word in text.lower() for word in words) for text in one.texts]))[0]
    assert quality(one, background, 5) > by_name + 0.03


def test_more_examples_are_better(background, measured):
    few, many = (np.mean([quality(one, background, count) for one in measured.values()]) for count in (5, 50))
    assert many > few + 0.03


def test_the_background_that_ships_is_what_the_encoder_that_ships_makes_of_the_corpus(background):
    shipped, rows = Background.load(), background_rows()
    assert np.array_equal(background.vectors, shipped.vectors), "the encoder has changed: run python -m nlp.topics"
    assert (len(rows), len(shipped.german), shipped.german.sum()) == (1_720, 1_720, 860)
    assert [row["lang"] == "de" for row in rows] == shipped.german.tolist(), "the corpus has changed: run python -m nlp.topics"
    sample = slice(0, None, 50)
    read, kept = vectors_of(tagger(), [row["text"] for row in rows[sample]]), shipped.vectors[sample]
    alike = (read * kept).sum(axis=1) / (np.linalg.norm(read, axis=1) * np.linalg.norm(kept, axis=1))
    assert alike.min() > 0.995, "the encoder or the corpus has changed: run python -m nlp.topics"


def test_no_text_that_is_measured_on_is_in_the_background():
    tested = {digest(row["text"]) for row in others()}
    assert not tested & {digest(row["text"]) for row in background_rows()}


def test_what_is_asked_beside_the_topics_stays_the_same_however_the_corpus_grows(monkeypatch, tmp_path):
    asked = [digest(row["text"]) for row in others()]
    assert sha256("".join(asked).encode()).hexdigest()[:16] == "5790f31b8be72d96", "read the new ones, then pin them"
    grown = copytree(AUTHORED, tmp_path / "authored")
    more = [{"text": f"Neu {number}", "lang": "de", "sector": "toys"} for number in range(300)]
    (grown / "de99.jsonl").write_text("\n".join(json.dumps(row) for row in more), "utf-8")
    monkeypatch.setattr(train_data, "AUTHORED", grown)
    assert any(row["text"] == "Neu 7" for row in authored())
    assert [digest(row["text"]) for row in others()] == asked


@pytest.mark.parametrize("key", KEYS)
def test_the_texts_of_each_topic_are_as_many_as_said_and_each_is_there_once(key):
    rows = list(lines(CORPUS / "custom" / f"{key}.jsonl"))
    count = {(row["holds"], row["part"]): 0 for row in rows}
    for row in rows:
        count[row["holds"], row["part"]] += 1
    assert count == {(1, "train"): 60, (1, "test"): 50, (0, "train"): 30, (0, "test"): 30}
    assert len({digest(row["text"]) for row in rows}) == 170
    assert sum(row["lang"] == "de" for row in rows) == 85


def test_a_text_about_the_topic_gets_it_and_another_does_not(widget):
    about, other = with_own(tagger().tag(["the widget on my home screen is empty", "Wo bleibt mein Paket?"]), widget)
    assert "widget" in about.friction
    assert about.probabilities["friction:widget"] >= 0.5 > other.probabilities["friction:widget"]
    assert "widget" not in other.friction


def test_all_else_in_a_reading_stays_as_it_was(widget):
    (before,) = tagger().tag(["Wo bleibt mein Paket?"])
    (after,) = with_own([before], widget)
    known = {key: value for key, value in after.probabilities.items() if key != "friction:widget"}
    assert replace(after, probabilities=before.probabilities, unsure=before.unsure) == before
    assert known == before.probabilities


def test_topics_stand_with_the_likeliest_first(widget):
    (reading,) = with_own(tagger().tag(["the widget crashes the app since the update, grey box on my home screen"]), widget)
    odds = [reading.probabilities[f"friction:{topic}"] for topic in reading.friction]
    assert odds == sorted(odds, reverse=True)


def test_what_lies_near_the_threshold_is_unsure(widget, measured):
    one = measured["app_widget"]
    readings = with_own(tagger().tag(one.texts[:80]), widget)
    unsure = [reading.probabilities["friction:widget"] for reading in readings if "friction:widget" in reading.unsure]
    assert all(0.41 < chance < 0.59 for chance in unsure)


def test_nothing_is_said_without_a_vector_or_with_one_of_another_encoder(widget):
    nothing = Reading("neutral", "other", False, False, (), (), "und", (), {}, "words@1", not_read="empty")
    strange = replace(nothing, embedding=np.ones(10, "<f2").tobytes(), not_read="")
    assert with_own([nothing, strange], widget) == [nothing, strange]


def test_fewer_than_five_examples_are_refused(background, measured):
    one = measured["app_widget"]
    with pytest.raises(ValueError, match="at least 5 examples, here are 4"):
        OwnTopic.learn(Examples(one.examples[:4], one.counters[:0], one.named), background)


def test_the_same_examples_teach_the_same(background, measured):
    one = measured["loyalty_points"]
    first, second = (OwnTopic.learn(Examples(one.examples[:7], one.counters[:3], one.named), background) for _ in range(2))
    assert (first.slope, first.offset) == (second.slope, second.offset)


def test_a_counter_example_counts_against_what_is_like_it(background, measured):
    one = measured["loyalty_points"]
    near = background.place(one.counters[:1])
    before, after = (
        OwnTopic.learn(Examples(one.examples[:30], one.counters[:count], one.named), background).log_odds(near)[0]
        for count in (0, 1)
    )
    assert after < before


@pytest.mark.parametrize("count", [5, 6, 60, 200])
def test_examples_that_are_all_the_same_do_no_harm(background, measured, count):
    same = np.repeat(measured["app_widget"].examples[:1], count, axis=0)
    own = OwnTopic.learn(Examples(same, same[:0], same[:0]), background)
    assert np.isfinite(own.log_odds(background.places)).all()
    assert own.log_odds(background.place(same[:1]))[0] > 0


def test_a_tagger_that_makes_no_vectors_is_refused_in_words():
    class Mute:
        model = "mute@1"

        def tag(self, texts):
            return [Reading("neutral", "other", False, False, (), (), "und", (), {}, self.model) for _ in texts]

    with pytest.raises(ValueError, match='mute@1 makes no vector of "Wo bleibt'):
        Background.of(Mute())


def test_an_embedding_comes_back_as_the_numbers_it_was():
    numbers = np.array([0.5, -2, 3.25], np.float32)
    assert np.array_equal(vector(numbers.astype("<f2").tobytes()), numbers)


def test_a_background_comes_back_as_it_was_stored(background, tmp_path):
    background.save(tmp_path / "background.npz")
    again = Background.load(tmp_path / "background.npz")
    assert np.array_equal(again.vectors, background.vectors)
    assert np.array_equal(again.german, background.german)
