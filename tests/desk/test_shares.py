"""A share says how far it can be trusted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.review import aspect_of, question_of, turn
from desk.shares import Share, wilson

counted = st.integers(0, 10_000).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_the_interval_is_wilsons(part, whole, low, high):
    """The last line is Newcombe's example (Statistics in Medicine 17, 1998, table I, method 3), the others R's prop.test."""
    assert wilson(part, whole) == pytest.approx((low, high), abs=5e-5)


def test_where_nothing_was_counted_nothing_is_known():
    assert (Share().value, Share().interval, Share().few) == (0.0, (0.0, 1.0), True)


@given(counted)
def test_the_interval_holds_the_share_and_stays_a_share(given_counts):
    share = Share(*given_counts)
    low, high = share.interval
    assert 0 <= low <= share.value + 1e-9
    assert share.value - 1e-9 <= high <= 1


@given(counted, st.integers(2, 50))
def test_more_of_the_same_makes_it_narrower(given_counts, times):
    part, whole = given_counts
    low, high = wilson(part, whole)
    lower, higher = wilson(part * times, whole * times)
    assert higher - lower <= high - low


@pytest.mark.parametrize(("part", "whole"), [(-1, 3), (4, 3), (1, 0)])
def test_a_part_that_is_none_is_refused(part, whole):
    with pytest.raises(ValueError, match="is no part of"):
        wilson(part, whole)


@pytest.mark.parametrize(("whole", "few"), [(0, True), (9, True), (10, False)])
def test_under_ten_it_is_called_too_few(whole, few):
    assert Share(0, whole).few is few


def test_shares_add_up():
    assert sum([Share(1, 2), Share(3, 4)], Share()) == Share(4, 6)


def test_what_lets_somebody_wait_is_asked_first_and_praise_last():
    asked = [(key, waiting) for key in ("praise:service", "sentiment", "urgent", "friction:price") for waiting in (False, True)]
    ordered = sorted(asked, key=lambda one: turn(*one))
    assert ordered[:2] == [("urgent", True), ("friction:price", True)]
    assert [key for key, _ in ordered[2:]] == [
        "urgent",
        "friction:price",
        "sentiment",
        "sentiment",
        "praise:service",
        "praise:service",
    ]


def test_a_topic_is_a_question_of_its_own_and_any_mood_is_one_question():
    assert question_of("friction", "payment") == "friction:payment"
    assert question_of("sentiment", "negative") == question_of("sentiment", "positive") == "sentiment"
    assert (aspect_of("friction:payment"), aspect_of("urgent")) == ("friction", "urgent")
