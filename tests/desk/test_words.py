"""Search words are alike in every spelling, and a hostile text stays small."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.mention import storable
from desk.words import fold, query_words, search_words


def finds(query: str, text: str) -> bool:
    there = set(search_words(text).split())
    return all(there & set(ways) for ways in query_words(query))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("Rechnungen", "die Rechnung ist falsch"),
        ("refunds", "I want to be refunded"),
        ("Rückerstattung", "meine RÜCKERSTATTUNG fehlt"),
        ("Rueckerstattung", "meine Rückerstattung fehlt"),
        ("Rückerstattung", "meine Rueckerstattung fehlt"),
        ("tuer", "die Tür klemmt"),
        ("strasse", "in der Straße"),
        ("Größe", "die Grösse passt nicht"),
        ("groesse", "die GRÖẞE passt nicht"),
        ("cafe", "im Café"),
        ("Über", "U\u0308ber den Warenkorb"),
        ("paypal", "PayPal geht nicht"),
        ("4711", "Bestellung 4711"),
        ("KA-2026-4711", "Bestellung KA-2026-4711 fehlt"),
        ("#paypalkaputt", "schon wieder #PayPalKaputt"),
        ("@kastanie", "Hallo @kastanie@mastodon.example"),
        ("bezahle paypal", "mit PayPal bezahlen"),
        ("deliveries", "the delivery was late"),
    ],
)
def test_a_search_needs_no_exact_spelling(query, text):
    assert finds(query, text)


def test_every_word_of_a_search_must_be_found():
    assert not finds("paypal klarna", "PayPal geht nicht")


def test_each_typed_word_has_its_alternatives():
    assert query_words("Rechnungen") == [["rechnung", "rechnungen"]]
    assert query_words("  -- ") == []
    assert len(query_words("wort " * 100)) == 20


@given(st.text(max_size=500))
def test_any_text_can_be_indexed_and_searched(text):
    assert "\x00" not in search_words(storable(text))
    query_words(text)


@given(st.text(max_size=200))
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("äußerst " * 200_000, id="one word"),
        pytest.param("".join(chr(0x4E00 + n % 20_000) + " " for n in range(500_000)), id="many words of another script"),
        pytest.param("x" * 1_000_000, id="no word at all"),
        pytest.param("\u0308" * 1_000_000, id="only accents"),
        pytest.param("\ufdfa" * 300_000, id="one sign that unfolds into eighteen"),
        pytest.param(" ".join(f"w{n:039d}s" for n in range(20_000)), id="long words"),
    ],
)
def test_a_megabyte_stays_small_in_the_index(text):
    assert len(search_words(text).encode()) <= 300_000
