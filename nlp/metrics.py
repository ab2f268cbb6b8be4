"""How good predictions are: F1, intervals by bootstrap, calibration, abstention. Arrays in, plain numbers out.

F1 is the harmonic mean of precision and recall; micro counts every decision alike, macro every label alike (van Rijsbergen,
1979). Intervals are percentiles of 1,000 resamples of the texts (Efron, 1979). The calibration error is the mean gap between
stated and observed frequency over ten bins of equal width, weighted by their size (Naeini et al., 2015).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
_RESAMPLES = 1_000


@dataclass(frozen=True)
class Interval:
    """A figure with the range in which it lies with 95 % confidence."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def counts(truth: Flags, said: Flags) -> Array:
    """Return true positives, false positives and false negatives of each text and label: shape (texts, labels, 3)."""
    return np.stack([truth & said, ~truth & said, truth & ~said], axis=-1).astype(np.float64)


def f1(hits: Array, wrong: Array, missed: Array) -> Array:
    """Return F1; 0 where nothing is true and nothing was said."""
    return np.asarray(2 * hits / np.maximum(2 * hits + wrong + missed, 1e-12))


def micro(table: Array) -> float:
    """Return micro-F1 of `counts` (or of sums over texts)."""
    return float(f1(*table.reshape(-1, 3).sum(axis=0)))


def macro(table: Array) -> float:
    """Return macro-F1 of `counts` over the labels that are ever true."""
    each = table.sum(axis=0) if table.ndim == 3 else table
    seen = (each[:, 0] + each[:, 2]) > 0
    return float(f1(*each[seen].T).mean()) if seen.any() else 0.0


def precision(table: Array) -> float:
    """Return how much of what was said is true, over all of `counts`; 0 where nothing was said."""
    hits, wrong, _ = table.reshape(-1, 3).sum(axis=0)
    return float(hits / max(hits + wrong, 1e-12))


def recall(table: Array) -> float:
    """Return how much of what is true was said, over all of `counts`; 0 where nothing is true."""
    hits, _, missed = table.reshape(-1, 3).sum(axis=0)
    return float(hits / max(hits + missed, 1e-12))


def interval(table: Array, figure: Callable[[Array], float], seed: int = 7) -> Interval:
    """Return a figure of `counts` with its interval over resampled texts."""
    texts = len(table)
    if not texts:
        return Interval(0.0, 0.0, 0.0)
    sums = (_draws(texts, seed) @ table.reshape(texts, -1)).reshape(_RESAMPLES, *table.shape[1:])
    low, high = np.percentile([figure(one) for one in sums], [2.5, 97.5])
    return Interval(figure(table), float(low), float(high))


@lru_cache(maxsize=2)
def _draws(texts: int, seed: int) -> Array:
    """Return how often each text stands in each resample."""
    return np.random.default_rng(seed).multinomial(texts, np.full(texts, 1 / texts), size=_RESAMPLES).astype(np.float64)


def one_of(truth: Sequence[str], said: Sequence[str], answers: Sequence[str]) -> Array:
    """Return `counts` of a question with one answer of several, one label per answer."""
    true, guess = (np.array([[one == answer for answer in answers] for one in some], bool) for some in (truth, said))
    return counts(*(some.reshape(len(truth), len(answers)) for some in (true, guess)))


def accuracy(table: Array) -> float:
    """Return the share of right answers, for `one_of`: there is one hit or one miss per text."""
    return recall(table)


def calibration_error(truth: Array, odds: Array, bins: int = 10, above: float = -1.0) -> float:
    """Return the expected calibration error of those probabilities that lie *above* a limit; of all without one."""
    true, stated = truth.ravel()[odds.ravel() > above], odds.ravel()[odds.ravel() > above]
    place = np.minimum((stated * bins).astype(int), bins - 1)
    gaps = [abs(true[place == one].sum() - stated[place == one].sum()) for one in range(bins) if (place == one).any()]
    return float(sum(gaps) / max(true.size, 1))


def abstention(right: Flags, sure: Array, shares: Sequence[float] = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5)) -> list[tuple[float, float]]:
    """Return (share answered, accuracy) where only the surest decisions are answered."""
    order = np.argsort(-sure.ravel(), kind="stable")
    hits = right.ravel()[order]
    return [(share, float(hits[: max(1, round(share * len(hits)))].mean())) for share in shares] if len(hits) else []
