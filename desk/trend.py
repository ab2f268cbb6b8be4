"""What is rising: this week's counts against what is usual, so that small numbers do not shout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

WEEK = 7
_LEAST = 5
"""Fewer people than this in a week are never called a rise."""
_SIGNIFICANT = 2.5


@dataclass(frozen=True)
class Rising:
    """One topic that more people than usual speak about: *now* in the last seven days, *usual* in seven days before that."""

    topic: str
    now: int
    usual: float
    score: float
    """How far *now* lies above *usual*, in standard deviations (Anscombe's transform of Poisson counts)."""


def surprise(now: int, usual: float) -> float:
    """Return by how many standard deviations a Poisson count lies above its expectation.

    Anscombe's variance-stabilising transform: ``2 sqrt(x + 3/8)`` has a variance near 1 (F. J. Anscombe, "The transformation of
    Poisson, binomial and negative-binomial data", Biometrika 35, 1948).
    """
    return 2 * (sqrt(now + 0.375) - sqrt(usual + 0.375))


def rising(daily: Mapping[str, Sequence[int]], *, weeks_before: int = 4) -> list[Rising]:
    """Return the topics of which the last seven days bring significantly more than the weeks before, the clearest first.

    *daily* holds one count per day and topic, oldest first, all of the same length; less than a fortnight says nothing.
    """
    found = []
    for topic, counts in daily.items():
        before = counts[:-WEEK][-WEEK * weeks_before :]
        if len(before) < WEEK:
            continue
        now, usual = sum(counts[-WEEK:]), sum(before) / len(before) * WEEK
        score = surprise(now, usual)
        if now >= _LEAST and score >= _SIGNIFICANT:
            found.append(Rising(topic, now, usual, score))
    return sorted(found, key=lambda rise: (-rise.score, rise.topic))
