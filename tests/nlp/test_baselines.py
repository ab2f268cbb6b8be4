"""What one could use instead learns from the same texts as the tagger, and is asked nothing that it cannot answer."""

from pathlib import Path

import numpy as np
import pytest
from corpora_beside import Corpora

from nlp import baselines
from nlp.evaluate import Judged
from nlp.heads import COLUMNS, TOPICS
from nlp.train_data import Row

WHOLE = {"lang": "de", "intent": "complaint", "needs_reply": 1, "urgent": 0, "praise": []}


def rows(count: int, start: int = 0) -> list[Row]:
    """Texts of which every other one reports trouble with paying."""
    said = []
    for place in range(start, start + count):
        pays = place % 2 == 0
        text = f"{'PayPal Zahlung abgelehnt' if pays else 'Sofa wunderbar bequem'} {place}"
        mood = {"sentiment": "negative" if pays else "positive", "friction": ["payment"] if pays else []}
        said.append({"text": text, **WHOLE, **mood})
    return said


def payment(judged: Judged) -> np.ndarray:
    return judged.odds[:, COLUMNS.index("friction:payment")]


def test_a_text_that_says_its_sentiment_alone_is_no_example_against_any_topic():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed (extra: train)")
    alone = [{"text": f"PayPal Zahlung abgelehnt {place}", "lang": "de", "sentiment": "negative"} for place in range(300)]
    plain = baselines.tfidf(rows(60), rows(30, 60), rows(10, 90))
    more = baselines.tfidf(rows(60) + alone, rows(30, 60), rows(10, 90))
    assert (payment(plain)[::2] > 0.5).all()
    assert (payment(more)[::2] > 0.5).all(), "as negatives, 300 such texts would have drowned the topic"


def test_only_questions_that_a_choice_answers_have_figures():
    some = baselines.Choice(baselines.keywords, ("friction",))
    assert set(baselines.figures(some, [], [], rows(8))) == {"friction micro-F1", "friction macro-F1"}
    every = baselines.figures(baselines.Choice(baselines.keywords), [], [], rows(8))
    assert {"sentiment macro-F1", "urgent F1", "praise micro-F1"} <= set(every)
    assert baselines.all_of(Path("base"))["zero-shot: likeness to topic descriptions"].answers == ("friction",)


def test_they_learn_from_licensed_texts_where_the_tagger_does(corpora: Corpora):
    corpora.say("sb10k", "so ein Mist", "negative")
    without, dev = baselines.lessons(None, None)
    learned, dev_too = baselines.lessons(None, corpora.folder)
    assert [row["text"] for row in learned[len(without) :]] == ["so ein Mist"]
    assert "friction" not in learned[-1]
    assert dev == dev_too, "thresholds are chosen on our own texts"


def test_a_description_in_either_language_is_near_enough():
    asked: list[str] = []

    def encode(given: list[Row]) -> np.ndarray:
        """Let a text about paying point where the English description of payment does, and others where no topic does."""
        directions = np.eye(37, 74, dtype=np.float32)
        if given[0]["text"].startswith("Problem: "):
            asked.extend(row["text"] for row in given)
            return directions[:36]
        return directions[[18 + TOPICS.index("payment") if "PayPal" in row["text"] else 36 for row in given]]

    found = baselines.zero_shot(encode)([], rows(40), rows(10, 40))
    assert len(asked) == 36
    assert asked[TOPICS.index("payment")].startswith("Problem: Bezahlung.")
    assert asked[18 + TOPICS.index("payment")].startswith("Problem: Payment.")
    assert (payment(found)[::2] > payment(found)[1::2] + 0.3).all()
