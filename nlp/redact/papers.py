"""Identity cards and passports: nine letters and digits, looked for near their names alone, or with check digit and D."""

import re
from collections.abc import Iterator

from nlp.redact import near
from nlp.redact.checks import travel_digit
from nlp.redact.finding import Finding

_SERIAL = re.compile(r"(?<![\w-])([CFGHJ-NPRTV-Z0-9]{9})(?:[ <]{0,2}([0-9])(D)?)?(?![\w-])", re.I)
_OTHER_PASS = re.compile(r"(?<![\w-])[A-Z]{0,2}[0-9]{6,8}(?![\w-])", re.I)
_CARD_WORDS = re.compile(
    r"personalausweis|\bperso\b|\bausweis|(?:identity|\bid)[ -]?card|carte d'identité|carta d'identità|dowód", re.I
)
_PASS_WORDS = re.compile(
    r"\b(?:reise)?pass(?:port)?(?:[ -]?(?:nummer|n[or]|number))?\b|passeport|passaporto|pasaporte|paspoort", re.I
)
_PASS_NUMBER = re.compile(
    r"\b(?:reise)?pass(?:port)?(?:[ -]?(?:nummer|n[or]|number)\b|(?=:))[.:]{0,2}(?: ?(?:is|ist|lautet):?)? ?$", re.I
)
_FEWEST_DIGITS = 3


def papers(text: str) -> Iterator[Finding]:
    """Find serial numbers of identity cards and passports; the nearest word before them says which it is."""
    for hit in _SERIAL.finditer(text):
        kind = _named(text, hit.start()) or ("id_card" if hit[3] and _right(hit) else "")
        if kind and sum(sign.isdigit() for sign in hit[1]) >= _FEWEST_DIGITS:
            yield Finding(kind, hit.start(), hit.end() if hit[2] and _right(hit) else hit.end(1))
    for hit in _OTHER_PASS.finditer(text):
        if near.before(text, hit.start(), _PASS_NUMBER, 30):
            yield Finding("passport", *hit.span())


def _named(text: str, place: int) -> str:
    window = text[max(0, place - 45) : place]
    card = max((hit.end() for hit in _CARD_WORDS.finditer(window)), default=0)
    travel = max((hit.end() for hit in _PASS_WORDS.finditer(window)), default=0)
    if not card and not travel:
        return ""
    return "id_card" if card > travel else "passport"


def _right(hit: re.Match[str]) -> bool:
    return travel_digit(hit[1]) == hit[2]
