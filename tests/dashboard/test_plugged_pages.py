"""Where a classifier of others has answered, the pages show its threshold, and no words that another model would give."""

from dataclasses import replace

import pytest
import seed
from desks import Home, heard
from test_pages import opened, shown
from test_why_panel import conversation, pressed

from nlp.tagger import tagger

SIGNED = f"{tagger().model}+owner/haste@1a2b3c4"
PLUG = """
[[classifiers]]
model = "owner/haste"
revision = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
answers = "urgent"
threshold = 0.37
labels = { fast = "yes" }
"""


@pytest.fixture
def mention_id(empty_home: Home) -> int:
    """A mention whose urgency another model has answered, unsure of it."""
    empty_home.config.write_text(empty_home.config.read_text("utf-8") + PLUG, "utf-8")
    made = seed.reading(sentiment="negative", urgent=True, needs_reply=True, friction=("payment",))
    read = replace(made, unsure=("urgent",), probabilities={**made.probabilities, "urgent": 0.41}, model=SIGNED)
    return heard(empty_home, "PayPal geht nicht, ich kann nicht bezahlen!", read)


def test_review_shows_the_threshold_of_who_answered(mention_id):
    assert "ab 37 % wertet es als Ja" in shown(opened("review"))


@pytest.mark.parametrize(
    ("chosen", "expected", "missing"),
    [
        pytest.param("friction:payment", "Dafür sprechen", "Ein fremdes Modell", id="the tagger's answer"),
        pytest.param("urgent:yes", "Ein fremdes Modell hat das beantwortet", "Dafür sprechen", id="the other's answer"),
    ],
)
def test_a_conversation_shows_words_only_for_what_the_tagger_itself_has_answered(mention_id, chosen, expected, missing):
    said = pressed(conversation(mention_id), chosen)
    assert (expected in said, missing in said, SIGNED in said) == (True, False, True)
