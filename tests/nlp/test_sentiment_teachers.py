"""Teachers of sentiment have a head per group of corpora, and nobody learns from a teacher that knew the answer."""

from pathlib import Path

import numpy as np
import pytest

from desk.errors import KummerkastenError
from nlp.heads import CHOSEN, COLUMNS
from nlp.train_data import Row

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
teachers = pytest.importorskip("nlp.sentiment_teachers")

SENTIMENT = CHOSEN["sentiment"]


def tweet(text: str, sentiment: str | None = "negative", origin: str = "sb10k") -> Row:
    row = {"text": text, "lang": "de", "origin": origin}
    return row | {"sentiment": sentiment} if sentiment else row


def in_fold(number: int) -> Row:
    """A tweet of the benchmark's kind that lies in this fold."""
    return next(row for row in map(tweet, map(str, range(99))) if teachers.fold_of(row) == number)


def test_a_text_teaches_the_head_of_its_own_group_alone():
    rows = [tweet("so ein Mist"), tweet("ach ja", "neutral", "potts"), tweet("gut", "positive", "real")]
    given = teachers.lessons_of(rows, [[0, 2]] * 3, (teachers.fold_of(rows[0]) + 1) % teachers.FOLDS)
    logits = torch.zeros(given.truth.shape, requires_grad=True)
    teachers.cost(logits, *(torch.tensor(one) for one in (given.truth, given.mask, given.weight))).backward()
    assert logits.grad is not None
    moved = logits.grad.abs().reshape(3, len(teachers.GROUPS), 3).sum(dim=2) > 1e-6
    assert moved.tolist() == [[True, False, False, False], [False, True, False, False], [False, False, True, False]]


def test_a_teacher_never_reads_the_fold_that_it_must_not_know_nor_what_has_no_sentiment():
    rows = [*(in_fold(number) for number in range(teachers.FOLDS)), tweet("ohne", None, "potts"), tweet("x", origin="banking77")]
    for number in range(2 * teachers.FOLDS):
        given = teachers.lessons_of(rows, [[0, 2]] * len(rows), number)
        held = number % teachers.FOLDS
        assert given.share is not None
        assert len(given.share) == sum(teachers.COURSES[number // teachers.FOLDS])
        assert not given.share[:, [held, 3, 4]].any()
        assert given.weight.tolist() == [float(place != held) for place in range(3)] + [0, 0]


def test_heads_learn_what_a_text_speaks_for_however_often_its_corpus_gives_an_answer():
    rows = [tweet(f"egal {number}", "neutral") for number in range(98)] + [tweet("Mist"), tweet("toll", "positive")]
    given = teachers.lessons_of(rows, [[0, 2]] * 100, 0)
    added = given.mask[0, :3]
    assert added[1] - added[0] == pytest.approx(np.log(99 / 2), abs=1e-5)
    level = torch.zeros((1, given.truth.shape[1]))  # a text that speaks for nothing is neutral as often as its corpus is
    said = torch.softmax(level + torch.tensor(given.mask[:1]), dim=1)
    assert said[0, 1] == pytest.approx(99 / 103, abs=1e-3)


def test_of_a_tweet_only_teachers_are_heard_that_never_saw_its_label():
    rows = [in_fold(1), tweet("offen", None, "potts")]
    said = [np.zeros((2, len(teachers.GROUPS), 3), np.float32) for _ in range(teachers.FOLDS)]
    said[1][:, 0, 2] = 50  # the one that did not know says: positive
    said[0][:, 0, 0] = said[2][:, 0, 0] = 50
    heard = teachers.opinions(rows, said)
    assert heard[0].round(3).tolist() == [0, 0, 1]
    assert heard[1].round(3).tolist() == pytest.approx([0.667, 0, 0.333])


def test_students_hear_of_tweets_what_teachers_say_and_of_our_own_texts_what_stands():
    rows = [
        tweet("a"),
        tweet("b", "positive", "potts"),
        tweet("c", None, "mobasa"),
        tweet("d", origin="real"),
        tweet("e", None, "raw"),
    ]
    truth = np.zeros((5, len(COLUMNS)), np.float32)
    truth[:, SENTIMENT] = (0.2, 0.3, 0.5)
    found = teachers.told(rows, truth, np.tile(np.array([0, 1, 0], np.float32), (5, 1)))
    assert found[0, SENTIMENT].tolist() == [teachers.TWEETS.trust, 1 - teachers.TWEETS.trust, 0]
    assert found[1, SENTIMENT].tolist() == found[2, SENTIMENT].tolist() == [0, 1, 0]
    assert found[3:, SENTIMENT] == pytest.approx(truth[3:, SENTIMENT])
    assert not found[:, SENTIMENT.stop :].any()


def test_reviews_are_heard_as_our_customers_speak():
    rows = [tweet("Netter Laden", "positive", "m_absa_de"), *(tweet(f"Mist {number}", origin="real") for number in range(8))]
    (heard, *_) = teachers.opinions(rows, [np.zeros((9, len(teachers.GROUPS), 3), np.float32)])
    assert heard == pytest.approx(np.array([9, 1, 1]) / 11, abs=1e-3)


def test_what_was_said_of_other_texts_is_never_taken_for_what_is_said_of_these(tmp_path: Path):
    np.savez(tmp_path / "sentiment-0.npz", said=np.zeros((1, len(teachers.GROUPS), 3)), of="another")
    with pytest.raises(KummerkastenError, match=r"sentiment-0\.npz speaks of other texts"):
        teachers.teach("base", [tweet("a")], 0, tmp_path / "sentiment-0.npz")
