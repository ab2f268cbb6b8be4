"""The word lists of redaction, kept in words.toml."""

import tomllib
from functools import cache
from pathlib import Path


def words(name: str) -> frozenset[str]:
    """Return one list of words.toml."""
    listed = _lists()[name]
    return frozenset(listed.split() if isinstance(listed, str) else listed)


@cache
def _lists() -> dict[str, str | list[str]]:
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
