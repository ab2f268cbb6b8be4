from pathlib import Path

import pytest

from bench.sending import SOURCES, trial


@pytest.mark.parametrize("platform", SOURCES)
def test_a_sender_killed_in_the_middle_sends_nothing_twice_and_leaves_nothing_out(platform: str, tmp_path: Path) -> None:
    result = trial(tmp_path, platform, answers=30, kills=3, say=lambda _line: None)
    assert (result.sent, result.twice, result.missing) == (30, 0, 0)
