"""What the pages say, in German and in English: texts lie in words.de.toml and words.en.toml under the same keys."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from desk.taxonomy import Language


class Words:
    """The texts of one language, with numbers written as its readers write them."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._texts = texts(language)

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of *key*; ``n`` chooses between one and many. Raises KeyError where there is no such text."""
        counted = f"{key}.many" in self._texts
        said = self._texts[f"{key}.{'one' if values.get('n') == 1 else 'many'}" if counted else key]
        return said.format_map({name: self.value(value) for name, value in values.items()})

    def has(self, key: str) -> bool:
        """Say whether there is a text of this key."""
        return key in self._texts

    def value(self, value: object) -> str:
        """Write whole and broken numbers as the language does, anything else as it is."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return str(value)
        written = (f"{value:,}" if isinstance(value, int) else f"{value:,.1f}").removesuffix(".0")
        return written.translate(str.maketrans(",.", ".,")) if self.language == "de" else written


@cache
def texts(language: Language) -> Mapping[str, str]:
    """Return all texts of a language by their dotted keys."""
    return dict(_flat(tomllib.loads(files("dashboard").joinpath(f"words.{language}.toml").read_text(encoding="utf-8"))))


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
