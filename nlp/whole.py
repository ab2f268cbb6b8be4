"""Folders that are written whole or not at all: who dies midway leaves no half of a model, and never parts of two."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """Give a scratch folder to write into; what it holds stands in *folder* once the block has ended without an error.

    Files of *folder* that the scratch folder has as well are replaced, others stay. All old ones go before the first new one
    comes: who reads meanwhile, or after a kill just then, misses a file and says so.
    """
    there = folder.is_dir()
    place = folder if there else folder.parent  # within one file system, so that moving is renaming
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=place) as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        yield made
        if not there:
            made.rename(folder)
            return
        names = [one.name for one in made.iterdir()]
        for name in names:
            (folder / name).unlink(missing_ok=True)
        for name in names:
            (made / name).rename(folder / name)
