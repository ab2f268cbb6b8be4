from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.work.again import next_run

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
OUTCOMES = ["done", "more", "busy", "denied", "gone", "garbled", "failed"]


@pytest.mark.parametrize(
    ("outcome", "wait"),
    [
        ("done", QUARTER),
        ("more", timedelta()),
        ("busy", timedelta(minutes=1)),
        ("garbled", QUARTER),
        ("gone", timedelta(hours=1)),
        ("denied", timedelta(hours=6)),
    ],
)
def test_each_outcome_has_its_wait(outcome: str, wait: timedelta) -> None:
    assert next_run(outcome, NOW, QUARTER) == NOW + wait


def test_a_platform_that_names_a_time_is_left_alone_until_then() -> None:
    retry_at = NOW + timedelta(hours=3)
    assert next_run("busy", NOW, QUARTER, retry_at=retry_at) == retry_at


@given(st.sampled_from(OUTCOMES), st.integers(0, 10_000), st.integers(1, 10**6), st.integers(-(10**6), 10**6))
def test_it_is_never_in_the_past_nor_before_the_time_that_was_named(outcome: str, failures: int, every: int, retry: int) -> None:
    retry_at = NOW + timedelta(seconds=retry)
    at = next_run(outcome, NOW, timedelta(seconds=every), failures=failures, retry_at=retry_at)
    assert at >= NOW
    if outcome not in ("done", "more"):
        assert at >= retry_at
        assert at > NOW


@given(st.sampled_from(["busy", "denied", "gone", "garbled", "failed"]), st.integers(0, 30))
def test_who_keeps_failing_is_asked_less_often_but_at_least_once_a_day(outcome: str, failures: int) -> None:
    now, later = (next_run(outcome, NOW, QUARTER, failures=count) for count in (failures, failures + 1))
    assert NOW < now <= later <= NOW + timedelta(days=1)
