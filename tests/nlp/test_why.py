"""The words behind a tag hold still under small changes, are the same whatever else is asked, and cost little."""

import pytest

from bench.why import CHANGES, Remembering, Tagged, first_word, held, of_words, remembering, tagged, without
from desk.taxonomy import OwnTopic
from nlp import own
from nlp.explain import explain, spoken_for
from nlp.heads import COLUMNS
from nlp.tagger import OnnxTagger, tagger
from nlp.topics import OwnTopics

SHORT = 14
"""Words of the texts that are changed here; `python -m bench why` does the same with texts of any length."""
WIDGET = OwnTopic(
    key="widget",
    name={"de": "App-Widget", "en": "App widget"},
    description={"de": "Das Widget auf dem Startbildschirm", "en": "The widget on the home screen"},
    stage="purchase",
    team="support",
    examples=(
        "my widget is empty",
        "the widget on the lock screen shows nothing",
        "Das Widget zeigt seit dem Update nur noch ein graues Feld",
        "Widget lässt sich nicht hinzufügen",
        "widget does not refresh",
    ),
)


@pytest.fixture(scope="module")
def reads() -> OnnxTagger:
    return remembering()


@pytest.fixture(scope="module")
def some(reads: OnnxTagger) -> list[Tagged]:
    return tagged(reads, 100, SHORT)


@pytest.fixture(scope="module")
def widget() -> OwnTopics:
    return own.learned(tagger(), [WIDGET], {"widget": []})


@pytest.mark.parametrize("change", CHANGES)
def test_the_word_that_speaks_most_for_a_tag_stays_the_same_under_a_small_change(change, reads, some):
    assert len(some) == 100
    assert held(reads, some, CHANGES[change]) >= 90


def test_all_tags_in_one_call_have_the_words_that_each_has_alone():
    text = of_words(55, 65, 1)[0]
    together = explain(tagger(), text, COLUMNS)
    for key in ("friction:payment", "sentiment:negative", "needs_reply"):
        assert explain(tagger(), text, [key]) == {key: together[key]}


def test_a_text_of_many_pages_costs_little_more():
    reads = remembering()
    explain(reads, " ".join(of_words(55, 65, 40)), COLUMNS)
    assert isinstance(reads.encoder, Remembering)
    assert len(reads.encoder.known) < 300


def test_what_moves_a_tag_by_next_to_nothing_is_no_reason():
    for text in of_words(55, 65, 3):
        words = [word for of_tag in explain(tagger(), text, COLUMNS).values() for word in of_tag]
        assert min(abs(word.weight) for word in words) >= 0.1


def test_only_what_is_read_can_speak():
    text = f"{'Ich sage dazu nichts weiter. ' * 100} PayPal geht nicht, ich kann nicht bezahlen"
    assert "PayPal" not in [word.word for word in explain(tagger(), text, ["friction:payment"], limit=1_000)["friction:payment"]]
    text = f"PayPal geht\n\n   nicht, ich kann nicht bezahlen. {'Ich sage dazu nichts weiter. ' * 100}"
    assert {"PayPal", "bezahlen"} & set(spoken_for(explain(tagger(), text, ["friction:payment"]), "friction:payment")[:2])


def test_without_the_words_for_it_a_tag_stands_less_firmly():
    text = "Seit drei Tagen versuche ich mit PayPal zu bezahlen und jedes Mal bricht es ab."
    words = explain(tagger(), text, ["friction:payment"])["friction:payment"][:2]
    before, after = (tagger().tag([one])[0].probabilities["friction:payment"] for one in (text, without(text, words)))
    assert after < before / 2


@pytest.mark.parametrize(
    "text", ["Seit gestern ist das Widget auf meinem Handy leer", "why does the widget never update on my phone?"]
)
def test_a_topic_of_the_desks_own_has_its_words_too(text, widget):
    key = "friction:widget"
    assert spoken_for(explain(tagger(), text, [key], own=widget), key)[0].lower() == "widget"
    assert first_word(tagger(), text, key) == ""


def test_the_other_tags_words_do_not_depend_on_own_topics(widget):
    text = "PayPal geht nicht, und das Widget ist auch leer"
    together = explain(tagger(), text, ["friction:payment", "friction:widget"], own=widget)
    assert together["friction:payment"] == explain(tagger(), text, ["friction:payment"])["friction:payment"]


def test_a_topic_with_too_few_examples_has_no_words():
    few = WIDGET.model_copy(update={"examples": WIDGET.examples[:2]})
    known = own.learned(tagger(), [few], {"widget": []})
    assert explain(tagger(), "Das Widget ist leer", ["friction:widget"], own=known) == {"friction:widget": []}
