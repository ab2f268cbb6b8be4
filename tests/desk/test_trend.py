"""A rise is called where there is one; small numbers do not shout."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.trend import rising, surprise

STEADY = [3, 2, 4, 3, 3, 2, 4]
counts = st.lists(st.integers(0, 200), min_size=0, max_size=60)


def test_a_payment_outage_is_rising_and_noise_is_not():
    found = rising({"service": STEADY * 5, "payment": [1] * 28 + [2, 3, 9, 12, 8, 2, 1]})
    assert [(rise.topic, rise.now, rise.usual) for rise in found] == [("payment", 37, 7.0)]
    assert found[0].factor == pytest.approx(37 / 7)


@pytest.mark.parametrize(
    "series",
    [
        pytest.param([0] * 28 + [0, 1, 0, 1, 1, 0, 1], id="four where there was nothing"),
        pytest.param([1, 0, 0, 0, 0, 0, 0] * 4 + [0, 2, 1, 0, 0, 1, 0], id="four where there was one a week"),
        pytest.param([1] * 28 + [2, 2, 2, 2, 1, 1, 1], id="eleven where there were seven"),
        pytest.param([100] * 28 + [115] * 7, id="certain but small"),
        pytest.param([9] * 28 + [1] * 7, id="falling"),
        pytest.param([0, 0, 9, 9, 9, 9, 9, 9, 9], id="without history"),
        pytest.param([], id="nothing at all"),
    ],
)
def test_small_numbers_do_not_shout(series):
    assert rising({"payment": series}) == []


def test_a_fortnight_of_history_is_enough_for_a_clear_case():
    assert rising({"payment": [1] * 7 + [5] * 7})


def test_a_short_history_is_trusted_less():
    assert rising({"payment": [1] * 28 + [3] * 7})
    assert not rising({"payment": [1] * 7 + [3] * 7})


def test_what_is_new_has_no_usual():
    assert rising({"privacy": [0] * 28 + [2] * 7})[0].factor == math.inf


def test_the_clearest_rise_comes_first():
    found = rising({"b": [1] * 28 + [4] * 7, "a": [1] * 28 + [4] * 7, "c": [1] * 28 + [9] * 7})
    assert [rise.topic for rise in found] == ["c", "a", "b"]


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.floats(0.05, 1))
def test_surprise_grows_with_now_and_shrinks_with_before(now, before, share):
    assert surprise(now + 1, before, share) > surprise(now, before, share) > surprise(now, before + 1, share)


@given(counts)
def test_what_rises_really_is_more_than_usual(series):
    for rise in rising({"x": series}):
        assert rise.now >= 5
        assert rise.now > rise.usual


@given(counts, st.integers(1, 50))
def test_one_more_voice_today_never_ends_a_rise(series, more):
    louder = [*series[:-1], series[-1] + more] if series else []
    assert len(rising({"x": louder})) >= len(rising({"x": series}))


@given(st.dictionaries(st.text(max_size=3), counts, max_size=5))
def test_each_topic_is_judged_on_its_own(series):
    together = {rise.topic for rise in rising(series)}
    assert together == {topic for topic, values in series.items() if rising({topic: values})}
