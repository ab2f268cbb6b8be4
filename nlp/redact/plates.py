"""Licence plates: a German one with its hyphen and a district that exists; all others only beside a word like "Kennzeichen"."""

import re
from collections.abc import Iterator

from nlp.redact import near
from nlp.redact.finding import Finding
from nlp.redact.words import words

_DISTRICTS = words("districts")
_GERMAN = re.compile(r"(?<![\w-])([A-ZÄÖÜ]{1,3}) ?- ?([A-Z]{1,2}) ?-?([0-9]{1,4})(?:[EH])?(?![\w-])(?![.,][0-9])")
_DAYS = frozenset({"MO", "DI", "MI", "DO", "FR", "SA", "SO"})
_SIZES = frozenset({"XL", "XS", "TV"})
_NORMS = frozenset({"DIN"})
_NO_PLATES = words("no_plates")
_SMALL = re.compile(r"(?<![\w-])([A-ZÄÖÜ]{1,3})[ -]{1,3}([A-Z]{1,2})[ -]{0,3}[0-9]{1,4}[EH]?(?![\w-])(?![.,][0-9])", re.I)
_WITHOUT_GAPS = re.compile(r"(?<![\w-])([A-ZÄÖÜ]{2,5})([ -]?)[0-9]{1,4}[EH]?(?![\w-])(?![.,][0-9])", re.I)
_AUSTRIAN = re.compile(r"(?<![\w-])([A-Z]{1,2})([ -]{0,3})[0-9]{1,6}[ -]?[A-Z]{1,3}(?![\w-])")
_ABROAD = (
    re.compile(r"(?<![\w-])[A-Z]{2}[0-9]{2} ?[A-Z]{3}(?![\w-])", re.I),  # Great Britain
    re.compile(
        r"(?<![\w-])(?:AG|AI|AR|BE|BL|BS|FR|GE|GL|GR|JU|LU|NE|NW|OW|SG|SH|SO|SZ|TG|TI|UR|VD|VS|ZG"
        r"|ZH)[ ·.-]{0,3}[0-9]{1,3}[ '.]?[0-9]{3}(?![\w-])"
    ),
    re.compile(r"(?<![\w-])[A-Z]{2}[ -]?[0-9]{3}[ -]?[A-Z]{2}(?![\w-])"),  # France, Italy
    re.compile(r"(?<![\w-])[0-9]{4}[ -]?[B-DF-HJ-NP-TV-Z]{3}(?![\w-])"),  # Spain
    re.compile(r"(?<![\w-])(?:[A-Z]{1,2}-[0-9]{2,3}-[A-Z]{1,2}|[0-9]{1,2}-[A-Z]{2,3}-[0-9]{1,2})(?![\w-])"),  # Netherlands
)
_AUSTRIAN_DISTRICTS = words("austrian_districts")
_SMALL_WORDS = words("no_letters")
_WORDS = re.compile(
    r"kennzeichen|nummernschild|nummerntafel|autonummer|kontrollschild|\bkfz|\bauto\b|\bpkw|\blkw|fahrzeug|transporter"
    r"|lieferwagen|\bwagen\b"
    r"|oldtimer|(?:\b|number|licen[cs]e)plate\b|\breg\b|registration|\bvan\b|\bcar\b|parking fine|plaque|targa|matr[íi]cula"
    r"|kenteken|plakası",
    re.I,
)
_RIGHT_BEFORE = re.compile(
    r"(?:kennzeichen|nummernschild|nummerntafel|autonummer|kontrollschild|(?:\b|number|licen[cs]e)plate|\breg)"
    r"(?: ist| lautet| is|:){0,2} ?$",
    re.I,
)


def plates(text: str) -> Iterator[Finding]:
    """Find licence plates."""
    yield from _german(text)
    yield from _abroad(text)
    for hit in _WITHOUT_GAPS.finditer(text):
        close = not hit[2] or hit[1].isupper()
        if close and _begins_with_a_district(hit[1].upper()) and near.before(text, hit.start(), _RIGHT_BEFORE):
            yield Finding("plate", *hit.span())


def _german(text: str) -> Iterator[Finding]:
    for hit in _GERMAN.finditer(text):
        thing = hit[2] in _SIZES or {hit[1], hit[2]} <= _DAYS or f"{hit[1]}-{hit[2]}" in _NO_PLATES
        if hit[1] in _DISTRICTS - _NORMS and (not thing or near.before(text, hit.start(), _RIGHT_BEFORE)):
            yield Finding("plate", *hit.span())
    for hit in _SMALL.finditer(text):
        if hit[1].isupper() == hit[2].isupper() and hit[1].upper() in _DISTRICTS and _meant(text, hit):
            yield Finding("plate", *hit.span())


def _abroad(text: str) -> Iterator[Finding]:
    for hit in _AUSTRIAN.finditer(text):
        said = near.before(text, hit.start(), _WORDS, 45) if hit[2] else near.before(text, hit.start(), _RIGHT_BEFORE)
        if hit[1] in _AUSTRIAN_DISTRICTS and said:
            yield Finding("plate", *hit.span())
    for pattern in _ABROAD:
        for hit in pattern.finditer(text):
            if near.before(text, hit.start(), _WORDS, 45):
                yield Finding("plate", *hit.span())


def _begins_with_a_district(letters: str) -> bool:
    return any(letters[:-last] in _DISTRICTS for last in (1, 2))


def _meant(text: str, hit: re.Match[str]) -> bool:
    """Say whether small letters are a plate: right behind "Kennzeichen", or near it and no words ("auto steht ab um 12")."""
    if near.before(text, hit.start(), _RIGHT_BEFORE):
        return True
    return hit[2] not in _SMALL_WORDS and near.before(text, hit.start(), _WORDS, 45)
