"""How far readers agree is counted from what both said, and the datasheet says what was counted."""

import re

from nlp.agreement import alike, pairs, table, topics_alike
from nlp.train_data import CORPUS


def test_topics_agree_by_f1_whichever_reading_comes_first():
    one, other = {"friction": ["payment", "service"]}, {"friction": ["payment"]}
    assert topics_alike([(one, other)], "friction") == topics_alike([(other, one)], "friction") == 2 / 3


def test_answers_agree_by_their_share():
    yes, no = {"urgent": 1}, {"urgent": 0}
    assert alike([(yes, yes), (yes, no)], "urgent") == 0.5


def test_the_datasheet_says_what_is_counted():
    said = re.sub(r"\s+", " ", (CORPUS / "README.md").read_text("utf-8"))
    read = pairs()
    for batch, words in ((3, "143 texts of batch 3: F1 {friction F1:.2f} on friction topics"), (5, "210 texts of batch 5")):
        some = [pair for pair in read if pair[0]["batch"] == batch]
        assert words.format(**table(some)) in said
    doubtful = table([pair for pair in read if pair[0]["batch"] == 5])
    assert "F1 {friction F1:.2f} on friction and {praise F1:.2f} on praise".format(**doubtful) in said
