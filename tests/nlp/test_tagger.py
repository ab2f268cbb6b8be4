"""The tagger that ships with the product reads German and English, any input, the same way every time."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from desk.reading import INTENTS, SENTIMENTS
from desk.taxonomy import DEFAULT
from nlp.encoder import Encoder, Vectors, cut, plain, quiet
from nlp.explain import explain, spoken_for
from nlp.heads import TOPICS
from nlp.language import language
from nlp.tagger import SHIPPED, OnnxTagger, tagger
from nlp.train_data import AUTHORED, HOME, authored, part_of


@pytest.fixture(scope="module")
def shipped() -> OnnxTagger:
    return tagger()


def test_the_heads_answer_about_the_topics_of_the_taxonomy():
    assert set(TOPICS) == {topic.key for topic in DEFAULT.topics}


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("PayPal geht wieder nicht, ich kann nicht bezahlen!", "payment"),
        ("My card was declined three times at payment", "payment"),
        ("Das Paket ist seit zwei Wochen unterwegs und kommt nicht an", "delivery"),
        ("Where is my parcel? Tracking has not moved for nine days", "delivery"),
        ("Die Retoure ist seit drei Wochen bei euch, wo bleibt meine Rückerstattung?", "returns"),
        ("Die App stürzt nach dem Update ständig ab", "technical"),
        ("I can't log in, password reset mail never arrives", "account"),
        ("Der Kundenservice geht nicht ans Telefon und antwortet auf keine Mail", "service"),
    ],
)
def test_plain_complaints_get_their_topic(shipped, text, topic):
    reading = shipped.tag([text])[0]
    assert topic in reading.friction
    assert reading.sentiment == "negative" or ("?" in text and reading.sentiment == "neutral")  # who asks may be calm


def test_praise_is_no_complaint(shipped):
    reading = shipped.tag(["Tolle App, super einfach zu bedienen, danke!"])[0]
    assert (reading.sentiment, reading.intent, reading.friction) == ("positive", "praise", ())


@dataclass(frozen=True)
class Watched(Encoder):
    """The shipped encoder, with a note of every text that it was given."""

    folder: Path = SHIPPED
    given: list[str] = field(default_factory=list)

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.given.extend(texts)
        return super().encode(texts)


def test_identical_texts_are_read_once_and_the_order_is_kept(shipped):
    encoder = Watched()
    texts = ["PayPal geht nicht", "Great service!", "PayPal geht nicht", "", " PayPal\n geht  nicht ", "Wo ist mein Paket?"]
    readings = OnnxTagger(encoder, shipped.heads).tag(texts)
    assert encoder.given == ["PayPal geht nicht", "Great service!", "Wo ist mein Paket?"]
    assert readings[0] == readings[2] == readings[4]
    assert [reading.not_read for reading in readings] == ["", "", "", "empty", "", ""]
    assert readings[1].language == "en"


def test_a_stream_reads_what_comes_again_in_a_batch_once(shipped):
    encoder = Watched()
    texts = ["Sofa kaputt", "Danke!", "Sofa kaputt", "Danke!", "Sofa kaputt"]
    assert len(list(OnnxTagger(encoder, shipped.heads).tag_stream(texts, batch=4))) == 5
    assert encoder.given == ["Sofa kaputt", "Danke!", "Sofa kaputt"]


def test_a_reading_does_not_depend_on_its_neighbours(shipped):
    text = "Die Kreditkarte wird abgelehnt, obwohl sie sonst überall funktioniert"
    alone = shipped.tag([text])[0].probabilities
    among = shipped.tag(["Hallo", text, "An " + "endless " * 300 + "story"])[1].probabilities
    assert alone == pytest.approx(among, abs=1e-3)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("😡", id="one emoji"),
        pytest.param("\x00\x00", id="null bytes only"),
        pytest.param("支付失败了", id="Chinese"),
        pytest.param("الدفع لا يعمل", id="Arabic"),
        pytest.param("<script>alert(1)</script><img src=x onerror=alert(1)>", id="markup"),
        pytest.param("a\u202eb\u2066c\u2069", id="bidi controls"),
        pytest.param("PayPal " * 200_000, id="more than a megabyte"),
        pytest.param("x" * 1_000_000, id="one word of a megabyte"),
        pytest.param("Die Zahlung failed and je ne comprends pas warum", id="mixed languages"),
    ],
)
def test_any_input_gets_a_reading_or_a_clear_no(shipped, text):
    reading = shipped.tag([text])[0]
    assert reading.sentiment in SENTIMENTS
    assert reading.intent in INTENTS
    json.dumps(reading.as_json())


def test_the_json_has_the_promised_keys_in_order(shipped):
    said = shipped.tag(["PayPal geht nicht"])[0].as_json()
    assert list(said) == [
        "sentiment",
        "intent",
        "needs_reply",
        "urgent",
        "friction",
        "praise",
        "language",
        "unsure",
        "probabilities",
        "model",
    ]
    assert said["model"].startswith("kummerkasten-e5-small@")


def test_what_lies_near_a_threshold_is_called_unsure(shipped):
    texts = [json.loads(line)["text"] for line in (AUTHORED / "de1.jsonl").read_text(encoding="utf-8").splitlines()[:60]]
    unsure = [key for reading in shipped.tag(texts) for key in reading.unsure]
    assert 0 < len(unsure) < 4 * len(texts)


def test_a_stream_is_read_in_order(shipped):
    texts = [f"Bestellung {number} fehlt" for number in range(7)]
    assert list(shipped.tag_stream(iter(texts), batch=3)) == shipped.tag(texts)


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        (
            "Seit drei Tagen versuche ich mit PayPal zu bezahlen und jedes Mal bricht es ab.",
            "friction:payment",
            {"PayPal", "bezahlen"},
        ),
        ("I tried to pay with PayPal for days and it always fails.", "friction:payment", {"PayPal", "pay"}),
        ("Tolles Sofa, aber die Lieferung kam drei Wochen zu spät.", "friction:delivery", {"Lieferung", "spät"}),
    ],
)
def test_the_words_behind_a_tag_are_those_a_person_would_name(shipped, text, key, expected):
    why = explain(shipped, text, [key])
    assert expected & set(spoken_for(why, key)[:3])
    assert all(text[word.start : word.end] == word.word for word in why[key])


@pytest.mark.parametrize("text", ["", "   ", "😡", "\x00 PayPal \n\n geht  nicht"])
def test_odd_texts_can_be_explained_too(shipped, text):
    assert set(explain(shipped, text, ["friction:payment", "language:de"])) == {"friction:payment", "language:de"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("PayPal geht nicht", "de"),
        ("Checkout is broken", "en"),
        ("Le paiement ne fonctionne pas depuis hier", "fr"),
        ("ok", "und"),
        ("12345 !!!", "und"),
        ("Bin enttäuscht", "de"),
        ("Das isch jetzt würkli nöd guet gange", "de"),
        ("5 Sterne", "und"),
        ("", "und"),
    ],
)
def test_languages(text, code):
    assert language(text) == code


@pytest.mark.parametrize("before", [" ", "\n", "\x00", "\ufffd", "\u00a0", " \x00\n\ufffd"], ids=ascii)
def test_what_stands_behind_thousands_of_blanks_is_read(shipped, before):
    text = "PayPal geht wieder nicht"
    assert cut(before * 4_000 + text) == text
    assert shipped.tag([before * 4_000 + text]) == shipped.tag([text])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        pytest.param("a" + " " * 9_000 + "b", "a b", id="blanks within"),
        pytest.param("ab " * 5_000, ("ab " * 1_334)[:4_000].strip(), id="words without end"),
        pytest.param("A" * 9_000, "A" * 4_000, id="one word without end"),
        pytest.param("f\ufffdr immer", "f\ufffdr immer", id="a letter that was lost"),
        pytest.param("\x00\ufffd \n", "", id="nothing"),
    ],
)
def test_the_beginning_that_is_read_holds_words_and_no_blanks(text, read):
    assert cut(text) == read
    assert cut(cut(text)) == cut(text)


@pytest.mark.parametrize("sign", ["\xad", "\u200b", "\u2060", "\ufeff"], ids=ascii)
def test_a_word_with_signs_in_it_that_nobody_sees_is_read_and_explained_as_the_word(shipped, sign):
    text, plain = f"Die Re{sign}tou{sign}re ist nicht er{sign}stattet", "Die Retoure ist nicht erstattet"
    assert shipped.tag([text]) == shipped.tag([plain])
    said, told = (explain(shipped, one, ["friction:returns"])["friction:returns"] for one in (text, plain))
    assert [word.word.replace(sign, "") for word in said] == [word.word for word in told]
    assert all(text[word.start : word.end] == word.word for word in said)


@pytest.mark.parametrize("text", ["\u200b\u200b", "\u2800", "\u2063\u2060", "\ufe0f", "\u200f\u202e", "\u3164 \ufeff"], ids=ascii)
def test_a_text_in_which_nobody_sees_anything_is_not_read(shipped, text):
    assert shipped.tag([text])[0].not_read == "empty"


def right(shipped, rows, texts):
    return sum(len(set(one.friction) & set(row["friction"])) for row, one in zip(rows, shipped.tag(texts), strict=True))


def test_shouting_costs_hardly_a_topic(shipped):
    rows = [row for row in authored() if part_of(row) == "dev" and row["lang"] in HOME and row["friction"]][::12]
    texts = [row["text"] for row in rows]
    for loud in (str.upper, lambda text: " ".join([*text.upper().split()[:5], *text.split()[5:]])):
        found = zip(rows, shipped.tag(texts), shipped.tag([loud(text) for text in texts]), strict=True)
        right = [
            (set(row["friction"]) & set(calm.friction), set(row["friction"]) & set(shouted.friction))
            for row, calm, shouted in found
        ]
        assert sum(len(shouted) for _, shouted in right) > 0.9 * sum(len(calm) for calm, _ in right)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("WO BLEIBT MEIN GELD???", "wo bleibt mein geld???"),
        ("MEIN PAKET IST WEG!!! Bitte helfen", "mein paket ist weg!!! Bitte helfen"),
        ("TESL\u0130MAT YOK", "teslimat yok"),
        ("DHL hat mein Paket an eine falsche Adresse geliefert", "DHL hat mein Paket an eine falsche Adresse geliefert"),
        ("Q4 2026: A", "Q4 2026: A"),
    ],
)
def test_only_who_shouts_is_read_in_small_letters(text, read):
    assert quiet(text) == read
    assert len(quiet(text)) == len(text)


def test_the_words_of_who_shouts_are_found_where_they_stand(shipped):
    text = "DIE ZAHLUNG MIT PAYPAL BRICHT JEDES MAL AB!!!"
    why = explain(shipped, text, ["friction:payment"])["friction:payment"]
    assert why[0].word in ("ZAHLUNG", "PAYPAL")
    assert all(text[word.start : word.end] == word.word for word in why)


@pytest.mark.parametrize(
    ("drawn", "plain"),
    [
        ("Die Zahlung geht niiiicht", "Die Zahlung geht nicht"),
        ("The checkout is sooooo slow", "The checkout is soo slow"),
        ("I REALLYYYYY LOVE IT", "I really love it"),
    ],
)
def test_drawn_out_words_are_read_as_the_vocabulary_knows_them(shipped, drawn, plain):
    assert shipped.tag([drawn])[0].probabilities == shipped.tag([plain])[0].probabilities


def test_drawing_words_out_costs_hardly_a_topic(shipped):
    rows = [row for row in authored() if part_of(row) == "dev" and row["lang"] in HOME and row["friction"]][::12]
    texts = [row["text"] for row in rows]
    drawn = [re.sub(r"(\w*[aeiou])(\w*)", lambda word: f"{word[1]}{word[1][-1] * 3}{word[2]}", text) for text in texts]
    found = zip(rows, shipped.tag(texts), shipped.tag(drawn), strict=True)
    right = [tuple(len(set(row["friction"]) & set(one.friction)) for one in both) for row, *both in found]
    assert sum(long for _, long in right) > 0.8 * sum(calm for calm, _ in right)


@pytest.mark.parametrize("word", ["a" * 4_000, "aaab" * 1_000, "xyz" * 1_300 + "aaa"], ids=["one letter", "many", "at the end"])
def test_of_a_word_without_end_the_vocabulary_is_not_asked(word):
    asked = []
    assert len(plain(word, lambda way: asked.append(way) or [way])) <= len(word)
    assert all(len(way) <= 60 for way in asked)


def test_compounds_with_one_letter_three_times_are_left_alone(shipped):
    text = "Schifffahrt Brennnessel"
    assert plain(text, shipped.encoder._tokenizer.tokenize) == text


def test_the_held_out_authored_texts_are_read_well_enough(shipped):
    held_out = [row for row in authored() if part_of(row) == "test" and row["lang"] in HOME][::11]
    assert {row["lang"] for row in held_out} == set(HOME)
    readings = shipped.tag([row["text"] for row in held_out])
    right = sum(len(set(reading.friction) & set(row["friction"])) for reading, row in zip(readings, held_out, strict=True))
    said = sum(len(reading.friction) for reading in readings)
    true = sum(len(row["friction"]) for row in held_out)
    assert 2 * right / (said + true) > 0.60
    agree = sum(reading.sentiment == row["sentiment"] for reading, row in zip(readings, held_out, strict=True))
    assert agree / len(held_out) > 0.81
