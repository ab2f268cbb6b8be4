"""Points in time as platforms write them."""

from datetime import UTC, datetime

import pytest

from listeners.times import instant

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-26T12:00:00Z",
        "2026-11-26T12:00:00.000Z",
        "2026-11-26T13:00:00+01:00",
        "2026-11-26T12:00:00+0000",
        "2026-11-26T17:30:00+05:30",
        "2026-11-26T12:00:00",
        "2026-11-26 12:00:00",
        "Thu, 26 Nov 2026 13:00:00 +0100",
        1795694400,
        "1795694400",
        1795694400.0,
        1795694400000,
        "1795694400000",
        NOON,
    ],
)
def test_one_moment_however_it_is_written(written: object) -> None:
    assert instant(written) == NOON


@pytest.mark.parametrize(
    "nonsense", [None, "", "gestern", "2026-13-45", True, [], {}, float("inf"), 1e300, "0000-00-00T00:00:00Z"]
)
def test_what_names_no_moment_is_none(nonsense: object) -> None:
    assert instant(nonsense) is None
