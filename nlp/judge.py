"""Judge whether taught heads may go live: on the frozen test part and on corrections that were not taught (no torch)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlp.evaluate import Judged, of_odds
from nlp.heads import CHOSEN, Heads
from nlp.metrics import Array, Interval, accuracy, macro, micro
from nlp.teach import Texts, agreed

_RESAMPLES = 1_000
_ALLOWANCE, _ENOUGH = 0.005, 200
"""Agreement with people may fall by no more than this, whatever its interval says, where so many answers were held back.

Of fewer, a single answer would decide, and the interval alone does."""


@dataclass(frozen=True)
class Comparison:
    """One figure of the heads before and after teaching, and the difference (positive: better) on the same texts."""

    before: Interval
    after: Interval
    difference: Interval

    @property
    def worse(self) -> bool:
        """Say whether it fell, with 95 % confidence."""
        return self.difference.high < 0


@dataclass(frozen=True)
class Report:
    """What teaching did: figures on the frozen test part, agreement with people on corrections that were not taught, verdict."""

    taught: int
    held_back: int
    figures: Mapping[str, Comparison]
    agreement: Comparison | None
    good: bool
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Return the report as it is kept with the version, and as ``kummerkasten teach --json`` prints it."""
        agreement = _as_json(self.agreement) if self.agreement else None
        return {
            "taught": self.taught,
            "held_back": self.held_back,
            "figures": {name: _as_json(one) for name, one in self.figures.items()},
            "agreement": agreement,
            "good": self.good,
            "reason": self.reason,
        }


_FIGURES: Mapping[str, tuple[Callable[[Judged], Array], Callable[[Array], float]]] = {
    "friction micro-F1": (lambda judged: judged.table("friction"), micro),
    "friction macro-F1": (lambda judged: judged.table("friction"), macro),
    "praise micro-F1": (lambda judged: judged.table("praise"), micro),
    "praise macro-F1": (lambda judged: judged.table("praise"), macro),
    "sentiment macro-F1": (lambda judged: judged.choice("sentiment"), macro),
    "intent accuracy": (lambda judged: judged.choice("intent"), accuracy),
    "needs_reply F1": (lambda judged: judged.table("needs_reply"), micro),
    "urgent F1": (lambda judged: judged.table("urgent"), micro),
}
"""What may not get worse on the frozen test part."""


def judge(before: Heads, after: Heads, exam: Texts, held_back: Texts, taught: int) -> Report:
    """Compare heads on the frozen test part and on corrections that were not taught, and say whether *after* may go live.

    It may where no figure is worse with 95 % confidence, and agreement with people is not either; nor may that fall by more than
    half a point where enough was held back to tell.
    """
    old, new = _judged(before, exam), _judged(after, exam)
    figures = {name: _compare(table(old), table(new), figure) for name, (table, figure) in _FIGURES.items()}
    agreement, answers = _agreements(before, after, held_back) if len(held_back) else (None, 0)
    good, reason = _verdict(figures, agreement, answers)
    return Report(taught, len(held_back), figures, agreement, good, reason)


def _agreements(before: Heads, after: Heads, held_back: Texts) -> tuple[Comparison, int]:
    """Return how heads agree with people before and after teaching, and about how many answers."""
    old, new = (_agreement(_judged(heads, held_back)) for heads in (before, after))
    return _compare(old, new, accuracy), int(new.sum())


def _verdict(figures: Mapping[str, Comparison], agreement: Comparison | None, answers: int) -> tuple[bool, str]:
    if fallen := [f"{name} falls from {_say(one)}" for name, one in figures.items() if one.worse]:
        return False, f"It is worse on the frozen test part: {'; '.join(fallen)}."
    if agreement and (agreement.worse or (answers >= _ENOUGH and agreement.difference.value < -_ALLOWANCE)):
        return False, f"It agrees less with people about corrections that it was not taught: from {_say(agreement)}."
    if agreement is None:
        return True, "It is no worse on the frozen test part; there were too few corrections to hold any back."
    return True, f"It is no worse on the frozen test part, and agreement with people goes from {_say(agreement)}."


def _say(one: Comparison) -> str:
    gap = one.difference
    return f"{one.before.value:.3f} to {one.after.value:.3f} (difference {gap.value:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}])"


def _judged(heads: Heads, texts: Texts) -> Judged:
    return of_odds(texts.rows, heads.probabilities(texts.vectors, texts.home), heads.thresholds)


def _agreement(judged: Judged) -> Array:
    """Return for each text how many of its known answers are said and how many are not, in the shape of `metrics.counts`."""
    truth, mask = judged.known
    right, asked = agreed(truth, judged.odds, judged.said), mask > 0
    for chosen in CHOSEN.values():
        asked[:, chosen.start + 1 : chosen.stop] = False  # one answer of several is one answer
    hits, missed = ((asked & one).sum(axis=1) for one in (right, ~right))
    return np.stack([hits, np.zeros_like(hits), missed], axis=-1)[:, None, :].astype(np.float64)


def _compare(before: Array, after: Array, figure: Callable[[Array], float], seed: int = 7) -> Comparison:
    """Compare a figure of two `counts` of the same texts, resampled together (paired bootstrap; Efron, 1979)."""
    texts = len(before)
    draws = np.random.default_rng(seed).multinomial(texts, np.full(texts, 1 / max(texts, 1)), size=_RESAMPLES).astype(np.float64)
    sums = [(draws @ table.reshape(texts, -1)).reshape(_RESAMPLES, -1, 3) for table in (before, after)]
    drawn = [np.array([figure(one) for one in some]) for some in sums]
    values = [figure(before), figure(after)]
    old, new = (_interval(value, one) for value, one in zip(values, drawn, strict=True))
    return Comparison(old, new, _interval(values[1] - values[0], drawn[1] - drawn[0]))


def _interval(value: float, drawn: Array) -> Interval:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(value, float(low), float(high))


def _as_json(one: Comparison) -> dict[str, list[float]]:
    return {
        name: [round(number, 4) for number in (part.value, part.low, part.high)]
        for name, part in (("before", one.before), ("after", one.after), ("difference", one.difference))
    }
