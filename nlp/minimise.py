"""Minimise a smooth convex function by L-BFGS (Liu and Nocedal, 1989) with a backtracking line search; nothing but numpy."""

from collections import deque
from collections.abc import Callable

import numpy as np

from nlp.metrics import Array

_MEMORY = 10
_ENOUGH = 1e-4
"""The share of the promised descent that a step must keep (Armijo)."""
_NOTHING = 1e-8
"""The share of the cost that a step must gain: sums of numbers in fp32 are no more exact."""


def minimise(cost: Callable[[Array], tuple[float, Array]], start: Array, steps: int = 200, tolerance: float = 1e-4) -> Array:
    """Return where *cost* (which gives value and gradient) is least, from *start*; the same way every time.

    It ends where the gradient has shrunk to *tolerance* of what it was, where a step gains next to nothing, or after *steps*.
    """
    at, (value, slope) = start, cost(start)
    pairs: deque[tuple[Array, Array]] = deque(maxlen=_MEMORY)
    small = tolerance * float(np.linalg.norm(slope))
    for _ in range(steps):
        if np.linalg.norm(slope) <= small:
            break
        found = _step(cost, at, value, slope, -_bent(slope, pairs))
        if found is None:
            break
        there, new_value, new_slope = found
        if value - new_value <= _NOTHING * abs(value):
            return there
        moved, turned = there - at, new_slope - slope
        if moved @ turned > 1e-10 * (turned @ turned):
            pairs.append((moved, turned))
        at, value, slope = there, new_value, new_slope
    return at


def _bent(slope: Array, pairs: deque[tuple[Array, Array]]) -> Array:
    """Return the gradient bent by the curvature that the last steps have met (the two-loop recursion)."""
    bent, shares = slope.copy(), []
    for moved, turned in reversed(pairs):
        share = (moved @ bent) / (moved @ turned)
        bent -= share * turned
        shares.append(share)
    if pairs:
        moved, turned = pairs[-1]
        bent *= (moved @ turned) / (turned @ turned)
    else:
        bent /= max(float(np.linalg.norm(slope)), 1e-12)
    for (moved, turned), share in zip(pairs, reversed(shares), strict=True):
        bent += (share - (turned @ bent) / (moved @ turned)) * moved
    return bent


def _step(
    cost: Callable[[Array], tuple[float, Array]], at: Array, value: float, slope: Array, way: Array
) -> tuple[Array, float, Array] | None:
    """Return the first of ever shorter steps that descends enough, None where none does."""
    promised = float(slope @ way)
    length = 1.0
    for _ in range(30):
        there = at + length * way
        new_value, new_slope = cost(there)
        if new_value <= value + _ENOUGH * length * promised:
            return there, new_value, new_slope
        length /= 2
    return None
