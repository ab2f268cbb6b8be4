"""Make stated probabilities true, and choose where yes begins: by the development part, folded into the heads.

Each yes-or-no head gets a slope and an offset (Platt, 1999), each choice a temperature (Guo et al., 2017), drawn towards
"nothing changes" where a label has few examples.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nlp.heads import CHOSEN, FIRST, YES_OR_NO, Numbers, squash
from nlp.metrics import Array, counts, f1

_PRIOR = 4.0
"""How strongly slope and offset are drawn to 1 and 0, in examples."""
_GRID = np.arange(0.15, 0.75, 0.01)
_MORE = np.arange(0.0, 1.3, 0.1)
_SHRINK = 60.0
"""A label's own threshold counts half once it has so many positive examples; the common one counts for the rest."""


@dataclass(frozen=True)
class Calibration:
    """What calibrated heads are: ``logits * slope + offset`` per column, and a threshold per yes-or-no question."""

    slope: Numbers
    offset: Numbers
    thresholds: dict[str, float]


def calibrate(logits: Numbers, truth: Numbers, mask: Numbers) -> Calibration:
    """Return slopes, offsets and thresholds that fit the development part."""
    slope, offset = np.ones(logits.shape[1], np.float32), np.zeros(logits.shape[1], np.float32)
    for chosen in CHOSEN.values():
        known = mask[:, chosen.start] > 0
        slope[chosen] = _temperature(logits[known, chosen], truth[known, chosen])
    for column in range(FIRST, logits.shape[1]):
        known = mask[:, column] > 0
        slope[column], offset[column] = _platt(logits[known, column], truth[known, column])
    odds = squash(logits * slope + offset)
    return Calibration(slope, offset, thresholds(odds, truth, mask))


def _temperature(logits: Numbers, truth: Numbers) -> float:
    def cost(slope: float) -> float:
        scaled = logits * slope
        powers = (
            scaled - np.log(np.exp(scaled - scaled.max(1, keepdims=True)).sum(1, keepdims=True)) - scaled.max(1, keepdims=True)
        )
        return float(-(powers * truth).sum())

    return min((float(one) for one in np.geomspace(0.4, 2.5, 61)), key=cost)


def _platt(logits: Numbers, truth: Numbers) -> tuple[float, float]:
    """Fit slope and offset by Newton's method on the penalised log likelihood."""
    given = np.stack([logits, np.ones_like(logits)], axis=1).astype(np.float64)
    at, start = np.array([1.0, 0.0]), np.array([1.0, 0.0])
    for _ in range(30):
        odds = 1 / (1 + np.exp(-np.clip(given @ at, -30, 30)))
        slope = given.T @ (odds - truth) + _PRIOR * (at - start)
        bend = (given * (odds * (1 - odds))[:, None]).T @ given + _PRIOR * np.eye(2)
        step = np.linalg.solve(bend, slope)
        at = at - np.clip(step, -0.5, 0.5)
        if np.abs(step).max() < 1e-6:
            break
    return float(np.clip(at[0], 0.3, 3.0)), float(np.clip(at[1], -3.0, 3.0))


def thresholds(odds: Numbers, truth: Numbers, mask: Numbers, shrink: float = _SHRINK) -> dict[str, float]:
    """Return for each yes-or-no question where its F1 is best, drawn to what is best for its whole aspect."""
    found: dict[str, float] = {}
    for aspect in ("needs_reply", "urgent", "friction", "praise"):
        columns = [FIRST + place for place, key in enumerate(YES_OR_NO) if key.split(":")[0] == aspect]
        known = mask[:, columns].all(axis=1)
        true, stated = truth[known][:, columns] > 0.5, odds[known][:, columns]
        tables = np.stack([counts(true, stated >= limit).sum(axis=0) for limit in _GRID])  # limits, labels, 3
        common = float(_GRID[_middle_of_best(f1(*tables.sum(axis=1).T))])
        for place, column in enumerate(columns):
            own = float(_GRID[_middle_of_best(f1(*tables[:, place].T))])
            trust = true[:, place].sum() / max(true[:, place].sum() + shrink, 1.0)
            found[YES_OR_NO[column - FIRST]] = round(float(trust * own + (1 - trust) * common), 4)
    return found


def trusted_more(logits: Numbers, truth: Numbers, mask: Numbers, limits: Mapping[str, float]) -> dict[str, float]:
    """Return what to add to the calibrated log-odds of topics in other languages, by aspect: where micro-F1 is best.

    One number for all topics of an aspect, never below 0: a few hundred texts in five languages carry no more.
    """
    found: dict[str, float] = {}
    for aspect in ("friction", "praise"):
        keys = [key for key in YES_OR_NO if key.split(":")[0] == aspect]
        columns = [FIRST + YES_OR_NO.index(key) for key in keys]
        known = mask[:, columns].all(axis=1)
        odds = np.array([limits[key] for key in keys])
        over = logits[known][:, columns] - np.log(odds / (1 - odds))
        tables = np.stack([counts(truth[known][:, columns] > 0.5, over >= -more).sum(axis=(0, 1)) for more in _MORE])
        found[aspect] = round(float(_MORE[_middle_of_best(f1(*tables.T))]), 2) if known.any() else 0.0
    return found


def lowest(odds: Numbers, truth: Numbers, precision: float = 0.8) -> float:
    """Return the lowest limit from which a label's precision stays at *precision* or above: as much recall as that allows."""
    right = [float(truth[odds >= limit].mean()) if (odds >= limit).any() else 1.0 for limit in _GRID]
    failing = [place for place, share in enumerate(right) if share < precision]
    return float(_GRID[min(failing[-1] + 1, len(_GRID) - 1)]) if failing else float(_GRID[0])


def _middle_of_best(figures: Array) -> int:
    """Return the middle of the limits that are as good as the best within half a point: the least lucky of them."""
    good = np.flatnonzero(figures >= figures.max() - 0.005)
    return int(good[len(good) // 2])
