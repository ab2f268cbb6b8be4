"""Undo tricks of writing (full-width digits, zero-width signs, odd spaces and dashes, HTML's "&uuml;") without losing where each
letter stood.
"""

import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

LETTER = "A-Za-zÀ-ÖØ-öø-ɏͰ-ԯḀ-ỿ"
"""Letters of names and words, for use inside square brackets; MASK is none of them."""
CAPITAL = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĘĚĞĢĪİĶĹĻĽŁŃŅŇŐŒŔŘŚŞŠŤŪŮŰŹŻŽȘȚΑ-ΩА-Я"
MASK = "\ua66e"
"""Stands where something was found: a word sign, so that nothing begins or ends beside it, in no alphabet that is looked for."""

_UNSEEN = ("Cf", "Mn", "Me", "Cs")
"""Categories of signs that nobody sees, or that only adorn the one before: joiners, marks of direction, strokes, variants."""
_BLANKS = "\u115f\u1160\ufffd"
"""Letters without a shape, and what is stored in the place of a null byte."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_PIECES = re.compile(
    "&(?:#[0-9]{2,6}|#[xX][0-9a-fA-F]{2,5}|[a-zA-Z]{2,8});|[ -%'-~\näöüÄÖÜß]+(?![\u0300-\u036f])|.[\u0300-\u036f]{0,4}", re.DOTALL
)


@dataclass(frozen=True)
class Flat:
    """A text in plain signs; sign *i* of it was written from ``starts[i]`` to ``ends[i]``."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


def flat(text: str) -> Flat:
    """Return *text* in NFKC with ASCII digits, plain spaces, hyphens and apostrophes, and without what nobody sees."""
    if text.isascii() and "&" not in text and not _CONTROL.search(text):
        return Flat(text, range(len(text)), range(1, len(text) + 1))
    signs: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for piece in _PIECES.finditer(text):
        here, after = piece.span()
        as_it_is = (after - here > 1 and piece[0][1] < "\u0300") or (piece[0].isascii() and not _CONTROL.match(piece[0]))
        if as_it_is and (piece[0][0] != "&" or after - here == 1):
            signs.append(piece[0])
            starts.extend(range(here, after))
            ends.extend(range(here + 1, after + 1))
        else:
            plain = _plain(html.unescape(piece[0]))
            signs.append(plain)
            starts.extend([here] * len(plain))
            ends.extend([after] * len(plain))
    return Flat("".join(signs), starts, ends)


@lru_cache(maxsize=4096)
def _plain(sign: str) -> str:
    return "".join(_one(one) for one in unicodedata.normalize("NFKC", sign))


def _one(sign: str) -> str:
    if sign.isdecimal():
        return str(unicodedata.decimal(sign))
    category = unicodedata.category(sign)
    if category in _UNSEEN or sign in _BLANKS or (category == "Cc" and sign not in "\t\n"):
        return ""
    if category == "Zs" or sign == "\u2800":  # braille without a dot
        return " "
    if category == "Pd" or sign == "\u2212":
        return "-"
    return "'" if sign in "\u2018\u2019\u02bc\u00b4" else sign
