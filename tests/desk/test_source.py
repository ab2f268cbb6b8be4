"""Spans of time are read as people write them, German or English."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from desk.source import Source


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("15 min", timedelta(minutes=15)),
        ("2h", timedelta(hours=2)),
        ("90 s", timedelta(seconds=90)),
        ("1 day", timedelta(days=1)),
        ("2 Tage", timedelta(days=2)),
        ("1,5 Std", timedelta(hours=1.5)),
        ("3 Stunden", timedelta(hours=3)),
        ("30 sek", timedelta(seconds=30)),
        ("30 Sekunden", timedelta(seconds=30)),
        ("5 Minuten", timedelta(minutes=5)),
        ("1 Minute", timedelta(minutes=1)),
        ("1 Stunde", timedelta(hours=1)),
        ("999999 d", timedelta(days=36_525)),
    ],
)
def test_a_span_is_read_as_people_write_it(written, meant):
    assert Source(name="a", platform="files", every=written).every == meant


@pytest.mark.parametrize("written", ["often", "15", "min", "-5 min", "0 s", "5 parsecs"])
def test_what_is_no_span_is_refused(written):
    with pytest.raises(ValidationError):
        Source(name="a", platform="files", every=written)


def test_a_credential_is_shared_by_name_and_never_by_value():
    assert Source(name="a", platform="mastodon", token_env="MASTODON_TOKEN").credential == "MASTODON_TOKEN"
    assert Source(name="a", platform="mastodon").credential == "anonymous"
