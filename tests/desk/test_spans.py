"""Time left is said in one unit, and never promises time that is not there."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.deadline import time_left
from desk.spans import left

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LENGTH = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (timedelta(seconds=59), (0, 0, "minute")),
        (timedelta(minutes=-3, seconds=-59), (-1, 3, "minute")),
        (timedelta(minutes=90), (1, 90, "minute")),
        (timedelta(minutes=91), (1, 1, "hour")),
        (timedelta(hours=36), (1, 36, "hour")),
        (timedelta(hours=-49), (-1, 2, "day")),
    ],
)
def test_the_unit_a_person_would_say(span, expected):
    assert left(NOW + span, NOW) == expected


@given(st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_no_more_time_is_promised_than_there_is(span):
    sign, amount, unit = left(NOW + span, NOW)
    assert amount * LENGTH[unit] <= abs(span)
    assert sign == 0 or (sign > 0) == (time_left(NOW + span, NOW) > timedelta())
