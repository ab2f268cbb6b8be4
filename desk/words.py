"""The words of a text as the full-text index knows them: folded and stemmed in German and English, alike on every database.

Both stems of each word are indexed, so a search needs no language: "Rechnungen" finds "Rechnung", "refunds" finds "refunded".
"""

import re
import unicodedata
from functools import lru_cache
from itertools import islice

import Stemmer

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_LONGEST_WORD = 40
_MOST_WORDS = 8_000
"""A hostile text of a megabyte must not fill the index (PostgreSQL refuses vectors of a megabyte)."""
_UMLAUTS = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss"})
_TYPED_OUT = (("ae", "a"), ("oe", "o"), ("ue", "u"))

_german = Stemmer.Stemmer("german")
_english = Stemmer.Stemmer("english")


@lru_cache(maxsize=200_000)
def _stems(word: str) -> tuple[str, ...]:
    """Return a folded word's stems: the German one, and the English one where it differs."""
    plain = word.translate(_UMLAUTS)
    accentless = "".join(mark for mark in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(mark)) or plain
    return tuple(dict.fromkeys((_german.stemWord(accentless), _english.stemWord(accentless))))


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text[: _MOST_WORDS * _LONGEST_WORD]).casefold()
    found = (match.group()[:_LONGEST_WORD] for match in _WORD.finditer(folded))
    return list(islice(found, _MOST_WORDS))


def search_words(text: str) -> str:
    """Return what the index holds for *text*: its stems, in order, separated by blanks."""
    return " ".join(stem for word in _words(text) for stem in _stems(word))


def query_words(query: str) -> list[list[str]]:
    """Return for each typed word the stems any of which will do; all words must be found.

    "Rueckerstattung" also finds "Rückerstattung": where a word spells an umlaut out, the folded spelling is tried too.
    """
    asked = []
    for word in _words(query)[:20]:
        spellings = [word]
        for spelled, umlaut in _TYPED_OUT:
            spellings += [other.replace(spelled, umlaut) for other in spellings if spelled in other]
        asked.append(list(dict.fromkeys(stem for spelling in spellings for stem in _stems(spelling))))
    return asked
