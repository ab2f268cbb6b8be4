"""Bring ratings to one to five stars, whatever scale they come on: "4/5", "8/10", "★★★☆☆", "80 %", NPS 0-10, "FIVE"."""

import re
from collections.abc import Iterable
from typing import Literal

from listeners.files.table import Cell, text_of

Scale = Literal[5, 10, 100, "grade"]
"""What a bare number is out of; ``grade`` is the German school's: 1 is best, 6 is worst."""

_NUMBER = r"(\d{1,3}(?:[.,]\d+)?)"
_OF = re.compile(rf"{_NUMBER}\s*(?:/|von|of|out of|aus)\s*{_NUMBER}\b", re.I)
_PERCENT = re.compile(rf"{_NUMBER}\s*%")
_BARE = re.compile(rf"[+]?{_NUMBER}\s*(?:stars?|sterne?|\*|★|⭐️?|punkte?|points?)?", re.I)
_WORDS = {
    **dict.fromkeys(("one", "eins", "ein stern", "bad", "schlecht"), 1.0),
    **dict.fromkeys(("two", "zwei"), 2.0),
    **dict.fromkeys(("three", "drei"), 3.0),
    **dict.fromkeys(("four", "vier"), 4.0),
    **dict.fromkeys(("five", "fünf", "good", "gut"), 5.0),
}
_FULL = "★⭐🌟✭"
_NOT_RATED = {"", "offered", "unoffered", "not offered", "-", "–", "n/a", "k. a.", "k.a.", "keine angabe", "nicht bewertet"}
_ASKED = re.compile(
    r"\bnps\b|net promoter|empfehl|recommend|zufrieden|satisf|bewerten sie|how would you rate|\b[01]\s?(?:-|–|bis|to)\s?\d", re.I
)
_OUT_OF_TEN = re.compile(r"\bnps\b|net promoter|empfehl|recommend|\b[01]\s?(?:-|–|bis|to)\s?10\b", re.I)


def read(cell: Cell, scale: Scale = 5) -> float | None:
    """Return the rating as 1 to 5 stars (two decimals); None where it says nothing, or is not understood."""
    text = text_of(cell).casefold()
    if not text or isinstance(cell, bool):
        return None
    if text in _WORDS or text.removesuffix(" stars").removesuffix(" sterne") in _WORDS:
        return _WORDS[text if text in _WORDS else text.split()[0]]
    if full := sum(text.count(star) for star in _FULL):
        return _stars(full, 5) if not _BARE.fullmatch(text) or not text[0].isdigit() else read(text.rstrip("★⭐️🌟 "), scale)
    if found := _OF.search(text):
        return _stars(_number(found[1]), _number(found[2]))
    if found := _PERCENT.fullmatch(text):
        return _stars(_number(found[1]), 100)
    if found := _BARE.fullmatch(text):
        return _bare(_number(found[1]), scale)
    return None


def scale_of(cells: Iterable[Cell], name: str) -> Scale:
    """Return what the bare numbers of a column are out of, by its largest one and by its name."""
    if "schulnote" in name.casefold():
        return "grade"
    numbers = [_number(found[1]) for cell in cells if (found := _BARE.fullmatch(text_of(cell)))]
    largest = max(numbers, default=5)
    if largest <= 10 and _OUT_OF_TEN.search(name):
        return 10
    return 5 if largest <= 5 else 10 if largest <= 10 else 100


def looks(cell: Cell) -> bool:
    """Say whether *cell* could be a rating, or says that there is none."""
    text = text_of(cell)
    return len(text) <= 30 and (read(text, 100) is not None or text == "0" or not is_given(cell))


def is_given(cell: Cell) -> bool:
    """Say whether *cell* says anything."""
    return text_of(cell).casefold() not in _NOT_RATED


def asked(name: str) -> bool:
    """Say whether a question asks for a rating ("Wie zufrieden sind Sie? (1-5)")."""
    return _ASKED.search(name) is not None


def _bare(value: float, scale: Scale) -> float | None:
    if scale == "grade":
        return round(5 - (value - 1) * 0.8, 2) if 1 <= value <= 6 else None
    return None if scale == 5 and value == 0 else _stars(value, scale)


def _stars(value: float, out_of: float) -> float | None:
    return round(max(1.0, 5 * value / out_of), 2) if out_of and 0 <= value <= out_of else None


def _number(text: str) -> float:
    return float(text.replace(",", "."))
