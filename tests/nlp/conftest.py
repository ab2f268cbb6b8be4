"""A folder of licensed corpora, for tests to write invented texts into."""

from pathlib import Path

import pytest
from corpora_beside import NAMES, Corpora


@pytest.fixture
def corpora(tmp_path: Path) -> Corpora:
    """All corpora that training reads, empty."""
    folder = tmp_path / "licensed"
    for name in NAMES:
        (folder / name).mkdir(parents=True)
        (folder / name / "data.jsonl").touch()
    (folder / "sb10k" / "leak_into_xlmt_test.txt").write_text("17\n", "utf-8")
    return Corpora(folder)
