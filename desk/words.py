"""The words of a text as the full-text index knows them: folded and stemmed in German and English, alike on every database.

Both stems of each word are indexed, so a search needs no language: "Rechnungen" finds "Rechnung", "refunds" finds "refunded".
"""

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

import Stemmer

_WORD = re.compile(r"[^\W_]+")
_FOREIGN = re.compile(r"[^\x00-\x7f]{1,40}")
_LONGEST_WORD = 40
_MOST_WORDS = 8_000
_MOST_BYTES = 300_000
"""A hostile text of a megabyte must not fill the index (PostgreSQL refuses a vector of one)."""
_MOST_ASKED = 20


class _Stemmers(threading.local):
    """Snowball's stemmers may not be shared between threads."""

    def __init__(self) -> None:
        self.both = (Stemmer.Stemmer("german", 0), Stemmer.Stemmer("english", 0))


_stemmers = _Stemmers()


def fold(text: str) -> str:
    """Return *text* in small letters, without accents: "Größe", "GRÖSSE" and "grosse" are one word."""
    small = text.lower()
    return small if small.isascii() else _FOREIGN.sub(lambda run: _bare(run[0]), small)


@lru_cache(maxsize=4096)
def _bare(signs: str) -> str:
    spelled = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", signs).casefold())
    return "".join(sign for sign in spelled if not unicodedata.combining(sign))


@lru_cache(maxsize=65_536)
def _stems(word: str) -> tuple[str, ...]:
    """Return a folded word's stems: the German one, and the English one where it differs."""
    german, english = _stemmers.both
    return tuple(dict.fromkeys((german.stemWord(word), english.stemWord(word))))


def _words(text: str) -> Iterator[str]:
    found = _WORD.finditer(fold(text[: _MOST_WORDS * _LONGEST_WORD]))
    return (match.group()[:_LONGEST_WORD] for match in islice(found, _MOST_WORDS))


def search_words(text: str) -> str:
    """Return what the index holds for *text*: its stems in order, separated by blanks, at most 300 kB of them."""
    stems = " ".join(stem for word in _words(text) for stem in _stems(word))
    if len(stems) * 4 <= _MOST_BYTES or len(stems.encode()) <= _MOST_BYTES:
        return stems
    return stems.encode()[:_MOST_BYTES].decode(errors="ignore").rpartition(" ")[0]


def query_words(query: str) -> list[list[str]]:
    """Return for each typed word the stems any of which will do; all words must be found (the first twenty count).

    Umlauts may be spelled out on either side, "Rueckerstattung" finds "Rückerstattung": the German stemmer sees to that.
    """
    return [list(_stems(word)) for word in islice(_words(query), _MOST_ASKED)]
