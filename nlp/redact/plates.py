"""Licence plates: a German one with its hyphen and a district that exists; all others only beside a word like "Kennzeichen"."""

import re
from collections.abc import Iterator

from nlp.redact import near
from nlp.redact.finding import Finding
from nlp.redact.words import words

_DISTRICTS = words("districts")
_GERMAN = re.compile(r"(?<![\w-])([A-ZÄÖÜ]{1,3}) ?- ?([A-Z]{1,2}) ?-?([0-9]{1,4})(?:[EH])?(?![\w-])(?![.,][0-9])")
_SIZES = frozenset({"XL", "XS"})
_NORMS = frozenset({"DIN"})
_SMALL = re.compile(r"(?<![\w-])([A-ZÄÖÜ]{1,3})[ -]{1,3}([A-Z]{1,2})[ -]{0,3}[0-9]{1,4}[EH]?(?![\w-])(?![.,][0-9])", re.I)
_AUSTRIAN = re.compile(r"(?<![\w-])([A-Z]{1,2})[ -]{1,3}[0-9]{1,6}[ -]?[A-Z]{1,3}(?![\w-])")
_ABROAD = (
    re.compile(r"(?<![\w-])[A-Z]{2}[0-9]{2} ?[A-Z]{3}(?![\w-])", re.I),  # Great Britain
    re.compile(
        r"(?<![\w-])(?:AG|AI|AR|BE|BL|BS|FR|GE|GL|GR|JU|LU|NE|NW|OW|SG|SH|SO|SZ|TG|TI|UR|VD|VS|ZG"
        r"|ZH)[ ·.-]{0,3}[0-9]{1,3}[ '.]?[0-9]{3}(?![\w-])"
    ),
    re.compile(r"(?<![\w-])[A-Z]{2}[ -]?[0-9]{3}[ -]?[A-Z]{2}(?![\w-])"),  # France, Italy
)
_AUSTRIAN_DISTRICTS = words("austrian_districts")
_SMALL_WORDS = words("no_letters")
_WORDS = re.compile(
    r"kennzeichen|nummernschild|nummerntafel|autonummer|kontrollschild|\bkfz|\bauto\b|\bpkw|\blkw|fahrzeug|transporter"
    r"|lieferwagen|\bwagen\b"
    r"|oldtimer|\bplate\b|\breg\b|registration|\bvan\b|\bcar\b|parking fine|plaque|targa|matrícula|kenteken|plakası",
    re.I,
)
_RIGHT_BEFORE = re.compile(r"(?:kennzeichen|nummernschild|autonummer|\bplate|\breg)(?: ist| is|:)? ?$", re.I)


def plates(text: str) -> Iterator[Finding]:
    """Find licence plates."""
    for hit in _GERMAN.finditer(text):
        if hit[1] in _DISTRICTS - _NORMS and hit[2] not in _SIZES:
            yield Finding("plate", *hit.span())
    for hit in _SMALL.finditer(text):
        if hit[1].isupper() == hit[2].isupper() and hit[1].upper() in _DISTRICTS and _meant(text, hit):
            yield Finding("plate", *hit.span())
    for hit in _AUSTRIAN.finditer(text):
        if hit[1] in _AUSTRIAN_DISTRICTS and near.before(text, hit.start(), _WORDS, 45):
            yield Finding("plate", *hit.span())
    for pattern in _ABROAD:
        for hit in pattern.finditer(text):
            if near.before(text, hit.start(), _WORDS, 45):
                yield Finding("plate", *hit.span())


def _meant(text: str, hit: re.Match[str]) -> bool:
    """Say whether small letters are a plate: right behind "Kennzeichen", or near it and no words ("auto steht ab um 12")."""
    if near.before(text, hit.start(), _RIGHT_BEFORE):
        return True
    return hit[2] not in _SMALL_WORDS and near.before(text, hit.start(), _WORDS, 45)
