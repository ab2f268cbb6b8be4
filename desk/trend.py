"""What is rising: this week's counts against what is usual, so that small numbers do not shout."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WEEK = 7
_LEAST = 5
"""Fewer than this in a week are never called a rise."""
_SIGNIFICANT = 3.0
"""Standard deviations: chance alone calls one of 18 steady topics on about 2 looks in 100."""
_FACTOR = 1.5
"""A rise that is certain but small is no news."""


@dataclass(frozen=True)
class Rising:
    """One topic that is spoken about more than usual: *now* in the last seven days, *usual* in seven days before that."""

    topic: str
    now: int
    usual: float
    significance: float
    """How far *now* lies above *usual*, in standard deviations (see `surprise`)."""

    @property
    def factor(self) -> float:
        """How many times the usual; infinite where the topic is new."""
        return self.now / self.usual if self.usual else math.inf


def surprise(now: int, before: int, share: float) -> float:
    """Return by how many standard deviations *now* lies above what *before* leads to expect.

    Both are Poisson counts; *share* is the length of the present in lengths of the past (7 days against 28: 0.25). Unlike a
    test against a known mean it allows for a past that was short itself. Square roots make the variance of both counts
    1/4 (Anscombe, Biometrika 35, 1948); the two-sample statistic is Huffman's (Applied Statistics 33, 1984):
    ``2 (sqrt(now + 3/8) - sqrt(share (before + 3/8))) / sqrt(1 + share)``.
    """
    return 2 * (math.sqrt(now + 0.375) - math.sqrt(share * (before + 0.375))) / math.sqrt(1 + share)


def rising(series: Mapping[str, Sequence[int]], *, days: int = WEEK, before: int = 4 * WEEK, least: int = _LEAST) -> list[Rising]:
    """Return the topics of which the last *days* bring significantly more than the *before* days before them.

    *series* holds one count per day and topic, oldest first. Where there is less history, what there is counts, from as
    many days as are looked at; with less than that nothing can be said. The most significant rise comes first.
    """
    found = [
        _rise(topic, counts[-days:], counts[:-days][-before:]) for topic, counts in series.items() if len(counts) >= 2 * days
    ]
    return sorted((rise for rise in found if _is_news(rise, least)), key=lambda rise: (-rise.significance, rise.topic))


def _rise(topic: str, present: Sequence[int], past: Sequence[int]) -> Rising:
    share, now, then = len(present) / len(past), sum(present), sum(past)
    return Rising(topic, now, then * share, surprise(now, then, share))


def _is_news(rise: Rising, least: int) -> bool:
    return rise.now >= least and rise.significance >= _SIGNIFICANT and rise.factor >= _FACTOR
