"""Hide what points to a person, wherever a text leaves the house: exports, notifications, logs, models over a network.

The more specific wins, nothing overlaps, and redacting what was redacted changes nothing. Where a number has a check digit, one
that fails it is not taken. The patterns of this package repeat a bounded number of times from word borders on, so the time grows
with the length of the text and with nothing else (``python -m bench redacting`` measures it).
"""

import re
from bisect import bisect
from collections.abc import Iterable

from nlp.redact import abroad, births, citizens, handles, letters, mail, numbers, papers, people, phones, places, plates
from nlp.redact.finding import PLACEHOLDERS, Detector, Finding, Redacted
from nlp.redact.flat import MASK, flat
from nlp.redact.references import products, references

__all__ = ["PLACEHOLDERS", "Finding", "Redacted", "redact"]

_DETECTORS: tuple[tuple[Detector, bool], ...] = (
    (handles.handles, False),
    (mail.mails, False),
    (numbers.ibans, True),
    (numbers.accounts, True),
    (citizens.citizens, True),
    (numbers.vats, True),
    (papers.papers, True),
    (numbers.social, True),
    (numbers.tax_ids, True),
    (references, True),
    (products, True),
    (numbers.cards, True),
    (births.births, True),
    (abroad.addresses, True),
    (places.addresses, True),
    (phones.phones, False),
    (plates.plates, True),
    (people.people, False),
    (letters.letters, False),
)
"""The most specific first: what one has found, the next do not see. True: finds nothing in a text without a digit."""
_DIGIT = re.compile("[0-9]")
_PLACEHOLDER = re.compile("|".join(re.escape(words) for words in PLACEHOLDERS.values()))
_ROUNDS = 20
"""Hiding one thing may uncover another; two or three rounds are what real texts need."""


def redact(text: str, *, references: bool = True) -> Redacted:
    """Return *text* with a placeholder for everything that points to a person, and what was found.

    Numbers of orders, customers and tickets stay, because a team needs them; *references* = False hides them too.
    """
    found: list[Finding] = []
    current = text
    for _ in range(_ROUNDS):
        more = _scan(current, kept=("reference",) if references else ())
        if not more:
            break
        found = sorted([*found, *_moved(more, found)], key=lambda one: one.start)
        current = _written(text, found)
    return Redacted(current, tuple(found))


def _scan(text: str, kept: tuple[str, ...]) -> list[Finding]:
    """Return what is found in *text* in one go, without overlaps, in order."""
    seen = flat(text)
    words = _PLACEHOLDER.sub(lambda hit: MASK * len(hit[0]), seen.text)
    found: list[Finding] = []
    digits = _DIGIT.search(words) is not None
    for detector, needs_digits in _DETECTORS:
        if digits or not needs_digits:
            some = _apart(detector(words))
            words = _masked(words, some)
            found += some
    return [
        Finding(one.kind, seen.starts[one.start], seen.ends[one.end - 1])
        for one in sorted(found, key=lambda one: one.start)
        if one.kind in PLACEHOLDERS and one.kind not in kept
    ]


def _apart(found: Iterable[Finding]) -> list[Finding]:
    """Return findings in order of place, without those that overlap one that came before."""
    taken: list[Finding] = []
    for one in found:
        place = bisect(taken, one.start, key=lambda other: other.start)
        free_before = not place or taken[place - 1].end <= one.start
        if free_before and (place == len(taken) or one.end <= taken[place].start):
            taken.insert(place, one)
    return taken


def _masked(words: str, found: list[Finding]) -> str:
    parts, last = [], 0
    for one in found:
        parts += [words[last : one.start], MASK * (one.end - one.start)]
        last = one.end
    return "".join([*parts, words[last:]]) if parts else words


def _moved(more: list[Finding], found: list[Finding]) -> list[Finding]:
    """Return findings in a redacted text as findings in the original."""
    moved, earlier, shift = [], iter(found), 0
    following = next(earlier, None)
    for one in more:
        while following and following.start + shift < one.start:
            shift += len(PLACEHOLDERS[following.kind]) - (following.end - following.start)
            following = next(earlier, None)
        moved.append(Finding(one.kind, one.start - shift, one.end - shift))
    return moved


def _written(text: str, found: list[Finding]) -> str:
    parts, last = [], 0
    for one in found:
        parts += [text[last : one.start], PLACEHOLDERS[one.kind]]
        last = one.end
    return "".join([*parts, text[last:]])
