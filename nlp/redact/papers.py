"""Identity cards and passports: looked for near their names alone, or nine letters and digits with check digit and D."""

import re
from collections.abc import Iterator

from nlp.redact import near
from nlp.redact.checks import travel_digit
from nlp.redact.finding import Finding

_SERIAL = re.compile(r"(?<![\w-])([CFGHJ-NPRTV-Z0-9]{9})(?:[ <]{0,2}([0-9])(D)?)?(?![\w-])", re.I)
_OTHER = re.compile(r"(?<![\w-])(?:[A-Z]{0,2}[0-9]{6,8}|[A-Z][0-9A-Z]{7})(?![\w-])", re.I)
"""Right behind the word: passports of Austria, Switzerland and others, and Swiss ones of 2022 and later ("X0A00A00")."""
_CARD_WORDS = re.compile(
    r"personalausweis|\bperso\b|\bausweis|identitätskarte|(?:identity|\bid)[ -]?(?:card|karte)"
    r"|aufenthalts(?:titel|karte|erlaubnis)|residence permit|carte d'identité|carta d'identità|dowód",
    re.I,
)
_PASS_WORDS = re.compile(
    r"\b(?:reise)?pass(?:port)?(?:[ -]?(?:nummer|n[or]|number))?\b|passeport|passaporto|pasaporte|paspoort", re.I
)
_SAID = r"(?:[ -]?(?:nummer|n[or]|number)\b)?[.:?]{0,2}(?: ?(?:is|ist|lautet):?)? ?$"
_PASS = re.compile(rf"(?<![\w-])(?:reise|schweizer )?pass(?:port)?{_SAID}", re.I)
_BARE_PASS = re.compile(r"(?<!schweizer )\bpass ?$", re.I)
_CARD = re.compile(
    rf"(?:personalausweis|identitätskarte(?:n(?=nummer))?|\b(?:identity|id)[ -]?(?:card|karte)|residence permit){_SAID}", re.I
)
_FEWEST_DIGITS = 3


def papers(text: str) -> Iterator[Finding]:
    """Find serial numbers of identity cards and passports; the nearest word before them says which it is."""
    for hit in _SERIAL.finditer(text):
        kind = _named(text, hit.start()) or ("id_card" if hit[3] and _right(hit) else "")
        if kind and sum(sign.isdigit() for sign in hit[1]) >= _FEWEST_DIGITS:
            yield Finding(kind, hit.start(), hit.end() if hit[2] and _right(hit) else hit.end(1))
    for hit in _OTHER.finditer(text):
        if sum(sign.isdigit() for sign in hit[0]) >= _FEWEST_DIGITS and (kind := _right_behind(text, hit)):
            yield Finding(kind, *hit.span())


def _right_behind(text: str, hit: re.Match[str]) -> str:
    """Return what the word just before a number says it is of; a mere "Pass" needs a letter ("Pass 200000" may be a ski pass)."""
    if near.before(text, hit.start(), _PASS, 30):
        bare = hit[0].isdigit() and near.before(text, hit.start(), _BARE_PASS, 30)
        return "" if bare else "passport"
    return "id_card" if near.before(text, hit.start(), _CARD, 40) else ""


def _named(text: str, place: int) -> str:
    window = text[max(0, place - 45) : place]
    card = max((hit.end() for hit in _CARD_WORDS.finditer(window)), default=0)
    travel = max((hit.end() for hit in _PASS_WORDS.finditer(window)), default=0)
    if not card and not travel:
        return ""
    return "id_card" if card > travel else "passport"


def _right(hit: re.Match[str]) -> bool:
    return travel_digit(hit[1]) == hit[2]
