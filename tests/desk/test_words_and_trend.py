"""Search words are alike in every spelling; a rise is called only where it is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.mention import storable
from desk.trend import rising, surprise
from desk.words import query_words, search_words


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
        ("strasse", "in der Straße"),
        ("Größe", "die Grösse passt nicht"),
        ("cafe", "im Café"),
        ("paypal", "PayPal geht nicht"),
        ("4711", "Bestellung 4711"),
        ("bezahlt paypal", "mit PayPal bezahlen"),
    ],
)
def test_a_search_needs_no_exact_spelling(query, text):
    assert finds(query, text)


def test_every_word_of_a_search_must_be_found():
    assert not finds("paypal klarna", "PayPal geht nicht")


@given(st.text(max_size=500))
def test_any_text_can_be_indexed_and_searched(text):
    assert "\x00" not in search_words(storable(text))
    query_words(text)


def test_a_megabyte_stays_small_in_the_index():
    assert len(search_words("äußerst " * 200_000)) < 700_000


def test_a_burst_is_rising_and_noise_is_not():
    quiet = [3, 2, 4, 3, 3, 2, 4] * 5
    burst = [1] * 28 + [2, 3, 9, 12, 8, 2, 1]
    assert [rise.topic for rise in rising({"service": quiet, "payment": burst})] == ["payment"]


def test_small_numbers_do_not_shout():
    assert rising({"payment": [0] * 28 + [0, 1, 0, 1, 1, 0, 1]}) == []


def test_without_history_nothing_rises():
    assert rising({"payment": [0, 0, 9, 9, 9, 9, 9, 9, 9]}) == []


@given(st.integers(0, 10_000), st.floats(0, 10_000))
def test_surprise_grows_with_the_count(now, usual):
    assert surprise(now + 1, usual) > surprise(now, usual)
