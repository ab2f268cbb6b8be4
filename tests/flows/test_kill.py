from pathlib import Path

import pytest

from bench.kill import trial


def quiet(_line: str) -> None:
    return None


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_killed_in_the_middle_loses_nothing_and_nothing_comes_twice(workers: int, tmp_path: Path) -> None:
    result = trial(tmp_path, size=700, kills=3, workers=workers, seed=workers, say=quiet)
    assert result.kills > 0
    if workers == 1:  # of two, the one that is killed may be the one that waits for its turn
        assert result.pulls > result.kills
    assert (result.rows, result.lost, result.foreign, result.edited, result.counted) == (700, 0, 0, 0, 700)
